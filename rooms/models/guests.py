"""Guests: people without an account, who joined a course by its code."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import Course


class Guest(models.Model):
    """The ways in which a user without a password comes back: a device and a personal link.

    A user who has a row here is a guest. Nobody can get in with the digests.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_guest",
    )
    # The SHA-256 of the secrets. Null where there is none, or no longer.
    device = models.CharField(_("device"), max_length=64, null=True, unique=True, editable=False)
    link = models.CharField(_("link"), max_length=64, null=True, unique=True, editable=False)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("guest")
        verbose_name_plural = _("guests")
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return str(self.user)


class Exclusion(models.Model):
    """Somebody who was removed from a course, and cannot join again by the code of that time.

    A new code lets them in again.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="exclusions"
    )
    code = models.CharField(_("code"), max_length=6)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_exclusions",
    )
    # The SHA-256 of the secret of a guest's device, or null.
    device = models.CharField(_("device"), max_length=64, null=True, editable=False)
    removed_at = models.DateTimeField(_("removed at"))

    class Meta:
        verbose_name = _("exclusion")
        verbose_name_plural = _("exclusions")
        ordering = ("course", "-removed_at")
        constraints = (
            models.UniqueConstraint(fields=("course", "user"), name="peerchat_exclusion_once"),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.course}


class KnownAddress(models.Model):
    """An address at which somebody has used the right code of a course, or opened joining.

    The code stays right there after too many wrong ones, so nobody can keep a class out by guesses.
    """

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="+"
    )
    address = models.CharField(_("address"), max_length=45)

    class Meta:
        verbose_name = _("known address")
        verbose_name_plural = _("known addresses")
        constraints = (
            models.UniqueConstraint(
                fields=("course", "address"), name="peerchat_known_address_once"
            ),
        )

    def __str__(self) -> str:
        return self.address
