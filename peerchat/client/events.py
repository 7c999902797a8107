"""Defines the events that a client gets, as types."""

from typing import Any

import msgspec
from msgspec import Struct

from rooms.wire.arguments import ConvincedEvent
from rooms.wire.course_events import AsksEvent, CourseChanged
from rooms.wire.events import (
    ClosingEvent,
    ControlEvent,
    CourseRenamed,
    DraftedEvent,
    MessageRemoved,
    MutedEvent,
    NewMessageEvent,
    PartnersEvent,
    Presence,
    QuestionRenamed,
    ReadEvent,
    RoomAdded,
    RoomRemoved,
    SystemEvent,
    TypingEvent,
    VotedEvent,
)
from rooms.wire.figures import FiguresEvent
from rooms.wire.place_events import PlacedEvent, SharingEvent
from rooms.wire.pseudonym_events import PseudonymEvent
from rooms.wire.talk_events import MessageRestored


class Resumed(Struct, frozen=True):
    """Tells that the lost connection is restored; the missed messages follow."""


class Reset(Struct, frozen=True):
    """Tells that too many messages of a room were missed, so only the newest ones follow."""

    room: str


class TopicMessage(Struct, frozen=True, tag="topic_message", tag_field="action"):
    """Holds data published to a topic; `sender` is a username, `data` any JSON."""

    topic: str
    data: Any
    sender: str = msgspec.field(name="from")
    conn_id: str = ""


class DirectData(Struct, frozen=True, tag="direct_data", tag_field="action"):
    """Holds data sent to this connection; `sender` is a username, `data` any JSON."""

    data: Any
    sender: str = msgspec.field(name="from")
    conn_id: str = ""


Event = (
    NewMessageEvent
    | Presence
    | TypingEvent
    | RoomAdded
    | RoomRemoved
    | MessageRemoved
    | MessageRestored
    | SystemEvent
    | ControlEvent
    | ClosingEvent
    | VotedEvent
    | DraftedEvent
    | ConvincedEvent
    | PlacedEvent
    | SharingEvent
    | ReadEvent
    | MutedEvent
    | PseudonymEvent
    | AsksEvent
    | CourseChanged
    | CourseRenamed
    | QuestionRenamed
    | PartnersEvent
    | FiguresEvent
    | TopicMessage
    | DirectData
)
ON_THE_WIRE = {
    str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in Event.__args__
}
"""The decoder of each event, by the `action` of its frame."""
