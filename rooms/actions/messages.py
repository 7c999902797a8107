"""Posting messages."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, FilteredRelation, Max, Q, Value, When
from django.utils import timezone

from accounts.models import User
from rooms import frames, groups, permissions, publish
from rooms.actions import uselog
from rooms.envelope import Changed, Stored
from rooms.errors import (
    InvalidMessageFormat,
    InvalidRoom,
    PeerError,
    PermissionDenied,
    RateLimited,
    UuidReused,
)
from rooms.models import ClassSession, Enrollment, Membership, Mention, Message, Room, UseLog

SMALL_ROOMS = (Room.Kind.DIRECT, Room.Kind.PARTNERS)
MENTIONS_LIMIT = 20
"""Members whom one message can mention; further ones are just text."""

# The characters of a username, where no address or longer name begins before the @.
_MENTION = re.compile(r"(?<![\w.@+-])@([\w.@+-]{1,150})")


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


class _Member(NamedTuple):
    """A member of a room, and what they are in its course: `role` is None for one who left it."""

    user: int
    membership: int
    username: str
    last_read_seq: int
    role: str | None
    muted_until: datetime | None


_Members = dict[UUID, dict[int, _Member]]


@transaction.atomic
def post_messages(posts: Sequence[Post]) -> list[Posted | PeerError]:
    """Store texts, already cleaned, in the order given.

    The answer for each: the message, new or as it was stored under this uuid before; or
    InvalidRoom, where the sender is not in the room; or UuidReused; or, for a student,
    PermissionDenied while they are muted and RateLimited where the room is slow; or
    InvalidMessageFormat where `reply_to` is no message of the room.
    """
    ids = [_room_id(post.room) for post in posts]
    rooms = _lock_rooms({room for room in ids if room is not None})
    members = _members(rooms.values(), {post.sender.pk for post in posts})
    stored = _stored(posts, ids)
    parents = _parents(posts)
    now = timezone.now()
    last_posts = _last_posts(rooms.values(), posts, now)
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
        objection = _restriction(members[room.id][post.sender.pk], room, last_posts, now)
        if post.reply_to is not None and (room.id, post.reply_to) not in parents:
            objection = InvalidMessageFormat("`reply_to` must be a message of the same room.")
        if objection is not None:
            results.append(objection)
            continue
        room.last_seq += 1
        if room.slow_seconds:
            last_posts[room.id, post.sender.pk] = now
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
    Membership.objects.filter(
        room=room, user=message.sender_id, last_read_seq=message.seq - 1
    ).update(last_read_seq=message.seq)
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


def _members(rooms: Iterable[Room], senders: set[int]) -> _Members:
    """The members of each room: of large ones only the senders."""
    small = [room.id for room in rooms if room.kind in SMALL_ROOMS]
    large = [room.id for room in rooms if room.kind not in SMALL_ROOMS]
    found = (
        Membership.objects.filter(Q(room__in=small) | Q(room__in=large, user__in=senders))
        .annotate(
            place=FilteredRelation(
                "user__enrollments", condition=Q(user__enrollments__course=F("room__course"))
            )
        )
        .order_by()
        .values_list(
            "room_id",
            "user_id",
            "pk",
            "user__username",
            "last_read_seq",
            "place__role",
            "place__muted_until",
        )
    )
    members: _Members = defaultdict(dict)
    for room, *fields in found:
        member = _Member(*fields)
        members[room][member.user] = member
    return members


def _last_posts(
    rooms: Iterable[Room], posts: Sequence[Post], now: datetime
) -> dict[tuple[UUID, int], datetime]:
    """When the senders last posted in those of the rooms that are slow."""
    slow = {room.id: room.slow_seconds for room in rooms if room.slow_seconds}
    if not slow:
        return {}
    found = (
        Message.objects.filter(
            room__in=slow,
            sender__in={post.sender.pk for post in posts},
            kind=Message.Kind.TEXT,
            created_at__gt=now - timedelta(seconds=max(slow.values())),
        )
        .order_by()
        .values_list("room_id", "sender_id")
        .annotate(last=Max("created_at"))
    )
    return {(room, sender): last for room, sender, last in found}


def _restriction(
    member: _Member, room: Room, last_posts: dict[tuple[UUID, int], datetime], now: datetime
) -> PeerError | None:
    """Why the member may not post now, if so; those who lead the course always may."""
    if member.role in (Enrollment.Role.ASSISTANT, Enrollment.Role.INSTRUCTOR):
        return None
    if member.muted_until is not None and member.muted_until > now:
        return PermissionDenied(
            f"You are muted in this course until {member.muted_until:%Y-%m-%d %H:%M:%S} UTC.",
            until=member.muted_until.timestamp(),
        )
    last = last_posts.get((room.id, member.user))
    if last is not None:
        wait = room.slow_seconds - (now - last).total_seconds()
        if wait > 0:
            return RateLimited(wait)
    return None


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


def _insert(new: list[Message], members: _Members) -> None:
    if not new:
        return
    rooms = {message.room_id: message.room for message in new}
    Message.objects.bulk_create(new)
    Room.objects.bulk_update(rooms.values(), ["last_seq"])
    _read_own(new, members)
    _mention(new, members)
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


def _read_own(new: list[Message], members: _Members) -> None:
    """Let nobody have unread messages of their own: who had read all before has read them."""
    read: dict[int, int] = defaultdict(int)
    for message in new:
        member = members[message.room_id][message.sender_id]
        if member.last_read_seq + read[member.membership] == message.seq - 1:
            read[member.membership] += 1
    advanced: dict[int, list[int]] = defaultdict(list)
    for membership, by in read.items():
        if by:
            advanced[by].append(membership)
    if not advanced:
        return
    steps = [When(pk__in=those, then=Value(by)) for by, those in advanced.items() if by > 1]
    step = Case(*steps, default=Value(1)) if steps else Value(1)
    Membership.objects.filter(pk__in=[pk for those in advanced.values() for pk in those]).update(
        last_read_seq=F("last_read_seq") + step
    )


def _mention(new: list[Message], members: _Members) -> None:
    """Note whom of the members of its room each message mentions."""
    named = {message: names for message in new if (names := _names(message.text))}
    large = {message.room_id for message in named if message.room.kind not in SMALL_ROOMS}
    users = {
        (room, member.username): user
        for room in {message.room_id for message in named} - large
        for user, member in members[room].items()
    }
    if large:
        found = Membership.objects.filter(
            room__in=large, user__username__in={name for names in named.values() for name in names}
        ).values_list("room_id", "user__username", "user_id")
        users |= {(room, name): user for room, name, user in found}
    mentions = [
        Mention(message=message, user_id=user)
        for message, names in named.items()
        for name in names
        if (user := users.get((message.room_id, name), message.sender_id)) != message.sender_id
    ]
    if mentions:
        Mention.objects.bulk_create(mentions)


def _names(text: str) -> list[str]:
    """What may be usernames in a text: as they stand, and without a full stop at their end."""
    if "@" not in text:
        return []
    names = list(dict.fromkeys(_MENTION.findall(text)))[:MENTIONS_LIMIT]
    return list(dict.fromkeys([*names, *(name.rstrip(".@+-") for name in names)]))


def _log_rows(
    message: Message, members: dict[int, _Member], running: dict[int, str]
) -> list[UseLog]:
    room = message.room
    if room.kind in SMALL_ROOMS:
        recipients = [
            member.username for user, member in members.items() if user != message.sender_id
        ]
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
