"""The messages of a course for an export, room by room."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rooms.models import Course, Message, Room
from rooms.queries.export_pages import AT_ONCE, Batch, pages
from rooms.queries.export_people import People
from rooms.queries.visits import is_visit

ROOMS = 200
"""Rooms whose messages are read at once, if they have few."""

_Place = tuple[str, int | None]
"""The kind of a room, and the class whose partners it was made for."""


def messages(course: Course, called: People, until: datetime) -> Iterator[Batch]:
    """Return the messages of all rooms but direct ones, which are for their two members alone.

    Those written after `until` are left out: a class may have begun whose names nobody may know,
    which `called` has never heard of. So are those of the kind `control`, which repeat the steps of
    the class.
    """
    found = Room.objects.filter(course=course, last_seq__gt=0).exclude(kind=Room.Kind.DIRECT)
    few: dict[Any, _Place] = {}
    written = 0
    for page in pages(found, "kind", "last_seq", "partner_group__round__session"):
        for room, kind, last_seq, session in page:
            # Numbers have no gaps, so the last one tells how many messages there are.
            if few and (len(few) == ROOMS or written + last_seq > AT_ONCE):
                yield _batch(few, called, until)
                few, written = {}, 0
            if last_seq > AT_ONCE:
                for first in range(1, last_seq + 1, AT_ONCE):
                    yield _batch({room: (kind, session)}, called, until, first)
            else:
                few[room] = kind, session
                written += last_seq
    yield _batch(few, called, until)


def _batch(places: dict[Any, _Place], called: People, until: datetime, first: int = 1) -> Batch:
    """Return the messages of these rooms from the first number on, AT_ONCE numbers at most."""
    found = Message.objects.filter(
        room__in=list(places), seq__gte=first, seq__lt=first + AT_ONCE, created_at__lte=until
    ).exclude(kind=Message.Kind.CONTROL)
    rows = [one for one in found.order_by("room", "seq") if called.has(one.sender_id)]
    called.learn([one.sender_id for one in rows])
    called.learn_mentioned([one.pk for one in rows if "@" in one.text])
    return [_row(one, *places[one.room_id], called) for one in rows]


def _row(one: Message, kind: str, session: int | None, called: People) -> tuple[Any, ...]:
    if session is None and one.pseudonym:
        session = called.session_at(one.created_at)
    # The words of a visit name the visitor. Those who removed a text did it for everybody.
    silent = one.removed_at is not None or (is_visit(one) and not called.names)
    return (
        *(one.pk, one.room_id, kind, one.seq),
        called.of(one.sender_id, session if one.pseudonym or _by_partner(one, kind) else None),
        one.kind,
        "" if silent else called.text(one.text, session),
        *(one.reply_to_id, one.created_at, one.removed_at),
    )


def _by_partner(one: Message, kind: str) -> bool:
    return kind == Room.Kind.PARTNERS and one.kind == Message.Kind.TEXT
