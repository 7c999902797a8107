"""Posting messages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import frames, permissions, ratelimit
from rooms.actions import direct, mentions, pseudonyms, signals, tell, uselog
from rooms.actions.statements import lone, store
from rooms.actions.statements.rows import Key, Member, Members, Place
from rooms.models import Enrollment, Membership, Message, NewText, Room
from rooms.wire.commands import NewMessage, PrivateMessage
from rooms.wire.errors import (
    CourseArchived,
    InvalidMessageFormat,
    InvalidRoom,
    PeerError,
    PermissionDenied,
    RateLimited,
    UuidReused,
)
from rooms.wire.text import clean_text


@dataclass(frozen=True, slots=True)
class Post:
    """A text that a user wants to post in a room. `uuid` is the sender's name for it."""

    sender: User
    room: str
    uuid: str
    text: str
    reply_to: str | None = None

    @classmethod
    def of(cls, sender: User, command: NewMessage | PrivateMessage) -> Self:
        """Clean the text of a command and count it against the sender's rate.

        The post of a PrivateMessage has no room yet: `in_room` gives it one. Raises EmptyText or
        TextTooLong, without counting the text, and RateLimited.
        """
        text = clean_text(command.text)
        ratelimit.messages.take(sender.pk)
        if isinstance(command, PrivateMessage):
            return cls(sender, "", command.uuid, text)
        return cls(sender, command.room, command.uuid, text, command.reply_to)

    def in_room(self, room: str) -> Self:
        """Return the post with a room that the caller looked up after the text was checked."""
        return replace(self, room=room)


@dataclass(frozen=True, slots=True)
class Posted:
    """A stored message; `again` is true if it had been stored before."""

    message: Message | NewText
    again: bool

    @property
    def frame(self) -> bytes:
        return frames.new_message(self.message)


def post_message(*, post: Post) -> Posted:
    """Store one text, for callers that do not batch. Raises the errors of `store_posts`."""
    (result,) = store_posts([post])
    if isinstance(result, PeerError):
        raise result
    return result


def store_posts(posts: Sequence[Post]) -> list[Posted | PeerError]:
    """Store texts that are already cleaned, in the order given.

    Returns for each text the message, either new or as it was stored under this uuid before, or an
    error: InvalidRoom if the sender is not in the room, UuidReused, CourseArchived,
    InvalidMessageFormat if `reply_to` is no message of the room, and for students PermissionDenied
    while they are muted or the class has pseudonyms and the room rests, and RateLimited if the room
    is slow.
    """
    if len(posts) == 1 and (posted := _store_lone(posts[0])) is not None:
        return [posted]
    return _store_batch(posts)


def _store_lone(post: Post) -> Posted | None:
    """Store a text by one statement, or return None if it may need more, or be refused."""
    room = _room_id(post.room)
    if room is None or post.reply_to is not None or mentions.possible_names(post.text):
        return None
    if signals.message_posted.has_listeners():
        # What they are told is read before the text is committed, so that no failure keeps it from
        # them.
        return None
    message = NewText(
        id=uuid4(),
        room_id=room,
        seq=0,
        sender=post.sender,
        uuid=post.uuid,
        text=post.text,
        reply_to_id=None,
        created_at=timezone.now(),
    )
    stored = lone.store(message)
    if stored is None:
        return None
    message.seq, message.created_at = stored.seq, stored.created_at
    tell.posted([(stored.course_id, message)])
    if stored.kind == Room.Kind.PARTNERS:
        tell.figures_changed(stored.course_id)
    return Posted(message, again=False)


@transaction.atomic
def _store_batch(posts: Sequence[Post]) -> list[Posted | PeerError]:
    ids = [_room_id(post.room) for post in posts]
    keys = [
        (room, post.sender.pk, post.uuid)
        for post, room in zip(posts, ids, strict=True)
        if room is not None
    ]
    places = store.lock({room for room, _, _ in keys})
    members, before = store.look_up(places, keys)
    direct.move_on(places.values(), members)
    ended = direct.ended(places.values(), members)
    authors = pseudonyms.Authors(places.values(), members, {sender for _, sender, _ in keys})
    stored = _messages(before.values())
    parents = _parents(posts)
    now = timezone.now()
    last_posts = _last_posts(places.values(), posts, now)
    new: list[NewText] = []
    results: list[Posted | PeerError] = []
    for post, room_id in zip(posts, ids, strict=True):
        place = places.get(room_id) if room_id is not None else None
        if place is None or post.sender.pk not in members[place.id]:
            results.append(InvalidRoom())
            continue
        key = (place.id, post.sender.pk, post.uuid)
        known = stored.get(key)
        if known is not None:
            same = known.text == post.text and known.kind == Message.Kind.TEXT
            results.append(Posted(known, again=True) if same else UuidReused())
            continue
        member = members[place.id][post.sender.pk]
        objection = _restriction(member, place, last_posts, now) or authors.objection(place, member)
        if place.id in ended:
            # It is the same for both, so that it does not tell who wants no more messages.
            objection = objection or PermissionDenied("Nobody can write here any more.")
        if post.reply_to is not None and (place.id, post.reply_to) not in parents:
            objection = InvalidMessageFormat("`reply_to` must name a message in the same room.")
        if objection is not None:
            results.append(objection)
            continue
        place.last_seq += 1
        if place.slow_seconds:
            last_posts[place.id, post.sender.pk] = now
        message = stored[key] = NewText(
            id=uuid4(),
            room_id=place.id,
            seq=place.last_seq,
            sender=post.sender,
            uuid=post.uuid,
            text=post.text,
            reply_to_id=parents.get((place.id, post.reply_to)),
            created_at=now,
            pseudonym=authors.name(place, member),
        )
        new.append(message)
        results.append(Posted(message, again=False))
    if new:
        _store(new, places, members, now)
    return results


