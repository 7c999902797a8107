"""Parses commands strictly.

It refuses an unknown field, a wrong type or U+0000 in a text, which PostgreSQL cannot
store.
"""

import re
from typing import Any

import msgspec
import msgspec.structs
from msgspec import Raw

from rooms.wire.commands import Command
from rooms.wire.errors import InvalidJson, InvalidMessageFormat, UnknownAction
from rooms.wire.fields import DATA_DEPTH


class Parser:
    """Parses the commands of one kind of socket."""

    def __init__(self, types: tuple[type[Command], ...]) -> None:
        self._actions = {str(kind.__struct_config__.tag) for kind in types}
        union: Any = types[0]
        for kind in types[1:]:
            union = union | kind
        self._decoder = msgspec.json.Decoder(union)

    def parse(self, frame: str) -> Command:
        """Return the command in a text frame.

        Raises InvalidJson, InvalidMessageFormat or UnknownAction. The error's `extra` has the
        `uuid` and `action` of the frame if they could be read.
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
    """Raise InvalidMessageFormat for data nested so deeply that a receiver's parser may fail."""
    text = bytes(data)
    if text.count(b"[") + text.count(b"{") <= DATA_DEPTH:
        return
    # Keep only the brackets, all of one kind. Each iteration removes the innermost pairs.
    left = _STRING.sub(b"", text).translate(_BRACKETS, _BUT_BRACKETS)
    for _ in range(DATA_DEPTH):
        left = left.replace(b"[]", b"")
        if not left:
            return
    raise InvalidMessageFormat(
        f"The command is not valid: `data` is nested deeper than {DATA_DEPTH} levels."
    )
