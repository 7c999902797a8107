"""The use log: a row for each thing done, written in the transaction that does it."""

from django.db import models


class UseLog(models.Model):
    """Names, not references: the log outlives what it tells of, and is exported as it is."""

    timestamp = models.DateTimeField()
    sid = models.CharField(max_length=150)
    event = models.CharField(max_length=20)
    act = models.TextField()
    div_id = models.CharField(max_length=60, blank=True)
    course_id = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("timestamp", "id")
        verbose_name = "use log row"
        indexes = (models.Index(fields=("course_id", "timestamp"), name="uselog_by_course"),)

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M:%S} {self.sid} {self.event}"
