"""The bodies and query strings of the API, as types, beside those that the sockets have too.

Times are in seconds since the epoch, except in exports.
"""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.actions.moderation import MUTE_LIMIT, SLOW_LIMIT
from rooms.wire.events import ChoiceBody, MessageBody, MyCourse, PartnerBody, RoomInfo
from rooms.wire.fields import DEFAULT_PAGE, Page, RoomId, Seq, Slug, Text, Username

T = TypeVar("T")

LIST_LIMIT = 500
"""Items in one page of a list."""
WAIT_LIMIT = 25
"""Seconds that a request for messages may wait for one."""

_NO_NUL = r"^[^\x00]*\Z"
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
Topic = Annotated[str, Meta(max_length=500, pattern=_NO_NUL)]


class Strict(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a client sends: unknown fields are refused."""


# --- Lists ---------------------------------------------------------------------------------------


class ListQuery(Strict, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT)] = 100
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Listed(Struct, Generic[T], frozen=True):
    """A part of a list; `next` and `previous` are the addresses of the parts beside it."""

    next: str | None
    previous: str | None
    results: list[T]


class Courses(Listed[MyCourse], frozen=True):
    """The courses one is in."""


# --- Tokens --------------------------------------------------------------------------------------


class Credentials(Strict, frozen=True, kw_only=True):
    username: Username
    password: Annotated[str, Meta(min_length=1, max_length=4096, pattern=_NO_NUL)]


class NewToken(Struct, frozen=True):
    """It cannot be shown again. `expires` is null for one that lasts."""

    token: str
    expires: float | None


# --- Courses -------------------------------------------------------------------------------------


class QuestionInfo(Struct, frozen=True):
    question: str
    prompt: str
    kind: str
    choices: list[ChoiceBody]
    correct: str | None


class Questions(Listed[QuestionInfo], frozen=True):
    """Questions of a course."""


class RoundInfo(Struct, frozen=True):
    """`votes` and `histogram` are for instructors only."""

    question: str
    round: Literal[1, 2]
    opened_at: float
    closed_at: float | None
    votes: int | UnsetType = UNSET
    histogram: dict[str, int] | UnsetType = UNSET


class SessionInfo(Struct, frozen=True):
    """A class; `rounds` has its last 200 rounds, in order."""

    session: int
    started_at: float
    ended_at: float | None
    phase: str
    epoch: int
    rounds: list[RoundInfo]


class Sessions(Listed[SessionInfo], frozen=True):
    """The classes of a course, the last one first."""


class MyVote(Struct, frozen=True):
    session: int
    question: str
    round: Literal[1, 2]
    choice: str
    confidence: int | None
    rationale: str
    cast_at: float


class MyVotes(Listed[MyVote], frozen=True):
    """One's votes in a course, the last one first."""


class Partners(Struct, frozen=True):
    """Without partners, or before they are told of each other, `room` is null."""

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
    """A room. `joined` tells whether one is in it, `unread` how many messages one has not read,
    `slow_seconds` how long a student waits between two messages of theirs."""

    joined: bool
    unread: int
    topic: str
    slow_seconds: int
    created_by: str | None


class Rooms(Listed[RoomDetails], frozen=True):
    """The rooms one is in, and the open ones of one's courses."""


class RoomChanges(Strict, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    topic: Topic | UnsetType = UNSET
    slow_seconds: Annotated[int, Meta(ge=0, le=SLOW_LIMIT)] | UnsetType = UNSET


class Read(Strict, frozen=True, kw_only=True):
    seq: Seq


class Mention(Struct, frozen=True):
    """A message that mentions one; `unread` tells whether one has not read it."""

    message: MessageBody
    unread: bool


class Mentions(Listed[Mention], frozen=True):
    """The messages that mention one, the newest first."""


class SearchQuery(Strict, frozen=True, kw_only=True):
    """Words, all of which must be there; "a phrase"; -without. Where: all one's rooms, or one, or
    those of one course."""

    q: Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
    room: RoomId | None = None
    course: Slug | None = None
    limit: Page = DEFAULT_PAGE


class Found(Struct, frozen=True):
    """Messages, the newest first."""

    results: list[MessageBody]


class NewMute(Strict, frozen=True, kw_only=True):
    username: Username
    seconds: Annotated[int, Meta(ge=1, le=MUTE_LIMIT)]


class Mute(Struct, frozen=True):
    """A student who may not post until then."""

    username: str
    display_name: str
    until: float


class Mutes(Listed[Mute], frozen=True):
    """The students of a course who may not post now."""


class MessagesQuery(Strict, frozen=True, kw_only=True):
    """Which messages: those after a number (the oldest of them), before one, or the newest."""

    after: Seq | None = None
    before: Seq | None = None
    limit: Page = DEFAULT_PAGE
    wait: Annotated[float, Meta(ge=0, le=WAIT_LIMIT)] = 0


class Messages(Struct, frozen=True):
    """Messages in order, oldest first. `next` is the address of those that follow, as far as there
    are any yet, `previous` of those before; `last_seq` is the number of the room's newest."""

    room: str
    last_seq: int
    next: str | None
    previous: str | None
    results: list[MessageBody]


# --- The producer --------------------------------------------------------------------------------


class PeerMessage(Strict, frozen=True, kw_only=True):
    """A peer message. `time` is accepted and not used: times come from the server."""

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
    """`since` (inclusive) and `until` (exclusive): ISO 8601, or seconds since the epoch."""

    format: Literal["csv", "jsonl"] = msgspec.field(name="as", default="csv")
    since: Annotated[str, Meta(max_length=40)] | None = None
    until: Annotated[str, Meta(max_length=40)] | None = None
    names: Literal["real", "pseudonyms"] = "real"
