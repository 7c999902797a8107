"""Concept questions."""

from typing import Any

from django.db import models, transaction
from django.db.models import JSONField, Value

from rooms.models.course import Course


class Question(models.Model):
    """A question with a single correct choice, posed to a class."""

    class Kind(models.TextChoices):
        SINGLE = "single", "one choice"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="questions")
    slug = models.SlugField(max_length=60)
    prompt = models.TextField()
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SINGLE)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    # The slugs that it had before, the newest first. The database default serves workers that
    # still run code without this field.
    former_slugs = JSONField(
        default=list, blank=True, editable=False, db_default=Value([], JSONField())
    )

    class Meta:
        ordering = ("course", "position", "slug")
        constraints = (
            models.UniqueConstraint(fields=("course", "slug"), name="peerchat_question_slug_once"),
        )

    def __str__(self) -> str:
        return f"{self.course_id}/{self.slug}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # What the receivers of the signals store belongs to it.
        with transaction.atomic():
            super().save(*args, **kwargs)

    def is_called(self, slug: str) -> bool:
        """Return whether this is the slug of the question, or was before."""
        return slug == self.slug or slug in self.former_slugs


class Choice(models.Model):
    """One answer to a question, identified by its letter."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="choices")
    letter = models.CharField(max_length=1)
    text = models.CharField(max_length=500)
    is_correct = models.BooleanField(default=False)

    class Meta:
        ordering = ("question", "letter")
        constraints = (
            models.UniqueConstraint(
                fields=("question", "letter"), name="peerchat_choice_letter_once"
            ),
            models.UniqueConstraint(
                fields=("question",),
                condition=models.Q(is_correct=True),
                name="peerchat_one_correct_choice",
            ),
            models.CheckConstraint(
                condition=models.Q(letter__regex=r"^[A-Z]$"), name="peerchat_choice_letter_a_to_z"
            ),
        )

    def __str__(self) -> str:
        return f"{self.letter}. {self.text}"
