"""Partner groups."""

from django.conf import settings
from django.db import models

from rooms.models.room import Room
from rooms.models.round import Round


class PartnerGroup(models.Model):
    """Students who discuss a question in a room of their own.

    `round` is the question's first round, whose votes the groups are formed from. `number` counts
    the groups of a round from 1.
    """

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="partner_groups")
    number = models.PositiveIntegerField()
    room = models.OneToOneField(Room, on_delete=models.CASCADE, related_name="partner_group")
    formed_at = models.DateTimeField()

    class Meta:
        ordering = ("round", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("round", "number"), name="peerchat_partner_group_number_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.round}, group {self.number}"


class Partner(models.Model):
    """A student's place in a partner group. A student has one place for each question posed."""

    group = models.ForeignKey(PartnerGroup, on_delete=models.CASCADE, related_name="partners")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="partners")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="peerchat_partnerships"
    )

    class Meta:
        ordering = ("group", "user")
        constraints = (
            models.UniqueConstraint(
                fields=("round", "user"), name="peerchat_one_partner_group_each"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"
