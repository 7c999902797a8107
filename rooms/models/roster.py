"""Records the people who came by a roster, and the invitations of those without a password."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course, Enrollment


class RosterEntry(models.Model):
    """A person whom a roster brought into a course.

    `enrollment` is null once the person has left; whoever then comes back by other means has not
    come by the roster. The row stays, as it says whose account the roster made.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="roster"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_roster",
    )
    enrollment = models.OneToOneField(
        Enrollment,
        verbose_name=_("enrollment"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="roster_entry",
    )
    made_user = models.BooleanField(_("made the account"), default=False)
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("roster entry")
        verbose_name_plural = _("roster entries")
        ordering = ("course", "user_id")
        constraints = (
            models.UniqueConstraint(fields=("course", "user"), name="peerchat_roster_once"),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(course)s") % {"user": self.user, "course": self.course}


class Invitation(models.Model):
    """A link by which a person without a password opens their account, once.

    The table has only the SHA-256 of the secret in the link. A person has at most one link of each
    kind in a course: a new one replaces it.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", _("By e-mail")
        PRINT = "print", _("Printed")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="invitations"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_invitations",
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("expires at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    failure = models.CharField(
        _("failure"), max_length=200, blank=True, help_text=_("Why the e-mail was not sent.")
    )
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("course", "-made_at")
        constraints = (
            models.UniqueConstraint(
                fields=("course", "user", "kind"), name="peerchat_invitation_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=("mail", "print")), name="peerchat_invitation_kind"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(course)s") % {"user": self.user, "course": self.course}
