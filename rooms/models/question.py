"""Concept questions."""

from typing import Any, Self

from django.db import models, transaction
from django.db.models import JSONField, Value
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.peer import content
from rooms.peer.answers import AnswerKey
from rooms.peer.content import ChoiceContent, QuestionContent


class Question(models.Model):
    """A question as it will be asked next.

    A class that asks it keeps a `QuestionVersion`, so that later edits change nothing of what was
    asked. A `quick` question was made in the class: its prompt and the texts of its choices may be
    empty, and it may have no correct choice. A draft (`is_draft`) may have flaws, and no class is
    asked it. `edit` grows with each change on the page of the questions, so that two people do not
    overwrite each other's changes.

    The database defaults serve workers that still run code without the field.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", _("one choice")
        SEVERAL = "several", _("several choices")
        NUMBER = "number", pgettext_lazy("kind of question", "number")
        TEXT = "text", _("short text")
        POLL = "poll", _("poll without a right answer")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="questions"
    )
    slug = models.SlugField(_("slug"), max_length=60)
    title = models.CharField(
        _("title"),
        max_length=content.TITLE_LIMIT,
        blank=True,
        db_default="",
        help_text=_("Only those who lead the course see it."),
    )
    prompt = models.TextField(_("prompt"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.SINGLE)
    # The right answers of the kinds without choices.
    number = models.FloatField(_("number"), null=True, blank=True)
    tolerance = models.FloatField(_("tolerance"), default=0.0, db_default=0.0)
    unit = models.CharField(
        _("unit"), max_length=content.UNIT_LIMIT, blank=True, default="", db_default=""
    )
    accepted = JSONField(
        _("accepted answers"), default=list, blank=True, db_default=Value([], JSONField())
    )
    explanation = models.TextField(_("explanation"), blank=True, default="", db_default="")
    follow_up = models.TextField(_("follow-up"), blank=True, default="", db_default="")
    tags = JSONField(_("tags"), default=list, blank=True, db_default=Value([], JSONField()))
    is_draft = models.BooleanField(_("is a draft"), default=False, db_default=False)
    edit = models.PositiveIntegerField(_("edit"), default=0, db_default=0, editable=False)
    position = models.PositiveIntegerField(_("position"), default=0)
    quick = models.BooleanField(
        _("quick"),
        default=False,
        db_default=False,
        help_text=_("Asked without preparation. It may have no words and no right answer."),
    )
    # The question whose idea this one tests again, after its result.
    twin_of = models.ForeignKey(
        "self",
        verbose_name=_("twin of"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="twins",
    )
    # What copies of a question have in common, whatever becomes of the others. Null without copies.
    lineage = models.UUIDField(_("lineage"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # The slugs that it had before, the newest first.
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
        indexes = (
            models.Index(
                fields=("lineage",),
                condition=models.Q(lineage__isnull=False),
                name="peerchat_question_lineage",
            ),
        )

    def __str__(self) -> str:
        return f"{self.course_id}/{self.slug}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Rows that receivers of the signals store belong to it.
        with transaction.atomic():
            super().save(*args, **kwargs)

    @property
    def content(self) -> QuestionContent:
        """Return the content, as stored. Prefetch the choices of many questions."""
        return QuestionContent(
            kind=content.Kind(self.kind),
            title=self.title,
            prompt=self.prompt,
            choices=tuple(
                ChoiceContent(one.text, one.is_correct, one.feedback) for one in self.choices.all()
            ),
            number=self.number,
            tolerance=self.tolerance,
            unit=self.unit,
            accepted=tuple(self.accepted),
            explanation=self.explanation,
            follow_up=self.follow_up,
            tags=tuple(self.tags),
        )

    def set_content(self, new: QuestionContent) -> None:
        """Take over everything of a content but its choices, without saving."""
        self.kind, self.title, self.prompt = new.kind.value, new.title, new.prompt
        self.number, self.tolerance, self.unit = new.number, new.tolerance, new.unit
        self.accepted, self.tags = list(new.accepted), list(new.tags)
        self.explanation, self.follow_up = new.explanation, new.follow_up

    def is_called(self, slug: str) -> bool:
        """Return whether this is the slug of the question, or was before."""
        return slug == self.slug or slug in self.former_slugs


class Choice(models.Model):
    """One answer to a question, identified by its letter. The result shows its feedback."""

    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="choices"
    )
    letter = models.CharField(_("letter"), max_length=1)
    text = models.CharField(_("text"), max_length=content.CHOICE_LIMIT)
    is_correct = models.BooleanField(_("is correct"), default=False)
    # The database default serves workers that still run code without this field.
    feedback = models.CharField(
        _("feedback"), max_length=content.CHOICE_LIMIT, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        ordering = ("question", "letter")
        constraints = (
            models.UniqueConstraint(
                fields=("question", "letter"), name="peerchat_choice_letter_once"
            ),
            models.CheckConstraint(
                condition=models.Q(letter__regex=r"^[A-Z]$"), name="peerchat_choice_letter_a_to_z"
            ),
        )

    def __str__(self) -> str:
        return f"{self.letter}. {self.text}"


class QuestionVersion(models.Model):
    """The wording and the choices with which a question was asked. Nothing ever changes them.

    The one exception is the right answer of a question that was asked without: it may be given
    later, by a `RightAnswer`, and belongs to the rounds that ask it.

    `choices` is a list of `{"letter", "text", "is_correct"}` in the order of the letters, with a
    `"feedback"` where there is one. `answer` is `{"number", "tolerance", "unit"}` for the kind
    `number`, `{"accepted"}` for the kind `text`, and empty for those with choices. The versions of
    a question are numbered from 1 in the order in which they were first asked.
    """

    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveIntegerField(_("number"))
    prompt = models.TextField(_("prompt"))
    kind = models.CharField(_("kind"), max_length=8, choices=Question.Kind.choices)
    choices = models.JSONField(_("choices"))
    # The database defaults serve workers that still run code without these fields.
    answer = models.JSONField(
        _("answer"), default=dict, blank=True, db_default=Value({}, JSONField())
    )
    explanation = models.TextField(_("explanation"), blank=True, default="", db_default="")
    follow_up = models.TextField(_("follow-up"), blank=True, default="", db_default="")
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
        return cls.made(question, [_stored(choice) for choice in question.choices.all()])

    @classmethod
    def made(cls, question: Question, choices: list[dict[str, Any]]) -> Self:
        """Return a version of a question with these choices, as a version stores them."""
        answer: dict[str, Any] = {}
        if question.kind == Question.Kind.NUMBER:
            answer = {
                "number": question.number,
                "tolerance": question.tolerance,
                "unit": question.unit,
            }
        elif question.kind == Question.Kind.TEXT:
            answer = {"accepted": question.accepted}
        return cls(
            question=question,
            prompt=question.prompt,
            kind=question.kind,
            choices=choices,
            answer=answer,
            explanation=question.explanation,
            follow_up=question.follow_up,
        )

    @property
    def content(self) -> tuple[Any, ...]:
        """Return all that makes this version differ from others of the question."""
        return (
            *(self.prompt, self.kind, self.choices, self.answer),
            *(self.explanation, self.follow_up),
        )

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
        """Return the right answer, or the first one; None if there is none, or none is known."""
        return self.key.correct

    @property
    def key(self) -> AnswerKey:
        """Return what the answers are read and judged by."""
        return AnswerKey(
            kind=content.Kind(self.kind),
            letters=tuple(self.letters),
            right=tuple(one["letter"] for one in self.choices if one["is_correct"]),
            number=self.answer.get("number"),
            tolerance=self.answer.get("tolerance", 0.0),
            unit=self.answer.get("unit", ""),
            accepted=tuple(self.answer.get("accepted", ())),
        )


def _stored(choice: Choice) -> dict[str, Any]:
    """Return a choice as a version stores it."""
    stored: dict[str, Any] = {
        "letter": choice.letter,
        "text": choice.text,
        "is_correct": choice.is_correct,
    }
    return {**stored, "feedback": choice.feedback} if choice.feedback else stored
