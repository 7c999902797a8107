"""Partner groups."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.models.course import PLACES
from rooms.models.room import Room
from rooms.models.round import Round, Vote

METHODS = [
    ("different_answers", _("different answers")),
    ("random", _("at random")),
    ("same_answer", _("same answer")),
    ("keep", _("as last time")),
    ("fixed", _("fixed group")),
    ("by_hand", _("by hand")),
]
GROUP_PLACES = [*PLACES, ("both", _("in the hall and elsewhere"))]


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
    # How and with whom the group was formed. All of it is unknown for groups of earlier versions.
    # The database defaults serve workers that still run code without these fields.
    method = models.CharField(
        _("method"), max_length=20, choices=METHODS, blank=True, default="", db_default=""
    )
    size = models.PositiveSmallIntegerField(_("size"), null=True, blank=True)
    voters = models.PositiveSmallIntegerField(_("voters"), null=True, blank=True)
    # Whether the voters gave different answers.
    is_mixed = models.BooleanField(_("different answers"), null=True, blank=True)
    # How many were right; null if no right answer was known.
    right = models.PositiveSmallIntegerField(_("right"), null=True, blank=True)
    # The greatest difference of confidence between two who answered differently, or null.
    confidence_gap = models.PositiveSmallIntegerField(_("confidence gap"), null=True, blank=True)
    # Pairs of members who were partners in the course before.
    repeats = models.PositiveSmallIntegerField(_("repeats"), null=True, blank=True)
    # Where the members are: one of the places, "both", or "" if nobody was asked.
    place = models.CharField(
        _("place"), max_length=9, choices=GROUP_PLACES, blank=True, default="", db_default=""
    )
    # A vote for another answer, whose reason the group sees without the name of its author.
    offered = models.ForeignKey(
        Vote,
        verbose_name=_("offered reason"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

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


class FormerGroup(models.Model):
    """A partner group as it was before somebody changed it by hand, so that undoing brings it back.

    Its students are the partners that have it as `former`. Its room stays, archived, if the group
    was joined into another one.
    """

    round = models.ForeignKey(
        Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="former_groups"
    )
    number = models.PositiveIntegerField(_("number"))
    room = models.OneToOneField(
        Room, verbose_name=_("room"), on_delete=models.CASCADE, related_name="former_group"
    )
    method = models.CharField(_("method"), max_length=20, choices=METHODS, blank=True)

    class Meta:
        verbose_name = _("former partner group")
        verbose_name_plural = _("former partner groups")
        ordering = ("round", "number")

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
    # The group that they were in before a change by hand, until they are all back.
    former = models.ForeignKey(
        FormerGroup,
        verbose_name=_("former partner group"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="partners",
    )
    # The number of their messages in the room of the group, noted when these are deleted, as marks
    # and results still count them. Null while the messages themselves are there.
    messages = models.PositiveIntegerField(_("messages"), null=True, blank=True)

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
