"""The notices that processes send each other through the channel layer.

An entry names its audience. A process without sockets of that audience drops the entry. The entries
of one commit travel together, in one message of the channel layer for each group. Each type has a
tag, which stays the same when the class gets another name.
"""

from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

Key = TypeVar("Key")
"""The type of the keys of users: int, UUID or str, whichever the site has."""


class Stored(Struct, tag="s", array_like=True, frozen=True):
    """A stored message of a room, with its number and its frames in order.

    `revision` is that of the class if one of the frames reports the state of the class, else 0.
    """

    audience: str
    seq: int
    frames: list[bytes]
    revision: int = 0


class Removed(Struct, tag="r", array_like=True, frozen=True):
    """The frame that reports the removal of a message's text. It goes out after the message.

    `at` is the time of the removal, in seconds since the epoch: a message that was restored may be
    removed again. It is 0 from workers that run older code.
    """

    audience: str
    seq: int
    frame: bytes
    at: float = 0.0


class Passing(Struct, Generic[Key], tag="p", array_like=True, frozen=True):
    """A frame that is not stored; `skip` is the id of a user who does not get it.

    `revision` is that of the class if the frame reports the partners of a user, else 0. With
    `wakes`, requests that wait for messages are answered, so that their clients read the state.
    """

    audience: str
    frame: bytes
    skip: Key | None = None
    revision: int = 0
    wakes: bool = False


class Join(Struct, Generic[Key], tag="j", array_like=True, frozen=True):
    """New members of a room. Their sockets get `frame`, and the room's frames after `head`.

    `group` is the channel-layer group in which the frames of the room travel.
    """

    users: list[Key]
    audience: str
    group: str
    head: int
    frame: bytes


class Leave(Struct, Generic[Key], tag="l", array_like=True, frozen=True):
    """Former members of a room. Their sockets get `frame`, and nothing of the room after it."""

    users: list[Key]
    audience: str
    frame: bytes


class Changed(Struct, tag="c", array_like=True, frozen=True):
    """A hint that the figures on an audience of dashboards are out of date.

    `votes` is true if nothing but votes has changed. Workers that still run older code leave it
    out, and ignore it.
    """

    audience: str
    votes: bool = False


class PresenceChange(Struct, Generic[Key], tag="n", array_like=True, frozen=True):
    """A change of a user's presence in some rooms.

    `here` is true if the user came online or became a member, and false if they went away or left.
    """

    user: Key
    username: str
    audiences: list[str]
    here: bool


class Close(Struct, Generic[Key], tag="x", array_like=True, frozen=True):
    """An order to close the sockets of an audience, or only those of one user or one connection."""

    code: int
    audience: str
    user: Key | None = None
    connection: str | None = None


class Recheck(Struct, Generic[Key], tag="k", array_like=True, frozen=True):
    """A request to check the sockets of users against the database.

    `password` is true after a change of password, in which the session that made the change gets a
    new key.
    """

    users: list[Key]
    password: bool = False


class Topic(Struct, tag="t", array_like=True, frozen=True):
    """A frame for the subscribers of a topic of the course."""

    topic: str
    frame: bytes


class Unenrolled(Struct, Generic[Key], tag="u", array_like=True, frozen=True):
    """Users who have left the course, whose subscriptions to its topics end."""

    users: list[Key]


class Direct(Struct, tag="d", array_like=True, frozen=True):
    """A frame for single sockets, by their ids."""

    connections: list[str]
    frame: bytes


Entry = (
    Stored
    | Removed
    | Passing[Any]
    | Join[Any]
    | Leave[Any]
    | Changed
    | PresenceChange[Any]
    | Close[Any]
    | Recheck[Any]
    | Topic
    | Unenrolled[Any]
    | Direct
)


def _decoder_for(key: Any) -> msgspec.msgpack.Decoder[list[Entry]]:
    entry = (
        Stored
        | Removed
        | Passing[key]
        | Join[key]
        | Leave[key]
        | Changed
        | PresenceChange[key]
        | Close[key]
        | Recheck[key]
        | Topic
        | Unenrolled[key]
        | Direct
    )
    return msgspec.msgpack.Decoder(list[entry])


_encoder = msgspec.msgpack.Encoder()
_decoder = _decoder_for(int)


def use_keys(key: type[int] | type[UUID] | type[str]) -> None:
    """Set the type of the keys of users for the rest of this process. At first it is int."""
    global _decoder
    _decoder = _decoder_for(key)


def pack(origin: str, group: str, entries: list[Entry]) -> dict[str, Any]:
    """Return the channel-layer message with these entries, sent by the process `origin`."""
    return {
        "type": "peerchat.entries",
        "origin": origin,
        "group": group,
        "entries": _encoder.encode(entries),
    }


def unpack(message: dict[str, Any]) -> list[Entry]:
    """Return the entries of a channel-layer message."""
    return _decoder.decode(message["entries"])
