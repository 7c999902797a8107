"""A client of a peerchat site, for programs and for a terminal.

    from peerchat.client import Client

    async with await Client.log_in("https://peer.example.edu", "student1", "secret") as client:
        await client.send(room, "Hello")
        async for event in client.listen():
            ...

It reconnects and resumes automatically, repeats unacknowledged commands, and yields every message
once and in order. `python -m peerchat.client` is a chat in a terminal.
"""

from peerchat.client.client import Client
from peerchat.client.events import DirectData, Reset, Resumed, TopicMessage
from peerchat.client.reconnecting import ClientError, Closed, CommandRefused, Denied, Unreachable
from rooms.wire.arguments import ConvincedEvent
from rooms.wire.events import (
    ClosingEvent,
    ControlEvent,
    DraftedEvent,
    MessageRemoved,
    MutedEvent,
    NewMessageEvent,
    PartnersEvent,
    Presence,
    ReadEvent,
    RoomAdded,
    RoomRemoved,
    SystemEvent,
    TypingEvent,
    VotedEvent,
)
from rooms.wire.figures import FiguresEvent
from rooms.wire.talk_events import MessageRestored

__all__ = [
    "Client",
    "ClientError",
    "Closed",
    "ClosingEvent",
    "CommandRefused",
    "ControlEvent",
    "ConvincedEvent",
    "Denied",
    "DirectData",
    "DraftedEvent",
    "FiguresEvent",
    "MessageRemoved",
    "MessageRestored",
    "MutedEvent",
    "NewMessageEvent",
    "PartnersEvent",
    "Presence",
    "ReadEvent",
    "Reset",
    "Resumed",
    "RoomAdded",
    "RoomRemoved",
    "SystemEvent",
    "TopicMessage",
    "TypingEvent",
    "Unreachable",
    "VotedEvent",
]
