"""The AsyncAPI document of the sockets, made from the types that parse and build their frames."""

import functools
import inspect
from typing import Any

import msgspec

from rooms import __version__
from rooms.api.schema import Schema, error_schema, replies, reply_name, schemas
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS, SCREEN_COMMANDS, Command
from rooms.wire.course_events import AsksEvent, ClassSettingsEvent, CourseChanged, LeadersEvent
from rooms.wire.events import (
    ClosingEvent,
    ControlEvent,
    CourseRenamed,
    Event,
    MessageRemoved,
    NewMessageEvent,
    QuestionRenamed,
    QuestionsEvent,
    Welcome,
)
from rooms.wire.feeds import FeedJoined, FeedLeft, FeedWelcome
from rooms.wire.figures import FiguresEvent
from rooms.wire.pseudonym_events import PseudonymEvent
from rooms.wire.replies import REPLIES
from rooms.wire.screen import ScreenEvent
from rooms.wire.talk_events import MessageRestored

_EVENTS: dict[str, tuple[type[Event], ...]] = {
    "feed": (FeedWelcome, FeedJoined, FeedLeft),
    "screen": (ScreenEvent,),
    "linkedScreen": (ScreenEvent,),
    "instructor": (
        Welcome,
        NewMessageEvent,
        MessageRemoved,
        MessageRestored,
        ControlEvent,
        ClosingEvent,
        FiguresEvent,
        QuestionsEvent,
        LeadersEvent,
        ClassSettingsEvent,
        AsksEvent,
        CourseChanged,
        PseudonymEvent,
        CourseRenamed,
        QuestionRenamed,
    ),
}
_ONLY_ELSEWHERE = {
    *_EVENTS["feed"],
    ScreenEvent,
    FiguresEvent,
    QuestionsEvent,
    LeadersEvent,
    ClassSettingsEvent,
}


def events(channel: str) -> tuple[type[Event], ...]:
    """Return the events of a kind of socket."""
    if channel in _EVENTS:
        return _EVENTS[channel]
    return tuple(kind for kind in Event.__subclasses__() if kind not in _ONLY_ELSEWHERE)


COMMANDS: dict[str, tuple[type[Command], ...]] = {
    "chat": CHAT_COMMANDS,
    "instructor": DASHBOARD_COMMANDS,
    "screen": SCREEN_COMMANDS,
    "linkedScreen": SCREEN_COMMANDS,
}
_CHANNELS = (*COMMANDS, "feed")


@functools.cache
def document() -> Schema:
    """Return the document without its servers."""
    kinds = {
        *(kind for commands in COMMANDS.values() for kind in commands),
        *(kind for channel in _CHANNELS for kind in events(channel)),
    }
    _, components = schemas(*sorted(kinds, key=lambda kind: kind.__name__))
    described, parts = replies(kind for commands in COMMANDS.values() for kind in commands)
    messages = {kind.__name__: _message(kind) for kind in kinds}
    messages |= {name: _reply(name, schema) for name, schema in described.items()}
    components |= described | parts
    components |= {
        "Refusal": _refusal(),
        "Frame": {"type": "string", "description": "Any text, relayed unchanged."},
    }
    messages |= {
        "Refusal": _made_of("Refusal", "The reply to a command that failed."),
        "Frame": {
            "name": "frame",
            "summary": "A text frame of a feed.",
            "contentType": "text/plain",
            "payload": _schema("Frame"),
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "peerchat",
            "version": __version__,
            "description": (
                "The WebSockets of peerchat: commands go in, replies and events come out, each "
                "one JSON text frame. Credentials are a session cookie, a bearer token, or the "
                "subprotocols `peerchat.v1, token.<token>`."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "chat": _channel(
                "chat", "/ws/chat/", "Rooms, partner chat, votes and the events of your courses."
            ),
            "instructor": {
                **_channel(
                    "instructor",
                    "/ws/instructor/{course}/",
                    "Control commands and live figures, for instructors and assistants.",
                ),
                "parameters": {"course": {"description": "The slug of the course."}},
            },
            "screen": {
                **_channel(
                    "screen",
                    "/ws/screen/{course}/",
                    "What the screen of the hall shows, for instructors and assistants.",
                ),
                "parameters": {"course": {"description": "The slug of the course."}},
            },
            "linkedScreen": _channel(
                "linkedScreen",
                "/ws/screen/",
                "The same by the link of the screen: the subprotocols are `peerchat.v1, "
                "screen.<secret>`, with the last part of its path.",
            ),
            "feed": {
                **_channel(
                    "feed", "/ws/feed/{feed}/", "A bare feed: each frame goes to every client."
                ),
                "parameters": {"feed": {"description": "The name of the feed."}},
            },
        },
        "operations": _operations(),
        "components": {
            "messages": dict(sorted(messages.items())),
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "httpApiKey", "in": "cookie", "name": "sessionid"},
            },
        },
    }


