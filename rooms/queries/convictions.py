"""Reads what convinced a student, as they are told it."""

from typing import cast

from msgspec import UNSET

from accounts.people import User
from rooms.models import Conviction, Partner
from rooms.queries.pseudonyms import fellow
from rooms.wire.convinced import By, ConvincedBody


def convinced_body(said: Conviction) -> ConvincedBody:
    """Return what convinced a student, as all of their devices show it.

    The author of a reason is named only if they are a partner of the student now, as that of a
    reason that was offered to the group stays hidden.
    """
    author = _partner(said)
    return ConvincedBody(
        by=cast("By", said.by),
        message=UNSET if said.message_id is None else str(said.message_id),
        username=UNSET if author is None else fellow(said.round.session, author).username,
        said_at=said.said_at.timestamp(),
    )


def own_conviction(user: User, second: int) -> Conviction | None:
    """Return what convinced a user before the second vote in a round; None if they did not say."""
    said = Conviction.objects.filter(round=second, user=user)
    return said.select_related("vote__user", "round__session").first()


def _partner(said: Conviction) -> User | None:
    if said.vote is None:
        return None
    places = Partner.objects.filter(round=said.round.first_id)
    groups = places.filter(user=said.user_id).values("group")
    is_partner = places.filter(group__in=groups, user=said.vote.user_id).exists()
    return said.vote.user if is_partner else None
