"""What students report, and whom they block."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course
from rooms.models.message import Message

REPORT_LIMIT = 1000
"""The length of what a report says, in characters."""


class Report(models.Model):
    """What somebody reports about another person to those who lead the course.

    Nobody has two open reports about the same person, or about the same pseudonym. Whether a name
    and a pseudonym are of the same person is not told: they have a report each.
    """

    class Reason(models.TextChoices):
        ABUSE = "abuse", _("insult or threat")
        HARASSMENT = "harassment", _("harassment")
        SPAM = "spam", _("spam")
        OTHER = "other", _("something else")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="reports"
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reporter"),
        on_delete=models.CASCADE,
        related_name="peerchat_reports",
    )
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("about"),
        on_delete=models.CASCADE,
        related_name="peerchat_reported",
    )
    # The message that was the reason, if it was one.
    message = models.ForeignKey(
        Message,
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
    )
    # The pseudonym by which the reporter knows the other, or "" for their name.
    pseudonym = models.CharField(_("pseudonym"), max_length=60, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    text = models.CharField(_("text"), max_length=REPORT_LIMIT, blank=True)
    made_at = models.DateTimeField(_("made at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("settled by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ("-made_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("course", "reporter", "about", "pseudonym"),
                condition=Q(settled_at=None),
                name="peerchat_one_open_report",
            ),
            models.CheckConstraint(
                condition=~Q(reporter=F("about")), name="peerchat_report_about_another"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=("abuse", "harassment", "spam", "other")),
                name="peerchat_report_reason",
            ),
            models.CheckConstraint(
                condition=Q(settled_by=None) | Q(settled_at__isnull=False),
                name="peerchat_report_settled",
            ),
        )
        indexes = (
            models.Index(
                fields=("course", "made_at"),
                condition=Q(settled_at=None),
                name="peerchat_open_reports",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {
            "user": self.about,
            "choice": self.get_reason_display(),
        }


class Block(models.Model):
    """Somebody with whom a person of a course has no more to do there. The other is not told.

    As with reports, a name and a pseudonym of the same person have a block each.
    """

    course = models.ForeignKey(
        Course,
        verbose_name=_("course"),
        on_delete=models.CASCADE,
        related_name="blocks",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_blocks",
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("blocked"),
        on_delete=models.CASCADE,
        related_name="peerchat_blocked",
    )
    # The pseudonym by which the user knows the other, or "" for their name.
    pseudonym = models.CharField(_("pseudonym"), max_length=60, blank=True, editable=False)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ("-made_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("course", "user", "blocked", "pseudonym"), name="peerchat_block_once"
            ),
            models.CheckConstraint(
                condition=~Q(user=F("blocked")), name="peerchat_block_of_another"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s: %(choice)s") % {"user": self.user, "choice": self.blocked}
