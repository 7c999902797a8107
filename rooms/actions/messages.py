"""Posting messages."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from rooms import frames, groups, permissions, publish
from rooms.actions import uselog
from rooms.envelope import Changed, Stored
from rooms.errors import InvalidRoom, PeerError, UuidReused
from rooms.models import ClassSession, Membership, Message, Room, UseLog

SMALL_ROOMS = (Room.Kind.DIRECT, Room.Kind.PARTNERS)


@dataclass(frozen=True, slots=True)
class Post:
    """A text that a user wants in a room. `uuid` is the sender's name for it."""

    sender: User
    room: str
    uuid: str
    text: str
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A stored message; `again` tells that it had been stored before."""

    message: Message
    again: bool

    @property
    def frame(self) -> bytes:
        return frames.new_message(self.message)


@transaction.atomic
def post_messages(posts: Sequence[Post]) -> list[Posted | PeerError]:
    """Store texts, already cleaned, in the order given.

    The answer for each: the message, new or as it was stored under this uuid before; or
    InvalidRoom, where the sender is not in the room; or UuidReused.
    """
    ids = [_room_id(post.room) for post in posts]
    rooms = _lock_rooms({room for room in ids if room is not None})
    members = _members(rooms.values(), {post.sender.pk for post in posts})
    stored = _stored(posts, ids)
    parents = _parents(posts)
    now = timezone.now()
    new: list[Message] = []
    results: list[Posted | PeerError] = []
    for post, room_id in zip(posts, ids, strict=True):
        room = rooms.get(room_id) if room_id is not None else None
        if room is None or post.sender.pk not in members[room.id]:
            results.append(InvalidRoom())
            continue
        key = (room.id, post.sender.pk, post.uuid)
        before = stored.get(key)
        if before is not None:
            same = before.text == post.text and before.kind == Message.Kind.TEXT
            results.append(Posted(before, again=True) if same else UuidReused())
            continue
        room.last_seq += 1
        message = stored[key] = Message(
            room=room,
            seq=room.last_seq,
            sender=post.sender,
            uuid=post.uuid,
            text=post.text,
            reply_to_id=parents.get((room.id, post.reply_to)),
            created_at=now,
        )
        new.append(message)
        results.append(Posted(message, again=False))
    _insert(new, members)
    return results


def store_message(message: Message) -> None:
    """Give a message that the system posts its place in its room, and publish it.

    Must be called in a transaction; takes the lock of the room.
    """
    room = Room.objects.select_for_update(no_key=True).get(pk=message.room_id)
    room.last_seq += 1
    room.save(update_fields=["last_seq"])
    message.room, message.seq = room, room.last_seq
    message.save(force_insert=True)
    _publish(message)


def _room_id(room: str) -> UUID | None:
    try:
        return permissions.parse_room(room)
    except InvalidRoom:
        return None


def _lock_rooms(ids: set[UUID]) -> dict[UUID, Room]:
    # In the order of their ids, so that two processes never wait for each other.
    found = (
        Room.objects.filter(id__in=ids, archived_at=None)
        .select_related("course")
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )
    return {room.id: room for room in found}


def _members(rooms: Any, senders: set[int]) -> dict[UUID, dict[int, str]]:
    """The members, with usernames, of each room: of large ones only the senders."""
    small = [room.id for room in rooms if room.kind in SMALL_ROOMS]
    large = [room.id for room in rooms if room.kind not in SMALL_ROOMS]
    found = Membership.objects.filter(
        Q(room__in=small) | Q(room__in=large, user__in=senders)
    ).values_list("room_id", "user_id", "user__username")
    members: dict[UUID, dict[int, str]] = defaultdict(dict)
    for room, user, username in found:
        members[room][user] = username
    return members


def _stored(posts: Sequence[Post], ids: list[UUID | None]) -> dict[tuple[UUID, int, str], Message]:
    found = Message.objects.filter(
        room__in={room for room in ids if room is not None},
        sender__in={post.sender.pk for post in posts},
        uuid__in={post.uuid for post in posts},
    ).select_related("sender")
    return {(m.room_id, m.sender_id, m.uuid): m for m in found}


def _parents(posts: Sequence[Post]) -> dict[tuple[UUID, str | None], UUID]:
    """The messages that are replied to, by room and by their id as it came."""
    wanted = {post.reply_to: _room_id(post.reply_to) for post in posts if post.reply_to}
    if not wanted:
        return {}
    ids = [parent for parent in wanted.values() if parent is not None]
    rooms = dict(Message.objects.filter(id__in=ids).values_list("id", "room_id"))
    return {
        (rooms[parent], name): parent
        for name, parent in wanted.items()
        if parent is not None and parent in rooms
    }


def _insert(new: list[Message], members: dict[UUID, dict[int, str]]) -> None:
    if not new:
        return
    rooms = {message.room_id: message.room for message in new}
    Message.objects.bulk_create(new)
    Room.objects.bulk_update(rooms.values(), ["last_seq"])
    partner_rooms = [room for room in rooms.values() if room.kind == Room.Kind.PARTNERS]
    running = _running_questions(partner_rooms)
    uselog.record(
        row for message in new for row in _log_rows(message, members[message.room_id], running)
    )
    for message in new:
        _publish(message)
    for course_id in {room.course_id for room in partner_rooms}:
        publish.send(groups.course(course_id), Changed(groups.dashboards(course_id)))


def _running_questions(rooms: list[Room]) -> dict[int, str]:
    """The slug of the question that runs, by course."""
    if not rooms:
        return {}
    return dict(
        ClassSession.objects.filter(course__in={room.course_id for room in rooms}, ended_at=None)
        .exclude(current_round=None)
        .values_list("course_id", "current_round__question__slug")
    )


def _log_rows(message: Message, members: dict[int, str], running: dict[int, str]) -> list[UseLog]:
    room = message.room
    if room.kind in SMALL_ROOMS:
        recipients = [name for user, name in members.items() if user != message.sender_id]
    else:
        recipients = ["*"]
    return [
        uselog.row(
            sid=message.sender.username,
            event="sendmessage",
            act=f"to:{recipient}:{message.text}",
            course_id=room.course.slug,
            div_id=running.get(room.course_id, "") if room.kind == Room.Kind.PARTNERS else "",
            timestamp=message.created_at,
        )
        for recipient in recipients
    ]


def _publish(message: Message) -> None:
    room = message.room
    publish.send(
        groups.course(room.course_id),
        Stored(groups.room(room.id), message.seq, frames.of_message(message)),
    )
