"""The events that the server sends.

An event is built from its type, so an undeclared field cannot slip out.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from rooms.wire.asking import Asks
from rooms.wire.convinced import ConvincedBody
from rooms.wire.partners import Company, GroupPlace, OfferedReason, PlaceName
from rooms.wire.partners import PartnerBody as PartnerBody
from rooms.wire.persons import Me
from rooms.wire.persons import Person as Person


class MessageBody(Struct, frozen=True, omit_defaults=True):
    """A stored message; `timestamp` is in seconds since the epoch."""

    id: str
    seq: int
    room: str
    user: Person
    timestamp: float
    text: str
    kind: str
    reply_to: str | None = None


class Event(Struct, tag_field="action", frozen=True, kw_only=True):
    """An event that the server sends without being asked."""


class NewMessageEvent(Event, tag="new_message", frozen=True, kw_only=True):
    """A new message: the reply to its sender and the event for everyone else in the room."""

    uuid: str
    status: Literal["success"] = "success"
    room: str
    message: MessageBody


class MyCourse(Struct, frozen=True):
    course: str
    title: str
    role: str
    room: str
    archived: Literal[True] | UnsetType = UNSET  # there if the course is: it can only be read
    me: Me | UnsetType = UNSET


class Limits(Struct, frozen=True):
    """The limits of the server, in characters, bytes, rooms and messages."""

    text: int
    rationale: int
    frame: int
    rooms: int
    resume: int
    page: int


class Welcome(Event, tag="welcome", frozen=True, kw_only=True):
    conn_id: str
    user: Person
    courses: list[MyCourse]
    limits: Limits
    server_time: float


class RoomInfo(Struct, frozen=True):
    room: str
    kind: str
    title: str
    course: str
    members: int
    last_seq: int
    last_read_seq: int


class RoomAdded(Event, tag="room_added", frozen=True, kw_only=True):
    room: str
    kind: str
    title: str
    course: str
    members: int
    last_seq: int
    last_read_seq: int


class RoomRemoved(Event, tag="room_removed", frozen=True, kw_only=True):
    room: str


class MessageRemoved(Event, tag="message_removed", frozen=True, kw_only=True):
    """The removal of a message's text. The message keeps its `seq`."""

    room: str
    seq: int


class TypingEvent(Event, tag="typing", frozen=True, kw_only=True):
    room: str
    user: Person


class Presence(Event, tag="presence", frozen=True, kw_only=True):
    """The number of online members of a room.

    Small rooms also get the usernames of the members who came or left.
    """

    room: str
    online: int
    joined: list[str] | UnsetType = UNSET
    left: list[str] | UnsetType = UNSET


class SystemEvent(Event, tag="system", frozen=True, kw_only=True):
    """A text from the server for one user to read. It is not stored."""

    course: str
    text: str


class TopicMessage(Event, tag="topic_message", frozen=True, kw_only=True):
    """Data published to a topic. It comes once, however many of the socket's patterns match.

    `data` is as the publisher wrote it; `from` and `conn_id` are their username and socket.
    """

    topic: str
    data: Raw
    from_: str = msgspec.field(name="from")
    conn_id: str


class DirectData(Event, tag="direct_data", frozen=True, kw_only=True):
    """Data sent to this socket alone; `from` and `conn_id` are the sender's username and socket."""

    data: Raw
    from_: str = msgspec.field(name="from")
    conn_id: str


class ChoiceBody(Struct, frozen=True):
    """A choice. `html` is there if its text is more than plain words."""

    choice: str
    text: str
    html: str | UnsetType = UNSET


class QuestionBody(Struct, frozen=True):
    """A question as students see it, without the right answer.

    `prompt_html` is there if the prompt is more than plain words, and `unit` if the answer is a
    number that has one.
    """

    question: str
    prompt: str
    kind: str
    choices: list[ChoiceBody]
    prompt_html: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET


class FeedbackBody(Struct, frozen=True):
    """Tells what the result says to a choice. `html` is there if it is more than plain words."""

    text: str
    html: str | UnsetType = UNSET


class Explained(Struct, frozen=True, kw_only=True):
    """Tells what those who prepared a question say with its result, if anything.

    `feedback` is by letter. The `html` is there if a text is more than plain words.
    """

    explanation: str | UnsetType = UNSET
    explanation_html: str | UnsetType = UNSET
    follow_up: str | UnsetType = UNSET
    follow_up_html: str | UnsetType = UNSET
    feedback: dict[str, FeedbackBody] | UnsetType = UNSET


class Result(Explained, frozen=True, kw_only=True):
    """The result of a question, which is present once it is revealed, and never before.

    `correct` is the right answer, or the first one, or null if none is known. `histograms` has the
    bars of both rounds, and `right` those of their keys that count as right, where `correct` does
    not tell. `voters` has the votes of both rounds, where they are not the sum of the bars.
    Numbers up to `tolerance` away from `correct` are right.
    """

    correct: str | None | UnsetType = UNSET
    histograms: list[dict[str, int]] | UnsetType = UNSET
    right: list[str] | UnsetType = UNSET
    voters: list[int] | UnsetType = UNSET
    tolerance: float | UnsetType = UNSET