def store_message(message: Message) -> None:
    """Number a message of the system in its room, store it and publish it.

    Call it in a transaction. It takes the lock of the room.
    """
    room = Room.objects.select_for_update(no_key=True).get(pk=message.room_id)
    room.last_seq += 1
    room.save(update_fields=["last_seq"])
    message.room, message.seq = room, room.last_seq
    message.save(force_insert=True)
    Membership.objects.filter(
        room=room, user=message.sender_id, last_read_seq=message.seq - 1
    ).update(last_read_seq=message.seq)
    tell.posted([(room.course_id, message)])
    if message.kind != Message.Kind.CONTROL and signals.message_posted.has_listeners():
        signals.send(
            signals.message_posted, **_facts(message, course=room.course.slug, room_kind=room.kind)
        )


def _room_id(room: str) -> UUID | None:
    try:
        return permissions.parse_room(room)
    except InvalidRoom:
        return None


def _last_posts(
    places: Iterable[Place], posts: Sequence[Post], now: datetime
) -> dict[tuple[UUID, people.Key], datetime]:
    """Return the times at which the senders last posted in slow rooms."""
    slow = {place.id: place.slow_seconds for place in places if place.slow_seconds}
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
    member: Member, place: Place, last_posts: dict[tuple[UUID, people.Key], datetime], now: datetime
) -> PeerError | None:
    """Return the error if the member may not post now. Those who lead a course in use may."""
    # A text that is under way while the course is archived counts as written before. Whatever is
    # sent after that is refused, and the row of the course needs no lock here.
    if place.archived:
        return CourseArchived()
    if member.role in Enrollment.LEADING:
        return None
    if member.muted_until is not None and member.muted_until > now:
        return PermissionDenied(
            f"You are muted in this course until {member.muted_until:%Y-%m-%d %H:%M:%S} UTC.",
            until=member.muted_until.timestamp(),
        )
    last = last_posts.get((place.id, member.user))
    if last is not None:
        wait = place.slow_seconds - (now - last).total_seconds()
        if wait > 0:
            return RateLimited(wait)
    return None


def _messages(ids: Collection[UUID]) -> dict[Key, Message | NewText]:
    """Return stored messages by key."""
    if not ids:
        return {}
    found = Message.objects.filter(id__in=ids).select_related("sender")
    return {(m.room_id, m.sender_id, m.uuid): m for m in found}


def _parents(posts: Sequence[Post]) -> dict[tuple[UUID, str | None], UUID]:
    """Return the messages that the posts reply to, by room and the id in the post."""
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


def _store(
    new: list[NewText], places: Mapping[UUID, Place], members: Members, now: datetime
) -> None:
    touched = [places[room] for room in {message.room_id for message in new}]
    store.insert(
        new,
        touched,
        _read_own(new, members),
        [
            row
            for message in new
            for row in _log_rows(message, places[message.room_id], members[message.room_id])
        ],
        now,
    )
    mentions.store(new, places, members)
    tell.posted((places[message.room_id].course_id, message) for message in new)
    if signals.message_posted.has_listeners():
        told = [(message, places[message.room_id]) for message in new]
        signals.send_each(
            signals.message_posted,
            [_facts(text, course=place.course, room_kind=place.kind) for text, place in told],
        )
    for course_id in {p.course_id for p in touched if p.kind == Room.Kind.PARTNERS}:
        tell.figures_changed(course_id)


def _facts(message: Message | NewText, *, course: str, room_kind: str) -> dict[str, Any]:
    """Return the arguments of `message_posted`."""
    return {
        "course": course,
        "room": message.room_id,
        "room_kind": str(room_kind),
        "message": message.id,
        "kind": str(message.kind),
        "text": message.text,
        "user": message.sender,
    }


def _read_own(new: list[NewText], members: Members) -> dict[int, int]:
    """Return the number of messages that count as read, by membership.

    A sender who had read everything before has read their own messages, too.
    """
    read: dict[int, int] = defaultdict(int)
    for message in new:
        member = members[message.room_id][message.sender_id]
        if member.last_read_seq + read[member.membership] == message.seq - 1:
            read[member.membership] += 1
    return {membership: by for membership, by in read.items() if by}


def _log_rows(
    message: NewText, place: Place, members: dict[people.Key, Member]
) -> list[uselog.Row]:
    recipients: list[tuple[str, list[people.Key]]] = [("*", [])]
    if place.is_small:
        recipients = [
            (member.username, [user])
            for user, member in members.items()
            if user != message.sender_id
        ]
    at_question = place.kind == Room.Kind.PARTNERS
    return [
        uselog.row(
            sid=people.username(message.sender),
            user=message.sender_id,
            event="sendmessage",
            act=f"to:{recipient}:{message.text}",
            named=named,
            course_id=place.course,
            course=place.course_id,
            div_id=place.question if at_question else "",
            question=place.question_id if at_question else None,
            timestamp=message.created_at,
        )
        for recipient, named in recipients
    ]
