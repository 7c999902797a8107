"""Commands with something in each of their fields, made from their types."""

from typing import Any

import msgspec

from rooms.wire.commands import CHAT_COMMANDS, CONTROL_COMMANDS, Command, SetCorrect

CHAT = {str(kind.__struct_config__.tag): kind for kind in CHAT_COMMANDS}
CONTROL = {str(kind.__struct_config__.tag): kind for kind in CONTROL_COMMANDS}
# Values for required fields; a field of a new kind fails in `fields` until it has a
# value here.
VALUES: dict[str, Any] = {
    "before": 5,
    "seq": 1,
    "limit": 5,
    "text": "hello",
    "choice": "A",
    "data": {"a": 1},
    "question": "force",
    "round": 1,
    "group": 1,
    "by": "thought",
    "groups": [1, 2],
    "seconds": 5,
    "place": "hall",
    "shared": True,
    "token": "pc_none",
    "conn_id": "nobody",
}


def required(kind: type[Command]) -> list[str]:
    """The fields that a command must have besides its uuid.

    `choice` is one where `choices` do not take its place.
    """
    return [
        one.encode_name
        for one in msgspec.structs.fields(kind)
        if (one.required and one.encode_name != "uuid")
        or (kind, one.encode_name) == (SetCorrect, "choice")
    ]


def names(kind: type[Command]) -> set[str]:
    return {one.encode_name for one in msgspec.structs.fields(kind)}


def fields(kind: type[Command], **given: Any) -> dict[str, Any]:
    """A command's fields, those of `given` that it has among them."""
    known = {**VALUES, **given}
    return {
        **{name: known[name] for name in required(kind)},
        **{name: value for name, value in given.items() if name in names(kind)},
    }