class ControlEvent(Event, Result, tag="control", frozen=True, kw_only=True):
    """A transition of the class.

    `deadline` and `server_time` are in seconds since the epoch. The fields of a result are present
    once the question is revealed, and never before. `revision` orders all reports of the state of a
    class; transitions that were stored before revisions existed have none.
    """

    course: str
    message: str
    phase: str
    epoch: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    server_time: float
    revision: int | UnsetType = UNSET


class ClosingEvent(Event, tag="closing", frozen=True, kw_only=True):
    """The open round closes at `deadline`, which was later or not set before.

    It is no transition. `deadline` and `server_time` are in seconds since the epoch.
    """

    course: str
    epoch: int
    question: str
    round: int
    deadline: float
    server_time: float


class PartnersEvent(Event, Company, tag="partners", frozen=True, kw_only=True):
    """The user's current partners. `revision` orders all reports of the state of a class."""

    course: str
    room: str
    partners: list[PartnerBody]
    epoch: int
    revision: int | UnsetType = UNSET


class OwnVote(Struct, frozen=True):
    """A vote of the user; `cast_at` is in seconds since the epoch."""

    choice: str
    confidence: int | None
    rationale: str
    cast_at: float


class OwnDraft(Struct, frozen=True):
    """A choice of the user that counts when the round closes, unless they cast a later vote.

    `sent_at` is in seconds since the epoch.
    """

    choice: str
    confidence: int | None
    rationale: str
    sent_at: float


class VotedEvent(Event, tag="voted", frozen=True, kw_only=True):
    """The user's vote in a round, sent to all sockets of the user."""

    course: str
    question: str
    round: int
    vote: OwnVote


class DraftedEvent(Event, tag="drafted", frozen=True, kw_only=True):
    """The user's draft in the open round, sent to all sockets of the user."""

    course: str
    question: str
    round: int
    draft: OwnDraft


class ReadEvent(Event, tag="read", frozen=True, kw_only=True):
    """How far the user has read in a room, sent to all sockets of the user."""

    room: str
    seq: int


class CourseRenamed(Event, tag="course_renamed", frozen=True, kw_only=True):
    """A course has another slug, `course`. The socket knew it as `former`."""

    course: str
    former: str


class QuestionRenamed(Event, tag="question_renamed", frozen=True, kw_only=True):
    """A question of a course has another slug, `question`, and had `former` before."""

    course: str
    question: str
    former: str


class QuestionsEvent(Event, tag="questions", frozen=True, kw_only=True):
    """The questions of a course, or their choices, have changed. Ask for them over HTTP."""

    course: str


class MutedEvent(Event, tag="muted", frozen=True, kw_only=True):
    """Until when the user may not post in a course, sent to all sockets of the user.

    `until` is in seconds since the epoch, or null if the user may post.
    """

    course: str
    until: float | None


class Snapshot(Result, frozen=True, kw_only=True):
    """The state of the class for one user. `revision` orders all reports of a class's state.

    It has the fields of a result once the question is revealed.

    `draft` is that of the open round. `muted_until` is the time in seconds since the epoch until
    which the user may not post, which may be past, or null. `archived` is there if the course is,
    and `asks` if the class asks for other things than by default. The fields of `Company` are there
    with `room`; `place` and `seat` if the student said where they are; and `shares_reasons` if they
    consented that others see their reasons without their name. `me` is there if the
    user has a pseudonym.
    """

    course: str
    message: str
    phase: str
    epoch: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    server_time: float
    votes: list[OwnVote | None]
    draft: OwnDraft | None
    muted_until: float | None
    room: str | None
    partners: list[PartnerBody]
    revision: int
    archived: Literal[True] | UnsetType = UNSET
    convinced: ConvincedBody | UnsetType = UNSET
    asks: Asks | UnsetType = UNSET
    group: int | UnsetType = UNSET
    group_place: GroupPlace | UnsetType = UNSET
    offered: OfferedReason | UnsetType = UNSET
    place: PlaceName | UnsetType = UNSET
    seat: str | UnsetType = UNSET
    shares_reasons: Literal[True] | UnsetType = UNSET
    me: Me | UnsetType = UNSET


_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """Return the frame of an event."""
    return _encoder.encode(event)


def refusal(uuid: str | None, action: str | None, code: str, message: str, **extra: Any) -> bytes:
    """Return the frame that refuses a command."""
    return _encoder.encode(
        {
            "uuid": uuid,
            "action": action,
            "status": "error",
            "error_message": message,
            "error_code": code,
            **extra,
        }
    )
