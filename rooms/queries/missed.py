"""Queries by which a process finds and reads messages whose notices it missed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from rooms import frames
from rooms.delivery import names
from rooms.delivery.notices import Removed
from rooms.models import Message, Room

AT_ONCE = 500
"""Rooms in one query if the database does not take a list as one parameter."""

# Each room is looked up by the index. A plan with a join might read all rooms that ever existed.
_AHEAD = """
SELECT r.id, r.last_seq
FROM unnest(%s::uuid[], %s::bigint[]) AS known (id, seq)
CROSS JOIN LATERAL (SELECT id, last_seq FROM peerchat_rooms_room WHERE id = known.id LIMIT 1) r
WHERE r.last_seq > known.seq
"""
_REMOVED = """
SELECT room_id, seq, removed_at FROM peerchat_rooms_message
WHERE removed_at > %s AND room_id = ANY(%s::uuid[])
"""

PARTNERS_TOLD = ("enableChat", "enableFaceChat", "enableDiscussion")
"""The transitions with which students get their partners."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Messages that a process missed, with their numbers and frames.

    `partners` is true if the students were told of their partners with one of them. `revision` is
    the last revision of the class that they report, or 0.
    """

    rows: list[tuple[int, list[bytes]]]
    partners: bool
    revision: int


Compared = tuple[dict[str, int], list[tuple[Removed, float]]]
"""(the newest number by audience, removals with the seconds since)."""


def frames_after(audience: str, after: int, limit: int) -> Missing:
    """Return the messages that follow in a room."""
    messages = list(
        Message.objects.filter(room=names.room_id(audience), seq__gt=after)
        .select_related("sender")
        .order_by("seq")[:limit]
    )
    return Missing(
        rows=[(message.seq, frames.of_message(message)) for message in messages],
        partners=any(
            message.control is not None and message.control["message"] in PARTNERS_TOLD
            for message in messages
        ),
        revision=max(map(frames.revision, messages), default=0),
    )


def compare(known: Mapping[str, int], within: float) -> Compared:
    """Return the newest numbers of rooms where they are higher than known, and recent removals.

    `within` is the age in seconds up to which removals are returned.
    """
    rooms = {names.room_id(audience): seq for audience, seq in known.items()}
    now = timezone.now()
    ids, seqs, since = list(rooms), list(rooms.values()), now - timedelta(seconds=within)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_AHEAD, [ids, seqs])
            heads = cursor.fetchall()
            cursor.execute(_REMOVED, [since, ids])
            removed = cursor.fetchall()
    else:
        heads, removed = [], []
        for some in _parts(ids):
            heads += Room.objects.filter(id__in=some).values_list("id", "last_seq")
            removed += Message.objects.filter(room__in=some, removed_at__gt=since).values_list(
                "room_id", "seq", "removed_at"
            )
    return (
        {names.room(room): seq for room, seq in heads if seq > rooms[room]},
        [
            (
                Removed(
                    names.room(room),
                    seq,
                    frames.message_removed(Message(room_id=room, seq=seq)),
                    at.timestamp(),
                ),
                (now - at).total_seconds(),
            )
            for room, seq, at in removed
        ],
    )


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
