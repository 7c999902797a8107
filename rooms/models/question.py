"""Concept questions."""

from typing import Any, Self

from django.db import models, transaction
from django.db.models import JSONField, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class Question(models.Model):
    """A question with a single correct choice, as it will be asked next.

    A class that asks it keeps a `QuestionVersion`, so that later edits change nothing of what was
    asked. A `quick` question was made in the class: its prompt and the texts of its choices may be
    empty, and it may have no correct choice.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", _("one choice")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="questions"
    )
    slug = models.SlugField(_("slug"), max_length=60)
    prompt = models.TextField(_("prompt"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.SINGLE)
    position = models.PositiveIntegerField(_("position"), default=0)
    # The database default serves workers that still run code without this field.
    quick = models.BooleanField(
        _("quick"),
        default=False,
        db_default=False,
        help_text=_("Asked without preparation. It may have no words and no right answer."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # The slugs that it had before, the newest first. The database default serves workers that
    # still run code without this field.
    former_slugs = JSONField(
        _("former slugs"),
        default=list,
        blank=True,
        editable=False,
        db_default=Value([], JSONField()),
    )

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ("course", "quick", "position", "slug")
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


class QuestionVersion(models.Model):
    """The wording and the choices with which a question was asked. Nothing ever changes them.

    The one exception is the correct choice of a question that was asked without: it may be given
    later, by a `RightAnswer`, and belongs to the rounds that ask it.

    `choices` is a list of `{"letter", "text", "is_correct"}` in the order of the letters. The
    versions of a question are numbered from 1 in the order in which they were first asked.
    """

    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveIntegerField(_("number"))
    prompt = models.TextField(_("prompt"))
    kind = models.CharField(_("kind"), max_length=8, choices=Question.Kind.choices)
    choices = models.JSONField(_("choices"))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("question version")
        verbose_name_plural = _("question versions")
        ordering = ("question", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("question", "number"), name="peerchat_question_version_once"
            ),
        )

    def __str__(self) -> str:
        named = {"question": self.question, "number": self.number}
        return gettext("%(question)s, version %(number)s") % named

    @classmethod
    def of(cls, question: Question) -> Self:
        """Return a version of a question as it is now, which is not stored."""
        return cls(
            question=question,
            prompt=question.prompt,
            kind=question.kind,
            choices=[
                {"letter": choice.letter, "text": choice.text, "is_correct": choice.is_correct}
                for choice in question.choices.all()
            ],
        )

    @property
    def content(self) -> tuple[str, str, list[dict[str, Any]]]:
        """Return all that makes this version differ from others of the question."""
        return self.prompt, self.kind, self.choices

    @property
    def is_bare(self) -> bool:
        """Return whether the choices are letters without words."""
        return not any(choice["text"] for choice in self.choices)

    @property
    def letters(self) -> list[str]:
        """Return the letters of the choices, in order."""
        return [choice["letter"] for choice in self.choices]

    @property
    def correct(self) -> str | None:
        """Return the letter of the correct choice, or None for a question without one."""
        return next((choice["letter"] for choice in self.choices if choice["is_correct"]), None)