def _received(channel: str) -> dict[str, list[str]]:
    """Return the messages that clients send on a channel, each with its possible answers."""
    if channel == "feed":
        return {"Frame": []}
    return {
        kind.__name__: [*([reply_name(REPLIES[kind])] if kind in REPLIES else []), "Refusal"]
        for kind in COMMANDS[channel]
    }


def _sent(channel: str) -> list[str]:
    """Return the messages that the server sends on a channel without being asked."""
    sent = [kind.__name__ for kind in events(channel)]
    return [*sent, "Frame"] if channel == "feed" else sent


def _channel(name: str, address: str, description: str) -> Schema:
    received = _received(name)
    names = [*received, *_sent(name), *(one for answers in received.values() for one in answers)]
    return {
        "address": address,
        "description": description,
        "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in dict.fromkeys(names)},
        "bindings": {"ws": {"method": "GET"}},
    }


def _operations() -> Schema:
    operations: Schema = {}
    for channel in _CHANNELS:
        there = {"$ref": f"#/channels/{channel}"}
        for name, answers in _received(channel).items():
            operation: Schema = {
                "action": "receive",
                "channel": there,
                "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
            }
            if answers:
                operation["reply"] = {
                    "channel": there,
                    "messages": [
                        {"$ref": f"#/channels/{channel}/messages/{answer}"} for answer in answers
                    ],
                }
            operations[f"{channel}Receive{name}"] = operation
        operations[f"{channel}Send"] = {
            "action": "send",
            "channel": there,
            "messages": [
                {"$ref": f"#/channels/{channel}/messages/{name}"} for name in _sent(channel)
            ],
        }
    return operations


def _message(kind: type[msgspec.Struct]) -> Schema:
    message = _made_of(kind.__name__, _summary(kind))
    message["name"] = str(kind.__struct_config__.tag)
    if issubclass(kind, Command):
        message["correlationId"] = {"location": "$message.payload#/uuid"}
    return message


def _reply(name: str, schema: Schema) -> Schema:
    actions = ", ".join(f"`{action}`" for action in schema["properties"]["action"]["enum"])
    message = _made_of(name, f"The reply to {actions}.")
    message["correlationId"] = {"location": "$message.payload#/uuid"}
    return message


def _made_of(name: str, summary: str) -> Schema:
    return {"name": name.lower(), "summary": summary, "payload": _schema(name)}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _summary(kind: type[msgspec.Struct]) -> str:
    """Return the first line of the docstring of a type."""
    said = kind.__dict__.get("__doc__") or str(kind.__struct_config__.tag).replace("_", " ")
    return inspect.cleandoc(said).partition("\n")[0]


def _refusal() -> Schema:
    said = error_schema()
    return {
        **said,
        "properties": {
            "uuid": {"type": ["string", "null"]},
            "action": {"type": ["string", "null"]},
            "status": {"const": "error"},
            **said["properties"],
        },
        "required": ["uuid", "action", "status", *said["required"]],
    }


def servers(host: str, base: str, *, secure: bool) -> dict[str, Any]:
    """Return the only server, under the address that the client used.

    The channels are below the path `base`.
    """
    server = {"host": host, "protocol": "wss" if secure else "ws"}
    below = base.rstrip("/")
    return {"here": server | ({"pathname": below} if below else {})}
