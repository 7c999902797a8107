"""The messages of rooms: pages of history, and messages that a client missed."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from msgspec import UNSET

from accounts.people import User
from rooms import frames
from rooms.models import Membership, Message, Room
from rooms.permissions import member
from rooms.wire import replies
from rooms.wire.events import MessageBody
from rooms.wire.fields import DEFAULT_PAGE, PAGE_LIMIT, RESUME_LIMIT

RESUME_TOTAL = 5_000
"""The most missed messages that one `resume` sends of all rooms together."""
REMOVED_KNOWN = timedelta(days=7)
"""The time after a removal in which clients that come back are told of it."""


def _messages(room: Room) -> QuerySet[Message]:
    return room.messages.select_related("sender")


def _newest(room: Room, limit: int) -> list[MessageBody]:
    newest = list(_messages(room).order_by("-seq")[:limit])
    return [frames.body(message) for message in reversed(newest)]


def select_room(user: User, room: str, limit: int) -> replies.Selected:
    """Return the newest messages of a room, oldest first."""
    found = member(user, room).room
    messages = _newest(found, limit)
    return replies.Selected(
        room=str(found.id),
        room_messages=messages,
        last_seq=messages[-1].seq if messages else 0,
    )


def history(user: User, room: str, before: int, limit: int) -> replies.Page:
    """Return the messages before a number, oldest first, and whether there are earlier ones."""
    found = member(user, room).room
    page = list(_messages(found).filter(seq__lt=before).order_by("-seq")[:limit])
    return replies.Page(
        room=str(found.id),
        room_messages=[frames.body(message) for message in reversed(page)],
        more=bool(page) and page[-1].seq > 1,
    )


@dataclass(frozen=True, slots=True)
class Resumed:
    """The missed messages by room, and the (room, number) of seen messages that were removed."""

    rooms: dict[str, replies.Missed]
    removed: list[tuple[str, int]]


def resume(user: User, seen: dict[str, int]) -> Resumed:
    """Return the messages of each room after the number last seen there.

    If more than `RESUME_LIMIT` messages are missing (or `RESUME_TOTAL` in all rooms together), or
    the number is ahead of the room, the answer is `reset` with the newest messages. For a room that
    the user is not in, the answer is an `error_code`, as for a room that does not exist.
    """
    wanted: dict[str, UUID] = {}
    for name in seen:
        try:
            wanted[name] = UUID(name)
        except ValueError:
            continue
    removed = Message.objects.filter(removed_at__gte=timezone.now() - REMOVED_KNOWN)
    mine: dict[UUID, Room] = {}
    thinned: list[UUID] = []
    for m in (
        Membership.objects.filter(user=user, room__in=wanted.values(), room__archived_at=None)
        .select_related("room")
        .annotate(thinned=Exists(removed.filter(room=OuterRef("room"))))
    ):
        mine[m.room_id] = m.room
        if m.thinned:
            thinned.append(m.room_id)
    answer: dict[str, replies.Missed] = {}
    left = RESUME_TOTAL
    for name, after in seen.items():
        room = mine.get(wanted[name]) if name in wanted else None
        if room is None:
            answer[name] = replies.Missed(error_code="invalid_room_id")
            continue
        messages, reset = _missed(room, after, min(left, RESUME_LIMIT))
        left = max(left - len(messages), 0)
        known = 0 if reset else after
        answer[name] = replies.Missed(
            messages=messages,
            last_seq=messages[-1].seq if messages else known,
            reset=True if reset else UNSET,
        )
    gone = (
        removed.filter(room__in=thinned).order_by("-removed_at").values_list("room_id", "seq")
        if thinned
        else ()
    )
    names = {room: name for name, room in wanted.items()}
    return Resumed(
        rooms=answer,
        removed=[(str(room), seq) for room, seq in gone[:RESUME_LIMIT] if seq <= seen[names[room]]],
    )


def _missed(room: Room, after: int, most: int) -> tuple[list[MessageBody], bool]:
    """Return the messages after a number, or the newest ones and True if they replace all."""
    if after > room.last_seq or room.last_seq - after > most:
        return _newest(room, PAGE_LIMIT if most else DEFAULT_PAGE), True
    if after == room.last_seq:
        return [], False
    missed = _messages(room).filter(seq__gt=after).order_by("seq")[:RESUME_LIMIT]
    return [frames.body(message) for message in missed], False


def messages_page(
    user: User, room: str, *, after: int | None, before: int | None, limit: int
) -> tuple[Membership, list[MessageBody]]:
    """Return the user's membership of a room and some of its messages, oldest first.

    These are the first ones after the number `after`, or else the last ones. With `before`, only
    messages before that number count. Raises InvalidRoom.
    """
    membership = member(user, room)
    messages = _messages(membership.room)
    if before is not None:
        messages = messages.filter(seq__lt=before)
    if after is not None:
        page = list(messages.filter(seq__gt=after).order_by("seq")[:limit])
    else:
        page = list(reversed(messages.order_by("-seq")[:limit]))
    return membership, [frames.body(message) for message in page]
