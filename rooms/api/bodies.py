"""Types of the bodies and query strings that only the API has, and not the sockets.

Times are in seconds since the epoch, except in exports.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.actions.moderation import MUTE_LIMIT, SLOW_LIMIT
from rooms.wire.events import (
    ChoiceBody,
    Explained,
    MessageBody,
    MyCourse,
    PartnerBody,
    RoomInfo,
)
from rooms.wire.fields import DEFAULT_PAGE, Moment, Page, RoomId, Seq, Slug, Text, Username
from rooms.wire.partners import Company

T = TypeVar("T")

LIST_LIMIT = 500
"""Items in one page of a list."""
WAIT_LIMIT = 25
"""Seconds that a request for messages may wait for one."""

_NO_NUL = r"^[^\x00]*\Z"
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
Topic = Annotated[str, Meta(max_length=500, pattern=_NO_NUL)]


class Strict(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Input from a client. Unknown fields are refused."""


# --- Lists ---------------------------------------------------------------------------------------


class ListQuery(Strict, frozen=True, kw_only=True):
    """The part of a list that the client asks for."""

    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT)] = 100
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Listed(Struct, Generic[T], frozen=True):
    """A part of a list; `next` and `previous` are the addresses of the neighbouring parts."""

    next: str | None
    previous: str | None
    results: list[T]


class Courses(Listed[MyCourse], frozen=True):
    """The courses of the user."""


# --- Tokens --------------------------------------------------------------------------------------


class Credentials(Strict, frozen=True, kw_only=True):
    username: Username
    password: Annotated[str, Meta(min_length=1, max_length=4096, pattern=_NO_NUL)]


class NewToken(Struct, frozen=True):
    """A new token, which cannot be shown again. `expires` is null if the token does not expire."""

    token: str
    expires: float | None


# --- Courses -------------------------------------------------------------------------------------


class TryOutInfo(Struct, frozen=True):
    """A try-out: `course` is the copy, with `students` simulated students, until `ends_at`.

    `copy_of` is null if the course that it is a copy of was deleted.
    """

    course: str
    title: str
    copy_of: str | None
    students: int
    started_at: float
    ends_at: float


class QuestionInfo(Explained, frozen=True, kw_only=True):
    """A question with its right answer, or the first one; `correct` is null if none is known.

    `right` has the letters of all correct choices, `tolerance` is that of a number, and `accepted`
    has all right short texts. `quick` tells whether it was made in a class. Such a question may
    have no words. A draft, which has `is_draft`, cannot be asked yet. Only those who lead the
    course get the `title`, if there is one.
    """

    question: str
    prompt: str
    kind: str
    choices: list[ChoiceBody]
    correct: str | None
    quick: bool = False
    prompt_html: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    is_draft: Literal[True] | UnsetType = UNSET
    title: str | UnsetType = UNSET
    right: list[str] | UnsetType = UNSET
    number: float | UnsetType = UNSET
    tolerance: float | UnsetType = UNSET
    accepted: list[str] | UnsetType = UNSET


class Questions(Listed[QuestionInfo], frozen=True):
    """The questions of a course."""


class RoundInfo(Struct, frozen=True):
    """A round of a question, with the wording and the choices that it was asked with.

    Only instructors get `correct`, `votes`, `histogram` (without the bars that are empty), and
    `right`, the keys of the histogram that count as right.
    """

    question: str
    prompt: str
    kind: str
    choices: list[ChoiceBody]
    round: Literal[1, 2]
    opened_at: float
    closed_at: float | None
    unit: str | UnsetType = UNSET
    correct: str | None | UnsetType = UNSET
    votes: int | UnsetType = UNSET
    histogram: dict[str, int] | UnsetType = UNSET
    right: list[str] | UnsetType = UNSET


class SessionInfo(Struct, frozen=True):
    """A class session; `rounds` has its last 200 rounds, in order."""

    session: int
    started_at: float
    ended_at: float | None
    phase: str
    epoch: int
    rounds: list[RoundInfo]


class Sessions(Listed[SessionInfo], frozen=True):
    """The class sessions of a course, newest first."""


class MyVote(Struct, frozen=True):
    session: int
    question: str
    round: Literal[1, 2]
    choice: str
    confidence: int | None
    rationale: str
    cast_at: float


class MyVotes(Listed[MyVote], frozen=True):
    """The user's own votes in a course, newest first."""


