"""The frames of the wire contract, as types.

A command is parsed strictly: an unknown field, a wrong type or U+0000 in a text (which PostgreSQL
cannot store) is refused. An event is built from its type, so that an undeclared field cannot slip
out. Nothing here knows Django.
"""

import re
from typing import Annotated, Any, Literal

import msgspec
import msgspec.structs
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from rooms.wire.errors import (
    EmptyText,
    InvalidJson,
    InvalidMessageFormat,
    TextTooLong,
    UnknownAction,
)

TEXT_LIMIT = 4000
"""Characters in a message, after trimming."""
RATIONALE_LIMIT = 1000
"""Characters in the rationale of a vote, after trimming."""
RESUME_LIMIT = 500
"""Missed messages that `resume` sends of one room; where more are missing it resets."""
PAGE_LIMIT = 100
"""Messages in one page of history."""
DEFAULT_PAGE = 20
"""Messages in a page where the client names no limit."""
SEND_TO_LIMIT = 100
"""Sockets that one `send_to` may name."""
DATA_DEPTH = 100
"""Arrays and objects within each other in the data that clients send to each other."""
SECONDS_LIMIT = 3600
"""Seconds a vote may be given at the most."""

# PostgreSQL stores no U+0000; a lone surrogate cannot be encoded at all and is refused by msgspec.
_NO_NUL = r"^[^\x00]*\Z"

Uuid = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NO_NUL)]
RoomId = Annotated[str, Meta(max_length=36)]
Slug = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[-a-zA-Z0-9_]+\Z")]
Username = Annotated[str, Meta(min_length=1, max_length=150, pattern=_NO_NUL)]
ConnectionId = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(pattern=_NO_NUL)]
# 2**53 - 1: what every JSON client can count to, and well within the database's integers.
Seq = Annotated[int, Meta(ge=0, le=9007199254740991)]
Page = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]
Seconds = Annotated[float, Meta(ge=1, le=SECONDS_LIMIT)]
Epoch = Seq | None


