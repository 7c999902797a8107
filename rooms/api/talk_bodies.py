"""Types of the bodies about partner groups and flagged messages, for those who lead a course.

Times are in seconds since the epoch.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.api.bodies import Listed, Strict
from rooms.wire.events import MessageBody
from rooms.wire.fields import RoomId, Seq


class GroupMember(Struct, frozen=True):
    """A member of a group. `choice` is that of the first vote, and `messages` counts their texts.

    `muted_until` is there while the member is muted; `place` and `seat` where the course asks.
    `pseudonym` is there if username and display name are one, and `name` the name behind it, if
    those who lead may know it.
    """

    username: str
    display_name: str
    online: bool
    choice: str | None
    messages: int
    muted_until: float | UnsetType = UNSET
    place: str | UnsetType = UNSET
    seat: str | UnsetType = UNSET
    pseudonym: Literal[True] | UnsetType = UNSET
    name: str | UnsetType = UNSET


class GroupInfo(Struct, frozen=True):
    """A partner group of the current question.

    `talk` tells how its members talk: `silent`, `one_sided`, `agreed`, `lively`, `starting`,
    `face_to_face` or `away`. `last_at` is the time of the last text, or null. `method`, `mixed`
    (whether the voters answered differently), `right` (how many were right), `confidence_gap`,
    `repeats` (pairs who were partners before), `place` and `broken` (pairs that a rule of the
    course keeps apart, unless nobody may know who is who) say how the group was made, and `reason`
    says the same in words; what is not known is left out. `flags` is the number of flagged messages
    in its room.
    """

    group: int
    room: str
    members: list[GroupMember]
    talk: str
    messages: int
    last_at: float | None
    flags: int
    slow_seconds: int
    method: str | UnsetType = UNSET
    voters: int | UnsetType = UNSET
    mixed: bool | UnsetType = UNSET
    right: int | UnsetType = UNSET
    confidence_gap: int | UnsetType = UNSET
    repeats: int | UnsetType = UNSET
    place: str | UnsetType = UNSET
    broken: int | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class GroupToAsk(Struct, frozen=True):
    """A group that is worth a visit; `why` has its `talk`, then what else speaks for it:
    `different_answers` or `same_answer`, `nobody_right`."""

    group: int
    why: list[str]


class Groups(Listed[GroupInfo], frozen=True):
    """The partner groups of the current question, by number. `ask` has up to three of them."""

    ask: list[GroupToAsk]
    server_time: float


class VisitQuery(Strict, frozen=True, kw_only=True):
    """The messages that the client wants: those after a number, or the newest ones."""

    after: Seq | None = None


class FlagInfo(Struct, frozen=True):
    """A flagged message; `group` is that of the current question in whose room it is, if any."""

    message: MessageBody
    flags: int
    since: float
    room_title: str
    group: int | None


class Flags(Listed[FlagInfo], frozen=True):
    """The flagged messages of a course that nobody has seen to, oldest first."""


class Settling(Strict, frozen=True, kw_only=True):
    """The message whose flags are seen to.

    `settled: false` takes that back. With the `since` that was listed, flags that were seen to
    before stay so.
    """

    message: RoomId
    settled: bool = True
    since: Annotated[float, Meta(ge=0, le=1e11)] | None = None
