"""From models to events. The bytes made here are what every client gets."""

import time

from accounts.models import User
from rooms.models import Message, NewText, Question, Room
from rooms.wire import events
from rooms.wire.events import (
    ChoiceBody,
    ControlEvent,
    MessageBody,
    MessageRemoved,
    NewMessageEvent,
    Person,
    QuestionBody,
    RoomAdded,
    RoomRemoved,
)


def person(user: User) -> Person:
    return Person(username=user.username, display_name=user.shown_name)


def body(message: Message | NewText) -> MessageBody:
    """A stored message; of one that was removed only its place is left."""
    return MessageBody(
        id=str(message.id),
        seq=message.seq,
        room=str(message.room_id),
        user=person(message.sender),
        timestamp=message.created_at.timestamp(),
        text="" if message.removed_at else message.text,
        kind=message.kind,
        reply_to=str(message.reply_to_id) if message.reply_to_id else None,
    )


def new_message(message: Message | NewText) -> bytes:
    """The `new_message` frame: the sender's reply and everyone else's event."""
    return events.encode(
        NewMessageEvent(uuid=message.uuid, room=str(message.room_id), message=body(message))
    )


def of_message(message: Message | NewText) -> list[bytes]:
    """All frames that a stored message stands for, in order."""
    frames = [new_message(message)]
    if message.control is not None:
        frames.append(control(message.control))
    return frames


def revision(message: Message | NewText) -> int:
    """Return the revision of the class that a stored message tells of, or 0 where it tells none."""
    return 0 if message.control is None else message.control.get("revision", 0)


def control(fields: dict[str, object]) -> bytes:
    """The `control` frame of a transition, stored with its message; the time is now's."""
    return events.encode(
        ControlEvent(**{**fields, "server_time": time.time()})  # type: ignore[arg-type]
    )


def question(question: Question) -> QuestionBody:
    """A question as students see it: prefetch its choices."""
    return QuestionBody(
        question=question.slug,
        prompt=question.prompt,
        kind=question.kind,
        choices=[
            ChoiceBody(choice=choice.letter, text=choice.text) for choice in question.choices.all()
        ],
    )


def room_added(room: Room, *, title: str, course: str, members: int) -> bytes:
    """Tells a new member of the room."""
    return events.encode(
        RoomAdded(
            room=str(room.id),
            kind=room.kind,
            title=title,
            course=course,
            members=members,
            last_seq=room.last_seq,
            last_read_seq=0,
        )
    )


def room_removed(room: Room) -> bytes:
    """Tells one who is a member no more."""
    return events.encode(RoomRemoved(room=str(room.id)))


def message_removed(message: Message) -> bytes:
    """Tells a room that a text is gone."""
    return events.encode(MessageRemoved(room=str(message.room_id), seq=message.seq))


def direct_title(other: User) -> str:
    """What a direct room is called on the other side."""
    return other.shown_name