class Command(Struct, tag_field="action", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a client sends; `uuid` names it in the reply."""

    uuid: Uuid

    @property
    def action(self) -> str:
        """The name of the command on the wire."""
        return str(self.__struct_config__.tag)


class Authenticate(Command, frozen=True, tag="authenticate"):
    token: Annotated[str, Meta(min_length=1, max_length=200)]


class ListRooms(Command, frozen=True, tag="list_rooms"):
    pass


class JoinRoom(Command, frozen=True, tag="join_room"):
    room: RoomId


class LeaveRoom(Command, frozen=True, tag="leave_room"):
    room: RoomId


class ListUsers(Command, frozen=True, tag="list_users"):
    room: RoomId


class SelectRoom(Command, frozen=True, tag="select_room"):
    room: RoomId
    limit: Page = DEFAULT_PAGE


class History(Command, frozen=True, tag="history"):
    room: RoomId
    before: Seq
    limit: Page = DEFAULT_PAGE


class Resume(Command, frozen=True, tag="resume"):
    rooms: Annotated[dict[RoomId, Seq], Meta(max_length=200)]


class NewMessage(Command, frozen=True, tag="new_message"):
    room: RoomId
    text: Text
    reply_to: RoomId | None = None


class PrivateMessage(Command, frozen=True, tag="private_message"):
    to: Username
    text: Text


class Typing(Command, frozen=True, tag="typing"):
    room: RoomId


class MarkRead(Command, frozen=True, tag="mark_read"):
    room: RoomId
    seq: Seq


class State(Command, frozen=True, tag="state"):
    course: Slug


class CastVote(Command, frozen=True, tag="vote"):
    """Vote in the open round.

    A vote that names its `question` and `round` counts in no other one: a vote that was on its way
    for long is `round_closed` then, and is not taken for the answer to the next question.
    """

    course: Slug
    choice: Annotated[str, Meta(max_length=64)]
    confidence: Annotated[int, Meta(ge=1, le=5)] | None = None
    rationale: Text = ""
    question: Slug | None = None
    round: Annotated[int, Meta(ge=1, le=2)] | None = None


class Subscribe(Command, frozen=True, tag="subscribe"):
    """Have what is published to the topics that match, until the socket ends.

    `topic` may have the wildcards of MQTT, but not in its first level, the slug of a course.
    """

    topic: str


class Unsubscribe(Command, frozen=True, tag="unsubscribe"):
    """End a subscription, named as it was made; that there is none is no error."""

    topic: str


class Publish(Command, frozen=True, tag="publish"):
    """Send data to the subscribers of a topic; nothing is stored."""

    topic: str
    data: Raw


class SendTo(Command, frozen=True, tag="send_to"):
    """Send data to single sockets, by the `conn_id` of their `welcome`; nothing is stored.

    An id that no open socket has is passed over: the answer does not tell.
    """

    conn_id: ConnectionId | Annotated[list[ConnectionId], Meta(max_length=SEND_TO_LIMIT)]
    data: Raw


class Ping(Command, frozen=True, tag="ping"):
    pass


class Control(Command, frozen=True, kw_only=True):
    """An instructor's command. Where `epoch` is given it must be the one that stands."""

    epoch: Epoch = None


class StartQuestion(Control, frozen=True, tag="start_question"):
    question: Slug
    seconds: Seconds | None = None


class CountDownAndStop(Control, frozen=True, tag="count_down_and_stop"):
    seconds: Seconds = 5


class StopVote(Control, frozen=True, tag="stop_vote"):
    pass


class MakePartners(Control, frozen=True, tag="make_partners"):
    group_size: Annotated[int, Meta(ge=2, le=5)] = 2
    method: Literal["different_answers", "random", "same_answer", "keep"] = "different_answers"


class EnableChat(Control, frozen=True, tag="enable_chat"):
    pass


class EnableFaceChat(Control, frozen=True, tag="enable_face_chat"):
    pass


class StartRevote(Control, frozen=True, tag="start_revote"):
    seconds: Seconds | None = None


class Reveal(Control, frozen=True, tag="reveal"):
    pass


class Reopen(Control, frozen=True, tag="reopen"):
    pass


class NextQuestion(Control, frozen=True, tag="next_question"):
    question: Slug | None = None


class Announce(Control, frozen=True, tag="announce"):
    text: Text


class MoveStudent(Control, frozen=True, tag="move_student"):
    username: Username
    group: Annotated[int, Meta(ge=1, le=100_000)]


class Figures(Control, frozen=True, tag="figures"):
    pass


class DashboardState(Command, frozen=True, tag="state"):
    """`state` on the instructor's socket, where the course is known."""

    course: Slug | None = None


CHAT_COMMANDS: tuple[type[Command], ...] = (
    Authenticate,
    ListRooms,
    JoinRoom,
    LeaveRoom,
    ListUsers,
    SelectRoom,
    History,
    Resume,
    NewMessage,
    PrivateMessage,
    Typing,
    MarkRead,
    State,
    CastVote,
    Subscribe,
    Unsubscribe,
    Publish,
    SendTo,
    Ping,
)
CONTROL_COMMANDS: tuple[type[Command], ...] = (
    StartQuestion,
    CountDownAndStop,
    StopVote,
    MakePartners,
    EnableChat,
    EnableFaceChat,
    StartRevote,
    Reveal,
    Reopen,
    NextQuestion,
    Announce,
    MoveStudent,
    Figures,
)
DASHBOARD_COMMANDS: tuple[type[Command], ...] = (*CONTROL_COMMANDS, DashboardState, Ping)


class Parser:
    """Parses the commands of one kind of socket."""

    def __init__(self, types: tuple[type[Command], ...]) -> None:
        self._actions = {str(kind.__struct_config__.tag) for kind in types}
        union: Any = types[0]
        for kind in types[1:]:
            union = union | kind
        self._decoder = msgspec.json.Decoder(union)

    def parse(self, frame: str) -> Command:
        """The command in a text frame.

        Raises InvalidJson, InvalidMessageFormat or UnknownAction; the error's `extra` has the
        `uuid` and `action` of the frame as far as they could be read.
        """
        try:
            command: Command = self._decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise self._refusal(frame, error) from None
        return command

    def _refusal(
        self, frame: str, error: Exception
    ) -> InvalidJson | InvalidMessageFormat | UnknownAction:
        try:
            message = msgspec.json.decode(frame)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return InvalidJson()
        if not isinstance(message, dict):
            return InvalidMessageFormat(malformed=True)
        uuid, action = message.get("uuid"), message.get("action")
        named = {
            "uuid": uuid if isinstance(uuid, str) and len(uuid) <= 64 else None,
            "action": action if isinstance(action, str) and len(action) <= 64 else None,
        }
        if not isinstance(uuid, str) or not isinstance(action, str):
            return InvalidMessageFormat(malformed=True, **named)
        if action not in self._actions:
            return UnknownAction(**named)
        return InvalidMessageFormat(f"The command is not valid: {error}.", **named)


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_depth(data: Raw) -> None:
    """Raises InvalidMessageFormat for data on which the parser of whoever gets it may give up."""
    text = bytes(data)
    if text.count(b"[") + text.count(b"{") <= DATA_DEPTH:
        return
    # Only the brackets, of one kind: each turn takes away the innermost ones.
    left = _STRING.sub(b"", text).translate(_BRACKETS, _BUT_BRACKETS)
    for _ in range(DATA_DEPTH):
        left = left.replace(b"[]", b"")
        if not left:
            return
    raise InvalidMessageFormat(
        f"The command is not valid: `data` is nested deeper than {DATA_DEPTH} levels."
    )


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text as it is stored: without white space at its ends.

    Raises EmptyText where nothing is left and TextTooLong beyond `limit` characters.
    """
    text = text.strip()
    if not text:
        raise EmptyText
    if len(text) > limit:
        raise TextTooLong(f"The text is too long: {limit} characters at most.")
    return text


def clean_rationale(text: str) -> str:
    """The rationale of a vote as it is stored. Raises TextTooLong."""
    text = text.strip()
    return clean_text(text, RATIONALE_LIMIT) if text else ""


class Person(Struct, frozen=True):
    username: str
    display_name: str


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
    """What the server sends by itself."""


class NewMessageEvent(Event, tag="new_message", frozen=True, kw_only=True):
    """The sender's reply and everyone else's event at once."""

    uuid: str
    status: Literal["success"] = "success"
    room: str
    message: MessageBody


class MyCourse(Struct, frozen=True):
    course: str
    title: str
    role: str
    room: str


class Limits(Struct, frozen=True):
    """What the server will not go beyond: characters, bytes, rooms, messages."""

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
    """The text is gone; the seq stays."""

    room: str
    seq: int


class TypingEvent(Event, tag="typing", frozen=True, kw_only=True):
    room: str
    user: Person


class Presence(Event, tag="presence", frozen=True, kw_only=True):
    """`online` is a count; the names only come in small rooms."""

    room: str
    online: int
    joined: list[str] | UnsetType = UNSET
    left: list[str] | UnsetType = UNSET


class SystemEvent(Event, tag="system", frozen=True, kw_only=True):
    """A word of the server to one user, for people: not stored."""

    course: str
    text: str


class TopicMessage(Event, tag="topic_message", frozen=True, kw_only=True):
    """What was published to a topic one is subscribed to; once, however many patterns match.

    `data` is as the publisher wrote it; `from` and `conn_id` are their username and socket.
    """

    topic: str
    data: Raw
    from_: str = msgspec.field(name="from")
    conn_id: str


class DirectData(Event, tag="direct_data", frozen=True, kw_only=True):
    """What somebody sent to this socket; `from` and `conn_id` are their username and socket."""

    data: Raw
    from_: str = msgspec.field(name="from")
    conn_id: str


class FeedWelcome(Event, tag="feed_welcome", frozen=True, kw_only=True):
    """The first frame on a feed; `client` is what one is called in its notices."""

    feed: str
    client: str


class FeedJoined(Event, tag="feed_joined", frozen=True, kw_only=True):
    """Somebody is on the feed: everyone on it is told, themselves included."""

    feed: str
    client: str


class FeedLeft(Event, tag="feed_left", frozen=True, kw_only=True):
    """Somebody is on the feed no more."""

    feed: str
    client: str


class ChoiceBody(Struct, frozen=True):
    choice: str
    text: str


class QuestionBody(Struct, frozen=True):
    """A question as students see it: nothing tells which choice is right."""

    question: str
    prompt: str
    kind: str
    choices: list[ChoiceBody]


class ControlEvent(Event, tag="control", frozen=True, kw_only=True):
    """A transition. `deadline` and `server_time` are in seconds since the epoch; `correct` and
    `histograms` are there once the question is revealed, and never before. `revision` orders all
    that is told of where a class stands; transitions stored before there was one have none."""

    course: str
    message: str
    phase: str
    epoch: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    server_time: float
    revision: int | UnsetType = UNSET
    correct: str | None | UnsetType = UNSET
    histograms: list[dict[str, int]] | UnsetType = UNSET


class PartnerBody(Struct, frozen=True):
    username: str
    display_name: str
    choice: str | None


class PartnersEvent(Event, tag="partners", frozen=True, kw_only=True):
    """Who one's partners are now. `revision` orders all that is told of where a class stands."""

    course: str
    room: str
    partners: list[PartnerBody]
    epoch: int
    revision: int | UnsetType = UNSET


class Transitions(Struct, frozen=True):
    right_right: int
    right_wrong: int
    wrong_right: int
    wrong_wrong: int


class FiguresBody(Struct, frozen=True):
    """The live figures. `transitions` and `gain` are null until there is a second round to
    compare with the first."""

    online: int
    votes: list[int]
    histograms: list[dict[str, int]]
    groups: int
    silent_groups: int
    messages: int
    transitions: Transitions | None
    gain: float | None


class FiguresEvent(Event, tag="figures", frozen=True, kw_only=True):
    online: int
    votes: list[int]
    histograms: list[dict[str, int]]
    groups: int
    silent_groups: int
    messages: int
    transitions: Transitions | None
    gain: float | None


def figures_event(body: FiguresBody) -> FiguresEvent:
    return FiguresEvent(**msgspec.structs.asdict(body))


class OwnVote(Struct, frozen=True):
    choice: str
    confidence: int | None
    rationale: str


class Snapshot(Struct, frozen=True):
    """Where the class stands, for the one who asks. `revision` orders all that is told of it."""

    course: str
    message: str
    phase: str
    epoch: int
    question: QuestionBody | None
    round: int | None
    deadline: float | None
    server_time: float
    votes: list[OwnVote | None]
    room: str | None
    partners: list[PartnerBody]
    revision: int
    correct: str | None | UnsetType = UNSET
    histograms: list[dict[str, int]] | UnsetType = UNSET


_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """The frame of an event."""
    return _encoder.encode(event)


def reply(uuid: str, action: str, fields: Any = None) -> bytes:
    """The frame that answers a command that was carried out. `fields` is a struct or a dict."""
    body = {"uuid": uuid, "action": action, "status": "success"}
    if fields is not None:
        body.update(fields if isinstance(fields, dict) else msgspec.to_builtins(fields))
    return _encoder.encode(body)


def refusal(uuid: str | None, action: str | None, code: str, message: str, **extra: Any) -> bytes:
    """The frame that answers a command that was refused."""
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
