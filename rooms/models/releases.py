"""Questions that are answered outside class: what is released, and what students make of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.models.message import Message
from rooms.models.question import Question, QuestionVersion
from rooms.models.room import Room
from rooms.models.round import ClassSession, Vote
from rooms.peer.content import ANSWER_LIMIT
from rooms.wire.fields import RATIONALE_LIMIT


class Release(models.Model):
    """A question that students of a course answer by themselves, from `opens_at` until `due_at`.

    Its version stays as it was released. The questions of a class session that is released have a
    row each. `name` recognises a repeated request.
    """

    class Reveals(models.TextChoices):
        AT_ONCE = "at_once", _("after the second answer")
        WHEN_DUE = "when_due", _("when it is due")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="releases"
    )
    # Question and version stay as long as the release, but go with it when the course goes.
    question = models.ForeignKey(
        Question, verbose_name=_("question"), on_delete=models.RESTRICT, related_name="releases"
    )
    version = models.ForeignKey(
        QuestionVersion,
        verbose_name=_("version"),
        on_delete=models.RESTRICT,
        related_name="releases",
    )
    # The class that asked it before; null for a question that is released for itself.
    session = models.ForeignKey(
        ClassSession,
        verbose_name=_("session"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="releases",
    )
    name = models.UUIDField(_("name"), unique=True, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("released by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    released_at = models.DateTimeField(_("released at"))
    opens_at = models.DateTimeField(_("opens at"))
    # Null for a question that stays open.
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    reveals = models.CharField(
        _("shows the result"), max_length=8, choices=Reveals.choices, default=Reveals.AT_ONCE
    )
    # Nobody answers it any more, and it counts no longer.
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ("course", "-opens_at")
        constraints = (
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(due_at__gt=F("opens_at")),
                name="peerchat_release_due_after_open",
            ),
            models.CheckConstraint(
                condition=Q(reveals="at_once") | Q(reveals="when_due", due_at__isnull=False),
                name="peerchat_release_reveals",
            ),
        )
        indexes = (
            # For the reminders of all courses.
            models.Index(
                fields=("due_at",),
                condition=Q(due_at__isnull=False, withdrawn_at=None),
                name="peerchat_releases_due",
            ),
            models.Index(
                fields=("opens_at",),
                condition=Q(withdrawn_at=None),
                name="peerchat_releases_opening",
            ),
        )

    def __str__(self) -> str:
        return str(self.question)


class Seed(models.Model):
    """A reason that those who lead the course wrote, so that the first student sees one."""

    release = models.ForeignKey(
        Release, verbose_name=_("release"), on_delete=models.CASCADE, related_name="seeds"
    )
    choice = models.CharField(_("choice"), max_length=ANSWER_LIMIT)
    text = models.CharField(_("text"), max_length=RATIONALE_LIMIT)

    class Meta:
        verbose_name = _("first reason")
        verbose_name_plural = _("first reasons")
        ordering = ("release", "choice", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(text=""), name="peerchat_seed_has_text"),
        )

    def __str__(self) -> str:
        return f"{self.choice}: {self.text[:60]}"


class Take(models.Model):
    """What a student made of a released question: a first answer, and a second after reasons.

    Between the two answers they see reasons for other choices (`ShownReason`), or talk to a partner
    (`NightPair`). A second answer is the end.
    """

    class Convinced(models.TextChoices):
        REASON = "reason", _("a reason")
        MESSAGE = "message", _("a message")
        THOUGHT = "thought", _("own thought")
        NOTHING = "nothing", _("nothing")

    # It needs no index of its own because of `one_take_each`.
    release = models.ForeignKey(
        Release,
        verbose_name=_("release"),
        on_delete=models.CASCADE,
        related_name="takes",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.PROTECT,
        related_name="peerchat_takes",
    )
    # When the student first saw the question.
    started_at = models.DateTimeField(_("started at"))
    first_choice = models.CharField(_("first answer"), max_length=ANSWER_LIMIT, blank=True)
    first_confidence = models.PositiveSmallIntegerField(
        _("first confidence"), null=True, blank=True
    )
    first_reason = models.CharField(_("first reason"), max_length=RATIONALE_LIMIT, blank=True)
    first_at = models.DateTimeField(_("first at"), null=True, blank=True)
    second_choice = models.CharField(_("second answer"), max_length=ANSWER_LIMIT, blank=True)
    second_confidence = models.PositiveSmallIntegerField(
        _("second confidence"), null=True, blank=True
    )
    second_reason = models.CharField(_("second reason"), max_length=RATIONALE_LIMIT, blank=True)
    second_at = models.DateTimeField(_("second at"), null=True, blank=True)
    # What convinced most: which of the reasons, `ShownReason.is_picked` tells.
    convinced = models.CharField(
        _("convinced by"), max_length=7, choices=Convinced.choices, blank=True
    )
    message = models.ForeignKey(
        Message,
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Since when the student waits for a partner, and when their page last said that they are there.
    waiting_since = models.DateTimeField(_("waiting since"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    # The number of their messages to the partner, once these have been deleted; see
    # `Partner.messages`.
    messages = models.PositiveIntegerField(_("messages"), null=True, blank=True)

    class Meta:
        verbose_name = _("answer to a release")
        verbose_name_plural = _("answers to releases")
        ordering = ("release", "started_at")
        constraints = (
            models.UniqueConstraint(fields=("release", "user"), name="peerchat_one_take_each"),
            models.CheckConstraint(
                condition=Q(first_at=None, first_choice="", first_confidence=None, first_reason="")
                | (Q(first_at__isnull=False) & ~Q(first_choice="")),
                name="peerchat_take_first",
            ),
            models.CheckConstraint(
                condition=Q(
                    second_at=None,
                    second_choice="",
                    second_confidence=None,
                    second_reason="",
                    convinced="",
                )
                # A comparison with a null refuses no row, so both times are asked for as well.
                | (
                    Q(
                        second_at__gte=F("first_at"),
                        first_at__isnull=False,
                        second_at__isnull=False,
                    )
                    & ~Q(second_choice="")
                ),
                name="peerchat_take_second_after_first",
            ),
            models.CheckConstraint(
                condition=Q(first_confidence=None)
                | Q(first_confidence__gte=1, first_confidence__lte=5),
                name="peerchat_take_first_confidence",
            ),
            models.CheckConstraint(
                condition=Q(second_confidence=None)
                | Q(second_confidence__gte=1, second_confidence__lte=5),
                name="peerchat_take_second_confidence",
            ),
            models.CheckConstraint(
                condition=Q(convinced__in=("", "reason", "message", "thought", "nothing"))
                & (Q(message=None) | Q(convinced="message")),
                name="peerchat_take_convinced",
            ),
            # Whoever waits has answered once and can say so again by `seen_at`.
            models.CheckConstraint(
                condition=Q(waiting_since=None)
                | Q(first_at__isnull=False, second_at=None, seen_at__isnull=False),
                name="peerchat_take_waits_between",
            ),
        )
        indexes = (
            models.Index(
                fields=("release", "waiting_since"),
                condition=Q(waiting_since__isnull=False),
                name="peerchat_takes_waiting",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {"user": self.user, "choice": self.first_choice}


class ShownReason(models.Model):
    """A reason for another choice that a student was shown.

    It is that of a vote in class, of somebody else's answer to a release, or a seed. Those who read
    it check again whether its author still consents.
    """

    # It needs no index of its own because of `shown_vote_once`.
    take = models.ForeignKey(
        Take,
        verbose_name=_("answer to a release"),
        on_delete=models.CASCADE,
        related_name="shown",
        db_index=False,
    )
    vote = models.ForeignKey(
        Vote, verbose_name=_("vote"), on_delete=models.CASCADE, null=True, related_name="+"
    )
    other = models.ForeignKey(
        Take,
        verbose_name=_("answer of somebody else"),
        on_delete=models.CASCADE,
        null=True,
        related_name="shown_to",
    )
    seed = models.ForeignKey(
        Seed, verbose_name=_("first reason"), on_delete=models.CASCADE, null=True, related_name="+"
    )
    # Whether it convinced the student most.
    is_picked = models.BooleanField(_("picked"), default=False)

    class Meta:
        verbose_name = _("shown reason")
        verbose_name_plural = _("shown reasons")
        ordering = ("take", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(vote__isnull=False, other=None, seed=None)
                | Q(vote=None, other__isnull=False, seed=None)
                | Q(vote=None, other=None, seed__isnull=False),
                name="peerchat_shown_reason_of_one",
            ),
            models.CheckConstraint(
                condition=Q(other=None) | ~Q(other=F("take")), name="peerchat_shown_reason_not_own"
            ),
            models.UniqueConstraint(
                fields=("take",), condition=Q(is_picked=True), name="peerchat_one_picked_reason"
            ),
            models.UniqueConstraint(fields=("take", "vote"), name="peerchat_shown_vote_once"),
            models.UniqueConstraint(fields=("take", "other"), name="peerchat_shown_take_once"),
            models.UniqueConstraint(fields=("take", "seed"), name="peerchat_shown_seed_once"),
        )

    def __str__(self) -> str:
        return str(self.take)


class NightPair(models.Model):
    """Two students who talk about a released question outside class, in a room of their own.

    The room is of the kind `partners`, and has no partner group.
    """

    one = models.OneToOneField(
        Take, verbose_name=_("one"), on_delete=models.CASCADE, related_name="paired_as_one"
    )
    other = models.OneToOneField(
        Take, verbose_name=_("other"), on_delete=models.CASCADE, related_name="paired_as_other"
    )
    room = models.OneToOneField(
        Room, verbose_name=_("room"), on_delete=models.CASCADE, related_name="night_pair"
    )
    formed_at = models.DateTimeField(_("formed at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("pair outside class")
        verbose_name_plural = _("pairs outside class")
        ordering = ("-formed_at",)
        constraints = (
            models.CheckConstraint(condition=~Q(one=F("other")), name="peerchat_night_pair_of_two"),
        )

    def __str__(self) -> str:
        return str(self.room)


class Reminder(models.Model):
    """An e-mail about a release to a student who wants reminders. It is claimed by its row."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("released")
        DUE = "due", _("due soon")

    release = models.ForeignKey(
        Release,
        verbose_name=_("release"),
        on_delete=models.CASCADE,
        related_name="reminders",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_reminders",
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    claimed_at = models.DateTimeField(_("claimed at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("release", "-claimed_at")
        constraints = (
            models.UniqueConstraint(
                fields=("release", "user", "kind"), name="peerchat_reminder_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("opened", "due")), name="peerchat_reminder_kind"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {"user": self.user, "choice": self.release}
