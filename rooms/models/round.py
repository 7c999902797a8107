"""Class sessions, rounds and votes."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from rooms.models.course import Course
from rooms.models.question import Question, QuestionVersion
from rooms.peer.phases import Phase

PHASES = [(phase.value, phase.value) for phase in Phase]


class ClassSession(models.Model):
    """One class of a course, with its current phase.

    `epoch` grows by one with each transition. `revision` grows by one with each change of the
    state of the class: each transition and each change of partners. Both continue from one session
    of a course to the next.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="class_sessions")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    phase = models.CharField(max_length=13, choices=PHASES, default=Phase.IDLE.value)
    epoch = models.PositiveBigIntegerField(default=0)
    # The database default serves workers that still run code without this field.
    revision = models.PositiveBigIntegerField(default=0, db_default=0)
    # The `message` of the last control event, and the user who caused it.
    control_message = models.CharField(max_length=20, default="enableNext")
    controller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True, blank=True)
    # While `stop_vote` closes the round: the uuid of the message that reports the close. The
    # database default serves workers that still run code without this field.
    closing = models.CharField(max_length=32, default="", blank=True, db_default="")
    current_round = models.ForeignKey(
        "Round", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("course",),
                condition=Q(ended_at=None),
                name="peerchat_one_open_class_session",
            ),
            models.CheckConstraint(
                condition=Q(phase__in=[phase.value for phase in Phase]),
                name="peerchat_class_session_phase",
            ),
            models.CheckConstraint(
                condition=Q(deadline=None) | Q(phase__in=("vote", "revote")),
                name="peerchat_deadline_only_while_open",
            ),
            models.CheckConstraint(
                condition=Q(phase="idle", current_round=None)
                | (~Q(phase="idle") & Q(current_round__isnull=False)),
                name="peerchat_round_unless_idle",
            ),
        )
        indexes = (
            models.Index(
                fields=("deadline",),
                condition=Q(deadline__isnull=False),
                name="peerchat_deadlines_due",
            ),
        )

    def __str__(self) -> str:
        return f"{self.course} on {self.started_at:%Y-%m-%d %H:%M} ({self.phase})"


class Round(models.Model):
    """One vote on a question. The second round of a question points at its first.

    Both rounds have the same version of the question.
    """

    session = models.ForeignKey(ClassSession, on_delete=models.CASCADE, related_name="rounds")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="rounds")
    # It is null in rounds of workers that still run code without this field. The admin fills it in
    # before it changes the question.
    version = models.ForeignKey(
        QuestionVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="rounds"
    )
    number = models.PositiveSmallIntegerField(
        validators=(MinValueValidator(1), MaxValueValidator(2))
    )
    first = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="second"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("opened_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(number=1, first=None) | Q(number=2, first__isnull=False),
                name="peerchat_second_round_has_first",
            ),
        )

    def __str__(self) -> str:
        return f"{self.question}, round {self.number}"

    @property
    def asked(self) -> QuestionVersion:
        """Return the question as it was asked. Select `question` and `version` with the round."""
        if self.version is None:
            return QuestionVersion.of(self.question)
        self.version.question = self.question
        return self.version


class Vote(models.Model):
    """The choice of a user in a round. The last vote before the close counts."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="peerchat_votes"
    )
    choice = models.CharField(max_length=1)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    rationale = models.TextField(blank=True)
    cast_at = models.DateTimeField()

    class Meta:
        ordering = ("round", "cast_at")
        constraints = (
            models.UniqueConstraint(fields=("round", "user"), name="peerchat_one_vote_per_round"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=1, confidence__lte=5),
                name="peerchat_vote_confidence_1_to_5",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.choice}"


class Draft(models.Model):
    """A choice of a user that is not cast yet. It becomes their vote when the round closes.

    A vote that is cast later removes it.
    """

    # It needs no index of its own because of `peerchat_one_draft_per_round`.
    round = models.ForeignKey(
        Round, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="peerchat_drafts"
    )
    choice = models.CharField(max_length=1)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    rationale = models.TextField(blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ("round", "sent_at")
        constraints = (
            models.UniqueConstraint(fields=("round", "user"), name="peerchat_one_draft_per_round"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=1, confidence__lte=5),
                name="peerchat_draft_confidence_1_to_5",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.choice} (draft)"
