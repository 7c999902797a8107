"""Declares the replies to commands that were carried out.

Each reply carries the `uuid` and `action` of its command and the `status` success. Its type
declares the other fields. A reply is built from its type, so an undeclared field cannot slip out.
Events, snapshots and figures can be replies, too; their types are in `events`.
"""

from collections.abc import Mapping
from typing import Literal, Self

import msgspec
from msgspec import UNSET, Struct, UnsetType

from rooms.wire.commands import (
    CONTROL_COMMANDS,
    Authenticate,
    CastVote,
    Command,
    DashboardState,
    DraftVote,
    Figures,
    FlagMessage,
    History,
    JoinRoom,
    LeaveRoom,
    ListRooms,
    ListUsers,
    MarkRead,
    NewMessage,
    Ping,
    PrivateMessage,
    Publish,
    Resume,
    SayConvinced,
    SelectRoom,
    SendTo,
    SetPlace,
    ShareReasons,
    State,
    Subscribe,
    Unsubscribe,
)
from rooms.wire.convinced import ConvincedBody
from rooms.wire.events import (
    MessageBody,
    NewMessageEvent,
    Person,
    RoomInfo,
    Snapshot,
)
from rooms.wire.fields import RoundNumber
from rooms.wire.figures import FiguresBody
from rooms.wire.group_commands import (
    VisitGroup,
)
from rooms.wire.partners import PlaceName


class Authenticated(Struct, frozen=True):
    user: Person


class Rooms(Struct, frozen=True):
    """Lists the rooms that the user is in and the open rooms of their courses."""

    rooms: list[RoomInfo]


class Joined(Struct, frozen=True):
    room: str


class Left(Struct, frozen=True):
    room: str


class User(Struct, frozen=True):
    username: str
    display_name: str
    online: bool
    pseudonym: Literal[True] | UnsetType = UNSET


class Users(Struct, frozen=True):
    users: list[User]


class Selected(Struct, frozen=True):
    """Holds the newest messages of a room, oldest first."""

    room: str
    room_messages: list[MessageBody]
    last_seq: int


class Page(Struct, frozen=True):
    """Holds messages of a room, oldest first. `more` tells whether there are earlier ones."""

    room: str
    room_messages: list[MessageBody]
    more: bool


class Missed(Struct, frozen=True):
    """Holds the messages after the last one that the client has seen in a room.

    With `reset` they are the newest messages, and the client forgets all older ones. A room that
    the user is not in has only the `error_code`.
    """

    messages: list[MessageBody] | UnsetType = UNSET
    last_seq: int | UnsetType = UNSET
    reset: Literal[True] | UnsetType = UNSET
    error_code: Literal["invalid_room_id"] | UnsetType = UNSET


class Resumed(Struct, frozen=True):
    """Holds the missed messages by room."""

    rooms: dict[str, Missed]


class HasRead(Struct, frozen=True):
    room: str
    seq: int


class Flagged(Struct, frozen=True):
    room: str
    seq: int
    flagged: bool


class Voted(Struct, frozen=True):
    """Confirms a vote. If a user has two in a round, the one with the later `cast_at` counts."""

    round: RoundNumber
    choice: str
    cast_at: float


class Drafted(Struct, frozen=True):
    """Answers a draft. `kept` is false, and `sent_at` null, if the user has cast a later vote."""

    round: RoundNumber
    kept: bool
    sent_at: float | None


class Convinced(Struct, frozen=True):
    """Confirms what the user said convinced them. What has the later `said_at` counts."""

    convinced: ConvincedBody


class Placed(Struct, frozen=True):
    """Confirms where the user is; `seat` is empty elsewhere, and if the course does not ask it."""

    place: PlaceName
    seat: str


class Sharing(Struct, frozen=True):
    """Confirms whether others may see the user's reasons without their name."""

    shared: bool


class Subscribed(Struct, frozen=True):
    topic: str


class Unsubscribed(Struct, frozen=True):
    topic: str


class Sent(Struct, frozen=True):
    """Confirms that the data is on its way, and not that anybody receives it."""


class Pong(Struct, frozen=True):
    """Tells the time of the server, in seconds since the epoch."""

    time: float


class Moved(Struct, frozen=True):
    """Tells the phase and epoch after a control command. `groups` is the number of groups, and
    `question` the slug of the question, that the command made; other commands have none."""

    phase: str
    epoch: int
    groups: int | UnsetType = UNSET
    question: str | UnsetType = UNSET

    @classmethod
    def to(cls, phase: str, epoch: int, groups: int | None, question: str | None = None) -> Self:
        """Return the reply. It has no `groups` and no `question` if they are None."""
        return cls(
            phase=phase,
            epoch=epoch,
            groups=UNSET if groups is None else groups,
            question=UNSET if question is None else question,
        )


class Visited(Struct, frozen=True):
    """Holds the newest messages of a group's room, oldest first.

    They may be read on over HTTP until the time `until`, in seconds since the epoch.
    """

    phase: str
    epoch: int
    group: int
    room: str
    room_messages: list[MessageBody]
    last_seq: int
    until: float


REPLIES: Mapping[type[Command], type[Struct]] = {
    Authenticate: Authenticated,
    ListRooms: Rooms,
    JoinRoom: Joined,
    LeaveRoom: Left,
    ListUsers: Users,
    SelectRoom: Selected,
    History: Page,
    Resume: Resumed,
    NewMessage: NewMessageEvent,
    PrivateMessage: NewMessageEvent,
    MarkRead: HasRead,
    FlagMessage: Flagged,
    State: Snapshot,
    CastVote: Voted,
    DraftVote: Drafted,
    SayConvinced: Convinced,
    SetPlace: Placed,
    ShareReasons: Sharing,
    Subscribe: Subscribed,
    Unsubscribe: Unsubscribed,
    Publish: Sent,
    SendTo: Sent,
    Ping: Pong,
    **dict.fromkeys(CONTROL_COMMANDS, Moved),
    VisitGroup: Visited,
    Figures: FiguresBody,
    DashboardState: Snapshot,
}
"""The type of the reply to each command. An event is the whole reply, the same bytes that everybody
else gets. The server answers `typing` only with refusals."""


class _Head(Struct, frozen=True):
    uuid: str
    action: str
    status: Literal["success"] = "success"


_encoder = msgspec.json.Encoder()


def encode(command: Command, reply: Struct) -> bytes:
    """Return the frame that answers a command."""
    head = _encoder.encode(_Head(command.uuid, command.action))
    body = _encoder.encode(reply)
    return head if body == b"{}" else b"%b,%b" % (head[:-1], body[1:])
