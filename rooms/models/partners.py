"""Partner groups."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.room import Room
from rooms.models.round import Round


class PartnerGroup(models.Model):
    """Students who discuss a question in a room of their own.

    `round` is the question's first round, whose votes the groups are formed from. `number` counts
    the groups of a round from 1.
    """

    round = models.ForeignKey(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="partner_groups"
    )
    number = models.PositiveIntegerField(_("number"))
    room = models.OneToOneField(
        Room, verbose_name=_("room"), on_delete=models.CASCADE, related_name="partner_group"
    )
    formed_at = models.DateTimeField(_("formed at"))

    class Meta:
        verbose_name = _("partner group")
        verbose_name_plural = _("partner groups")
        ordering = ("round", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("round", "number"), name="peerchat_partner_group_number_once"
            ),
        )

    def __str__(self) -> str:
        named = {"round": self.round, "number": self.number}
        return gettext("%(round)s, group %(number)s") % named


class Partner(models.Model):
    """A student's place in a partner group. A student has one place for each question posed."""

    group = models.ForeignKey(
        PartnerGroup, verbose_name=_("group"), on_delete=models.CASCADE, related_name="partners"
    )
    round = models.ForeignKey(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="partners"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="peerchat_partnerships",
    )

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ("group", "user")
        constraints = (
            models.UniqueConstraint(
                fields=("round", "user"), name="peerchat_one_partner_group_each"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(user)s in %(place)s") % {"user": self.user, "place": self.group}
