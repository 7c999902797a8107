"""Conversion of models to the frames that all clients get."""

import time
from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from accounts import people
from accounts.people import User
from rooms import markup
from rooms.models import Course, Draft, Enrollment, Message, NewText, QuestionVersion, Room, Vote
from rooms.peer import pseudonyms
from rooms.peer.asking import Place
from rooms.peer.content import Kind
from rooms.wire import events, replies
from rooms.wire.course_events import CourseChanged
from rooms.wire.events import (
    ChoiceBody,
    ControlEvent,
    Explained,
    FeedbackBody,
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
from rooms.wire.partners import PlaceName

RESULT_FIELDS: Final = frozenset({"right", "voters", "tolerance", *Explained.__struct_fields__})
"""The fields of a result that older workers do not know."""


def person(user: User) -> Person:
    return Person(username=people.username(user), display_name=people.shown_name(user))


def pseudonym(name: str) -> Person:
    """Return somebody who has this pseudonym."""
    return Person(username=pseudonyms.username(name), display_name=name, pseudonym=True)


def student(user: User, names: Mapping[people.Key, str]) -> Person:
    """Return a student of a class in which the students have these pseudonyms."""
    return pseudonym(names.get(user.pk, pseudonyms.UNKNOWN))


def body(message: Message | NewText) -> MessageBody:
    """Return the body of a stored message. A removed message keeps its place but has no text."""
    return MessageBody(
        id=str(message.id),
        seq=message.seq,
        room=str(message.room_id),
        user=pseudonym(message.pseudonym) if message.pseudonym else person(message.sender),
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


def control(fields: dict[str, Any]) -> bytes:
    """Return the `control` frame of a stored transition, with the current time."""
    return events.encode(ControlEvent(**{**told(fields), "server_time": time.time()}))


def stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `control` event as a message stores them.

    Workers that still run older code refuse a stored event with fields that they do not know, but
    pass on whatever its question has. So the fields of a result that are new are stored there. The
    order of the bars is stored, too, as databases do not keep that of keys.
    """
    result = {name: fields[name] for name in RESULT_FIELDS if name in fields}
    if "histograms" not in fields:
        return fields
    result["order"] = [list(bars) for bars in fields["histograms"]]
    kept = {name: value for name, value in fields.items() if name not in RESULT_FIELDS}
    return {**kept, "question": {**fields["question"], "result": result}}


def told(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `control` event from those that a message has stored."""
    question = fields.get("question")
    if not question or "result" not in question:
        return fields
    result = dict(question["result"])
    bars = [
        {name: counts[name] for name in order}
        for counts, order in zip(fields["histograms"], result.pop("order"), strict=True)
    ]
    question = {name: value for name, value in question.items() if name != "result"}
    return {**fields, "question": question, "histograms": bars, **result}


def question(version: QuestionVersion) -> QuestionBody:
    """Return a version of a question as students see it."""
    unit = version.answer.get("unit") if version.kind == Kind.NUMBER else None
    return QuestionBody(
        question=version.question.slug,
        prompt=version.prompt,
        kind=version.kind,
        choices=[
            ChoiceBody(
                choice=choice["letter"],
                text=choice["text"],
                html=_or_unset(markup.inline_html_or_none(choice["text"])),
            )
            for choice in version.choices
        ],
        prompt_html=_or_unset(markup.html_or_none(version.prompt)),
        unit=unit or UNSET,
    )


def explained(version: QuestionVersion) -> dict[str, Any]:
    """Return what is said with the result of a question, as fields of `events.Explained`."""
    fields: dict[str, Any] = {}
    for name, text in (("explanation", version.explanation), ("follow_up", version.follow_up)):
        if text:
            fields[name] = text
            if (html := markup.html_or_none(text)) is not None:
                fields[f"{name}_html"] = html
    feedback = {
        choice["letter"]: FeedbackBody(text, _or_unset(markup.inline_html_or_none(text)))
        for choice in version.choices
        if (text := choice.get("feedback"))
    }
    return {**fields, "feedback": feedback} if feedback else fields


def _or_unset(html: str | None) -> str | UnsetType:
    return UNSET if html is None else html


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


def placed(enrollment: Enrollment) -> replies.Placed:
    """Return where a student is, as they see it."""
    place: PlaceName = "hall" if enrollment.place == Place.HALL else "elsewhere"
    return replies.Placed(place=place, seat=enrollment.seat)


def sharing(enrollment: Enrollment) -> replies.Sharing:
    """Return whether others may see a student's reasons, as the student sees it."""
    return replies.Sharing(shared=enrollment.shares_reasons_since is not None)


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
