"""What processes tell each other through the channel layer.

An entry names the audience it is for; a process that has none of that audience drops it. The
entries of one commit travel together, as one message of the channel layer for each group.
"""

from typing import Any

import msgspec
from msgspec import Struct


class Stored(Struct, tag="s", array_like=True, frozen=True):
    """A stored message of a room: its number and its frames, in order.

    `revision` is that of the class, where one of the frames tells where it stands, else 0.
    """

    audience: str
    seq: int
    frames: list[bytes]
    revision: int = 0


class Removed(Struct, tag="r", array_like=True, frozen=True):
    """The text of a stored message is gone: the frame that tells so, to go after the message's."""

    audience: str
    seq: int
    frame: bytes


class Passing(Struct, tag="p", array_like=True, frozen=True):
    """A frame that is not stored; `skip` is the id of a user who does not get it.

    `revision` is that of the class, where the frame tells who is whose partner, else 0.
    """

    audience: str
    frame: bytes
    skip: int | None = None
    revision: int = 0


class Join(Struct, tag="j", array_like=True, frozen=True):
    """Users became members of a room: their sockets get its frames after `head`, and `frame`.

    `group` is the one in which the frames of the room travel.
    """

    users: list[int]
    audience: str
    group: str
    head: int
    frame: bytes


class Leave(Struct, tag="l", array_like=True, frozen=True):
    """Users are members no more: their sockets get `frame`, and nothing of the room after it."""

    users: list[int]
    audience: str
    frame: bytes


class Changed(Struct, tag="c", array_like=True, frozen=True):
    """The figures that an audience of dashboards is shown are out of date."""

    audience: str


class PresenceChange(Struct, tag="n", array_like=True, frozen=True):
    """A user is here now in some rooms, or is not: online or away, a member or one no more."""

    user: int
    username: str
    audiences: list[str]
    here: bool


class Close(Struct, tag="x", array_like=True, frozen=True):
    """All sockets of an audience are closed, or those of one user in it, or one, by its id."""

    code: int
    audience: str
    user: int | None = None
    connection: str | None = None


class Recheck(Struct, tag="k", array_like=True, frozen=True):
    """What sockets of these users stand on may have changed: the database is asked.

    `password` tells that it was the password, with which the session of who changed it gets a
    new key.
    """

    users: list[int]
    password: bool = False


class Topic(Struct, tag="t", array_like=True, frozen=True):
    """A frame for the subscribers of a topic of the course."""

    topic: str
    frame: bytes


class Unenrolled(Struct, tag="u", array_like=True, frozen=True):
    """Users are in the course no more: their subscriptions to its topics end."""

    users: list[int]


class Direct(Struct, tag="d", array_like=True, frozen=True):
    """A frame for single sockets, by their ids."""

    connections: list[str]
    frame: bytes


Entry = (
    Stored
    | Removed
    | Passing
    | Join
    | Leave
    | Changed
    | PresenceChange
    | Close
    | Recheck
    | Topic
    | Unenrolled
    | Direct
)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Entry]] = msgspec.msgpack.Decoder(list[Entry])


def pack(origin: str, group: str, entries: list[Entry]) -> dict[str, Any]:
    """The channel-layer message with these entries, sent by the process `origin`."""
    return {
        "type": "peerchat.entries",
        "origin": origin,
        "group": group,
        "entries": _encoder.encode(entries),
    }


def unpack(message: dict[str, Any]) -> list[Entry]:
    """The entries of a channel-layer message."""
    return _decoder.decode(message["entries"])
