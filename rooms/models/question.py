"""Concept questions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class Question(models.Model):
    """A question with a single correct choice, posed to a class."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("one choice")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="questions"
    )
    slug = models.SlugField(_("slug"), max_length=60)
    prompt = models.TextField(_("prompt"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.SINGLE)
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ("course", "position", "slug")
        constraints = (
            models.UniqueConstraint(fields=("course", "slug"), name="peerchat_question_slug_once"),
        )

    def __str__(self) -> str:
        return f"{self.course_id}/{self.slug}"


class Choice(models.Model):
    """One answer to a question, identified by its letter."""

    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="choices"
    )
    letter = models.CharField(_("letter"), max_length=1)
    text = models.CharField(_("text"), max_length=500)
    is_correct = models.BooleanField(_("is correct"), default=False)

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
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
