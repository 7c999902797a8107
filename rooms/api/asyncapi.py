"""The AsyncAPI document of the sockets, made from the types that parse and build their frames."""

import functools
import inspect
from typing import Any

import msgspec

from rooms import __version__
from rooms.api.schema import Schema, error_schema, schemas
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS, Command
from rooms.wire.events import (
    ControlEvent,
    Event,
    FeedJoined,
    FeedLeft,
    FeedWelcome,
    FiguresEvent,
    MessageRemoved,
    NewMessageEvent,
    Welcome,
)

_EVENTS: dict[str, tuple[type[Event], ...]] = {
    "feed": (FeedWelcome, FeedJoined, FeedLeft),
    "instructor": (
        Welcome,
        NewMessageEvent,
        MessageRemoved,
        ControlEvent,
        FiguresEvent,
    ),
}
_ONLY_ELSEWHERE = {*_EVENTS["feed"], FiguresEvent}


def events(channel: str) -> tuple[type[Event], ...]:
    """The events of a kind of socket."""
    if channel in _EVENTS:
        return _EVENTS[channel]
    return tuple(kind for kind in Event.__subclasses__() if kind not in _ONLY_ELSEWHERE)


COMMANDS: dict[str, tuple[type[Command], ...]] = {
    "chat": CHAT_COMMANDS,
    "instructor": DASHBOARD_COMMANDS,
}


@functools.cache
def document() -> Schema:
    """The document, without the servers."""
    kinds = {
        *(kind for commands in COMMANDS.values() for kind in commands),
        *(kind for channel in ("chat", "instructor", "feed") for kind in events(channel)),
    }
    _, components = schemas(*sorted(kinds, key=lambda kind: kind.__name__))
    messages = {kind.__name__: _message(kind) for kind in kinds}
    components |= {
        "Success": {
            "type": "object",
            "description": (
                "The reply to a command that succeeded; it also has the fields of the command. The "
                "reply to `new_message` and `private_message` is the event itself."
            ),
            "properties": {
                "uuid": {"type": "string"},
                "action": {"type": "string"},
                "status": {"const": "success"},
            },
            "required": ["uuid", "action", "status"],
        },
        "Refusal": _refusal(),
        "Frame": {"type": "string", "description": "Any text, relayed unchanged."},
    }
    messages |= {
        "Success": _made_of("Success", "The reply to a command that succeeded."),
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


def _names(channel: str) -> tuple[list[str], list[str]]:
    """The messages that clients send on a channel, and those that the server sends."""
    sent = [kind.__name__ for kind in events(channel)]
    if channel == "feed":
        return ["Frame"], [*sent, "Frame"]
    return [kind.__name__ for kind in COMMANDS[channel]], [*sent, "Success", "Refusal"]


def _channel(name: str, address: str, description: str) -> Schema:
    received, sent = _names(name)
    return {
        "address": address,
        "description": description,
        "messages": {
            one: {"$ref": f"#/components/messages/{one}"} for one in dict.fromkeys(received + sent)
        },
        "bindings": {"ws": {"method": "GET"}},
    }


def _operations() -> Schema:
    operations: Schema = {}
    for channel in ("chat", "instructor", "feed"):
        received, sent = _names(channel)
        there = {"$ref": f"#/channels/{channel}"}
        for name in received:
            operation: Schema = {
                "action": "receive",
                "channel": there,
                "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
            }
            if channel != "feed":
                replies = ["Success", "Refusal"]
                if name in ("NewMessage", "PrivateMessage"):
                    replies[0] = NewMessageEvent.__name__
                operation["reply"] = {
                    "channel": there,
                    "messages": [
                        {"$ref": f"#/channels/{channel}/messages/{reply}"} for reply in replies
                    ],
                }
            operations[f"{channel}Receive{name}"] = operation
        operations[f"{channel}Send"] = {
            "action": "send",
            "channel": there,
            "messages": [
                {"$ref": f"#/channels/{channel}/messages/{name}"}
                for name in sent
                if name not in ("Success", "Refusal")
            ],
        }
    return operations


def _message(kind: type[msgspec.Struct]) -> Schema:
    message = _made_of(kind.__name__, _summary(kind))
    message["name"] = str(kind.__struct_config__.tag)
    if issubclass(kind, Command):
        message["correlationId"] = {"location": "$message.payload#/uuid"}
    return message


def _made_of(name: str, summary: str) -> Schema:
    return {"name": name.lower(), "summary": summary, "payload": _schema(name)}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _summary(kind: type[msgspec.Struct]) -> str:
    """The first sentence of what the type itself says."""
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


def servers(host: str, *, secure: bool) -> dict[str, Any]:
    """The one server there is, as the client reached it."""
    return {"here": {"host": host, "protocol": "wss" if secure else "ws"}}