class Partners(Company, frozen=True, kw_only=True):
    """The user's partners. `room` is null if there are none, or if they are not announced yet."""

    course: str
    room: str | None
    partners: list[PartnerBody]
    epoch: int
    revision: int


# --- Rooms ---------------------------------------------------------------------------------------


class NewRoom(Strict, frozen=True, kw_only=True):
    course: Slug
    title: Title
    topic: Topic = ""


class RoomDetails(RoomInfo, frozen=True, kw_only=True):
    """A room.

    `joined` tells whether the user is in it. `unread` is the number of messages that the user has
    not read. `slow_seconds` is the time that a student has to wait between two messages.
    """

    joined: bool
    unread: int
    topic: str
    slow_seconds: int
    created_by: str | None


class Rooms(Listed[RoomDetails], frozen=True):
    """The rooms that the user is in and the open rooms of their courses."""


class RoomChanges(Strict, frozen=True, kw_only=True):
    """Changes to a room. A field that is left out stays as it is."""

    topic: Topic | UnsetType = UNSET
    slow_seconds: Annotated[int, Meta(ge=0, le=SLOW_LIMIT)] | UnsetType = UNSET


class Read(Strict, frozen=True, kw_only=True):
    seq: Seq


class Mention(Struct, frozen=True):
    """A message that mentions the user; `unread` is true until the user has read it."""

    message: MessageBody
    unread: bool


class Mentions(Listed[Mention], frozen=True):
    """The messages that mention the user, newest first."""


class SearchQuery(Strict, frozen=True, kw_only=True):
    """A search in all rooms of the user, in one of them, or in those of one course.

    `q` may contain words, all of which must occur, "phrases" in quotes and -exclusions.
    """

    q: Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
    room: RoomId | None = None
    course: Slug | None = None
    limit: Page = DEFAULT_PAGE


class Found(Struct, frozen=True):
    """The messages found, newest first."""

    results: list[MessageBody]


class NewMute(Strict, frozen=True, kw_only=True):
    username: Username
    seconds: Annotated[int, Meta(ge=1, le=MUTE_LIMIT)]


class Mute(Struct, frozen=True):
    """A student who may not post until a point in time."""

    username: str
    display_name: str
    until: float
    pseudonym: Literal[True] | UnsetType = UNSET


class Mutes(Listed[Mute], frozen=True):
    """The students of a course who may not post at the moment."""


class MessagesQuery(Strict, frozen=True, kw_only=True):
    """A part of the messages: the oldest after a number, those before one, or the newest.

    `since` is the `server_time` of the last state that the client has read.
    """

    after: Seq | None = None
    before: Seq | None = None
    limit: Page = DEFAULT_PAGE
    wait: Annotated[float, Meta(ge=0, le=WAIT_LIMIT)] = 0
    since: Moment | None = None


class Messages(Struct, frozen=True):
    """Messages of a room, oldest first.

    `next` is the address of the messages that follow, if there are any yet, and `previous` that of
    the messages before. `last_seq` is the number of the room's newest message, `last_read_seq` that
    of the last message that the user has read, on any device. `state_changed` is there if the
    client waited, gave `since`, and should read the state of the class again.
    """

    room: str
    last_seq: int
    last_read_seq: int
    next: str | None
    previous: str | None
    results: list[MessageBody]
    state_changed: Literal[True] | UnsetType = UNSET


# --- The producer --------------------------------------------------------------------------------


class PeerMessage(Strict, frozen=True, kw_only=True):
    """A peer message. `time` is accepted but ignored, because the server sets all times."""

    type: Literal["text", "control"]
    message: Text
    course_name: Slug
    div_id: Annotated[str, Meta(max_length=60, pattern=_NO_NUL)]
    to: Username | Annotated[list[Username], Meta(max_length=100)] | None = None
    broadcast: bool = False
    time: Annotated[str, Meta(max_length=64)] | float | None = None
    sender: Username | None = msgspec.field(name="from", default=None)


# --- The use log ---------------------------------------------------------------------------------


class UseLogQuery(Strict, frozen=True, kw_only=True):
    """`since` (inclusive) and `until` (exclusive): ISO 8601, or seconds since the epoch.

    `bom`: whether CSV begins with a byte-order mark, by which spreadsheets know UTF-8.
    """

    format: Literal["csv", "jsonl", "xlsx"] = msgspec.field(name="as", default="csv")
    since: Annotated[str, Meta(max_length=40)] | None = None
    until: Annotated[str, Meta(max_length=40)] | None = None
    names: Literal["real", "pseudonyms"] = "real"
    bom: bool = True
