"""Records what convinced students, and which of it the hall is shown."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.message import Message
from rooms.models.round import Round, Vote


class Conviction(models.Model):
    """Records what convinced a student before the second vote. `round` is the second round.

    It is a `message` of a partner, or the reason of a `vote` of the first round, or neither. Once
    the message has been deleted, the row tells only that it was one, as figures count it.
    """

    class By(models.TextChoices):
        MESSAGE = "message", _("a message")
        REASON = "reason", _("a reason")
        THOUGHT = "thought", _("own thought")
        NOTHING = "nothing", _("nothing")

    round = models.ForeignKey(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="convictions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_convictions",
    )
    by = models.CharField(_("by"), max_length=7, choices=By.choices)
    message = models.ForeignKey(
        Message,
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="convictions",
    )
    vote = models.ForeignKey(
        Vote,
        verbose_name=_("vote"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="convictions",
    )
    said_at = models.DateTimeField(_("said at"))

    class Meta:
        verbose_name = _("conviction")
        verbose_name_plural = _("convictions")
        ordering = ("round", "said_at")
        constraints = (
            models.UniqueConstraint(fields=("round", "user"), name="peerchat_one_conviction_each"),
            models.CheckConstraint(
                condition=Q(by="message", vote=None)
                | Q(by="reason", message=None, vote__isnull=False)
                | Q(by__in=("thought", "nothing"), message=None, vote=None),
                name="peerchat_conviction_by",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {
            "user": self.user,
            "choice": self.get_by_display(),
        }


class ShownArgument(models.Model):
    """An argument that the screen of the hall shows with the result of a question.

    It is a `message` or the reason of a `vote`. `round` is the question's second round, so nothing
    of an earlier class comes back when the question is asked again.
    """

    round = models.OneToOneField(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="shown_argument"
    )
    message = models.ForeignKey(
        Message,
        verbose_name=_("message"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    vote = models.ForeignKey(
        Vote,
        verbose_name=_("vote"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    shown_at = models.DateTimeField(_("shown at"))

    class Meta:
        verbose_name = _("shown argument")
        verbose_name_plural = _("shown arguments")
        ordering = ("-shown_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(message=None, vote__isnull=False) | Q(message__isnull=False, vote=None),
                name="peerchat_shown_message_or_reason",
            ),
        )

    def __str__(self) -> str:
        return str(self.round)
