"""Who waits for a partner outside class, and what partners see of each other and of their talk."""

from datetime import timedelta

from django.utils import timezone
from msgspec import Struct

from accounts import people
from rooms.models import Message, NightPair, Release, Take
from rooms.queries.takes import PARTNER_SILENT, partner_in, talk


def waited_for() -> list[Release]:
    """Return the releases at which somebody waits for a partner."""
    found = Release.objects.filter(withdrawn_at=None, takes__waiting_since__isnull=False)
    return list(found.select_related("course", "version").distinct().order_by("pk"))


class TalkLine(Struct, frozen=True):
    """A message of a talk. `text` is empty once it was removed."""

    message: str
    mine: bool
    text: str
    at: float
    removed: bool


class Talk(Struct, frozen=True, kw_only=True):
    """The talk of a student with their partner, and what the partner answered first.

    `here` tells whether the partner's page was there a moment ago, `answered` whether they have
    answered again. `ended` is true once nobody can write any more.
    """

    room: str
    partner: str
    answer: str
    reason: str
    here: bool
    answered: bool
    ended: bool
    messages: list[TalkLine]


def talk_body(pair: NightPair, take: Take) -> Talk:
    """Return the talk of a pair, read by `pair_of`, as one of the two sees it."""
    partner = partner_in(pair, take)
    lately = timezone.now() - timedelta(seconds=PARTNER_SILENT)
    return Talk(
        room=str(pair.room_id),
        partner=people.shown_name(partner.user),
        answer=partner.first_choice,
        reason=partner.first_reason,
        here=partner.seen_at is not None and partner.seen_at > lately,
        answered=partner.second_at is not None,
        ended=pair.ended_at is not None or pair.room.archived_at is not None,
        messages=[_line(one, take) for one in talk(pair)],
    )


def _line(message: Message, take: Take) -> TalkLine:
    removed = message.removed_at is not None
    return TalkLine(
        message=str(message.pk),
        mine=message.sender_id == take.user_id,
        text="" if removed else message.text,
        at=message.created_at.timestamp(),
        removed=removed,
    )
