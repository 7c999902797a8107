"""Conversion of models to the frames that all clients get."""

import time
from typing import Literal

from msgspec import UNSET, UnsetType

from accounts import people
from accounts.people import User
from rooms.models import Course, Draft, Enrollment, Message, NewText, QuestionVersion, Room, Vote
from rooms.wire import events, replies
from rooms.wire.course_events import CourseChanged
from rooms.wire.events import (
    ChoiceBody,
    ControlEvent,
    MessageBody,
    MessageRemoved,
    MyCourse,
    NewMessageEvent,
    OwnDraft,
    OwnVote,
    Person,
    QuestionBody,
    RoomAdded,
    RoomRemoved,
)


def person(user: User) -> Person:
    return Person(username=people.username(user), display_name=people.shown_name(user))


def body(message: Message | NewText) -> MessageBody:
    """Return the body of a stored message. A removed message keeps its place but has no text."""
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
    """Return the `new_message` frame: the sender's reply and everyone else's event."""
    return events.encode(
        NewMessageEvent(uuid=message.uuid, room=str(message.room_id), message=body(message))
    )


def of_message(message: Message | NewText) -> list[bytes]:
    """Return all frames of a stored message, in order."""
    frames = [new_message(message)]
    if message.control is not None:
        frames.append(control(message.control))
    return frames


def revision(message: Message | NewText) -> int:
    """Return the revision of the class that a stored message reports, or 0 if it reports none."""
    return 0 if message.control is None else message.control.get("revision", 0)


def control(fields: dict[str, object]) -> bytes:
    """Return the `control` frame of a stored transition, with the current time."""
    return events.encode(
        ControlEvent(**{**fields, "server_time": time.time()})  # type: ignore[arg-type]
    )


def question(version: QuestionVersion) -> QuestionBody:
    """Return a version of a question as students see it."""
    return QuestionBody(
        question=version.question.slug,
        prompt=version.prompt,
        kind=version.kind,
        choices=[
            ChoiceBody(choice=choice["letter"], text=choice["text"]) for choice in version.choices
        ],
    )


def own_vote(vote: Vote) -> OwnVote:
    """Return a vote as its user sees it."""
    return OwnVote(vote.choice, vote.confidence, vote.rationale, vote.cast_at.timestamp())


def own_draft(draft: Draft) -> OwnDraft:
    """Return a draft as its user sees it."""
    return OwnDraft(draft.choice, draft.confidence, draft.rationale, draft.sent_at.timestamp())


def voted(vote: Vote) -> replies.Voted:
    """Return the reply to a vote."""
    return replies.Voted(
        round=vote.round.number, choice=vote.choice, cast_at=vote.cast_at.timestamp()
    )


def drafted(round_: int, draft: Draft | None) -> replies.Drafted:
    """Return the reply to a draft, which is None if a later vote stands."""
    sent_at = None if draft is None else draft.sent_at.timestamp()
    return replies.Drafted(round=round_, kept=draft is not None, sent_at=sent_at)


def muted_until(enrollment: Enrollment) -> float | None:
    """Return the time until which a user may not post, as they see it."""
    until = enrollment.muted_until
    return None if until is None else until.timestamp()


def room_added(room: Room, *, title: str, course: str, members: int) -> bytes:
    """Return the frame that tells a new member of the room."""
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
    """Return the frame that tells a former member that they are no longer in the room."""
    return events.encode(RoomRemoved(room=str(room.id)))


def my_course(room: Room, role: str) -> MyCourse:
    """Return a course as a user in it sees it, given the course's room with the course."""
    course = room.course
    archived: Literal[True] | UnsetType = UNSET if course.archived_at is None else True
    return MyCourse(course.slug, course.title, role, str(room.id), archived)


def course_changed(course: Course, known_as: str | None = None) -> CourseChanged:
    """Return the event that tells what a course is called, and whether it is archived.

    `known_as` is a former slug by which it is known.
    """
    return CourseChanged(
        course=known_as or course.slug,
        title=course.title,
        archived=course.archived_at is not None,
    )


def message_removed(message: Message) -> bytes:
    """Return the frame that tells a room that the text of a message was removed."""
    return events.encode(MessageRemoved(room=str(message.room_id), seq=message.seq))


def direct_title(other: User) -> str:
    """Return the title of a direct room for the other member."""
    return people.shown_name(other)
