"""Class sessions, rounds and votes."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.models.question import Question, QuestionVersion
from rooms.peer.content import ANSWER_LIMIT
from rooms.peer.phases import Phase

PHASES = [
    (Phase.IDLE.value, _("Waiting")),
    (Phase.VOTE.value, _("Vote")),
    (Phase.VOTE_CLOSED.value, _("Vote closed")),
    (Phase.DISCUSS.value, _("Discuss")),
    (Phase.REVOTE.value, _("Vote again")),
    (Phase.REVOTE_CLOSED.value, _("Second vote closed")),
    (Phase.REVEALED.value, _("Result")),
]


class ClassSession(models.Model):
    """One class of a course, with its current phase.

    `epoch` grows by one with each transition. `revision` grows by one with each change of the
    state of the class: each transition and each change of partners. Both continue from one session
    of a course to the next.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="class_sessions"
    )
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    phase = models.CharField(_("phase"), max_length=13, choices=PHASES, default=Phase.IDLE.value)
    epoch = models.PositiveBigIntegerField(_("epoch"), default=0)
    # The database default serves workers that still run code without this field.
    revision = models.PositiveBigIntegerField(_("revision"), default=0, db_default=0)
    # The `message` of the last control event, and the user who caused it.
    control_message = models.CharField(_("control message"), max_length=20, default="enableNext")
    controller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("controller"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    changed_at = models.DateTimeField(_("changed at"))
    deadline = models.DateTimeField(_("deadline"), null=True, blank=True)
    # While `stop_vote` closes the round: the uuid of the message that reports the close. The
    # database default serves workers that still run code without this field.
    closing = models.CharField(_("closing"), max_length=32, default="", blank=True, db_default="")
    # The epoch in which the screen of the hall shows the bars before the reveal. Workers that still
    # run code without this field do not carry it to the next epoch, which hides the bars.
    bars_epoch = models.PositiveBigIntegerField(_("epoch of the bars"), null=True, blank=True)
    # Whether students have pseudonyms in this class, and whether those who lead may look up whose
    # they are. The database defaults serve workers that still run code without these fields.
    has_pseudonyms = models.BooleanField(
        _("pseudonyms"), default=False, db_default=False, editable=False
    )
    lecturers_know = models.BooleanField(
        _("lecturers know the names"), default=True, db_default=True, editable=False
    )
    current_round = models.ForeignKey(
        "Round",
        verbose_name=_("current round"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("class session")
        verbose_name_plural = _("class sessions")
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
        named = {
            "course": self.course,
            "time": f"{self.started_at:%Y-%m-%d %H:%M}",
            "phase": self.get_phase_display(),
        }
        return gettext("%(course)s on %(time)s (%(phase)s)") % named

    @property
    def shows_bars(self) -> bool:
        """Return whether the screen of the hall may show the votes for each choice."""
        return self.phase == Phase.REVEALED or self.bars_epoch == self.epoch


class Round(models.Model):
    """One vote on a question. The second round of a question points at its first.

    Both rounds have the same version of the question.
    """

    session = models.ForeignKey(
        ClassSession, verbose_name=_("session"), on_delete=models.CASCADE, related_name="rounds"
    )
    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.PROTECT, related_name="rounds"
    )
    # It is null in rounds of workers that still run code without this field. The admin fills it in
    # before it changes the question.
    version = models.ForeignKey(
        QuestionVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rounds",
    )
    number = models.PositiveSmallIntegerField(
        _("number"), validators=(MinValueValidator(1), MaxValueValidator(2))
    )
    first = models.OneToOneField(
        "self",
        verbose_name=_("first"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="second",
    )
    # The last round of the question that this one is the twin of, in the same class session.
    twin_of = models.ForeignKey(
        "self",
        verbose_name=_("twin of"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="twins",
    )
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        ordering = ("opened_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(number=1, first=None) | Q(number=2, first__isnull=False),
                name="peerchat_second_round_has_first",
            ),
        )

    def __str__(self) -> str:
        named = {"question": self.question, "number": self.number}
        return gettext("%(question)s, round %(number)s") % named

    @property
    def asked(self) -> QuestionVersion:
        """Return the question as it was asked. Select `question` and `version` with the round."""
        if self.version is None:
            return QuestionVersion.of(self.question)
        self.version.question = self.question
        return self.version


class Vote(models.Model):
    """The answer of a user in a round. The last vote before the close counts.

    `choice` is the answer in the form that `peer.answers` gives it: a letter, several letters in
    their order, a number or a short text.
    """

    round = models.ForeignKey(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="votes"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.PROTECT,
        related_name="peerchat_votes",
    )
    choice = models.CharField(_("choice"), max_length=ANSWER_LIMIT)
    confidence = models.PositiveSmallIntegerField(_("confidence"), null=True, blank=True)
    rationale = models.TextField(_("rationale"), blank=True)
    cast_at = models.DateTimeField(_("cast at"))

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
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
        Round,
        verbose_name=_("round"),
        on_delete=models.CASCADE,
        related_name="drafts",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_drafts",
    )
    choice = models.CharField(_("choice"), max_length=ANSWER_LIMIT)
    confidence = models.PositiveSmallIntegerField(_("confidence"), null=True, blank=True)
    rationale = models.TextField(_("rationale"), blank=True)
    sent_at = models.DateTimeField(_("sent at"))

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ("round", "sent_at")
        constraints = (
            models.UniqueConstraint(fields=("round", "user"), name="peerchat_one_draft_per_round"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=1, confidence__lte=5),
                name="peerchat_draft_confidence_1_to_5",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s (draft)") % {"user": self.user, "choice": self.choice}
