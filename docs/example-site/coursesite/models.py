"""What the site itself keeps."""

from django.db import models


class DiaryEntry(models.Model):
    """A line in the diary of a course, which the site shows beside its lessons."""

    course = models.SlugField(max_length=60)
    text = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        verbose_name_plural = "diary entries"

    def __str__(self) -> str:
        return self.text
