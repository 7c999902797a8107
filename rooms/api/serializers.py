"""Serializers over msgspec's types, which parse as strictly as the sockets."""

import functools
import operator
import uuid
from typing import Any, ClassVar

import msgspec
from rest_framework import serializers

from rooms.wire.commands import (
    CONTROL_COMMANDS,
    CastVote,
    DraftVote,
    FlagMessage,
    NewMessage,
    PrivateMessage,
    SayConvinced,
    SetPlace,
    ShareReasons,
)
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.parser import Parser


class StructSerializer(serializers.BaseSerializer):
    """Validates into `struct`, a type of msgspec, and shows instances of it as they are."""

    struct: ClassVar[Any]

    def to_internal_value(self, data: Any) -> Any:
        """Convert the data. Raises InvalidMessageFormat, which names the field."""
        try:
            return msgspec.convert(data, self.struct)
        except msgspec.ValidationError as error:
            raise InvalidMessageFormat(f"The body is not valid: {error}.") from None

    def to_representation(self, instance: Any) -> Any:
        # The renderer knows structs.
        return instance


class CommandSerializer(StructSerializer):
    """Parses a command of the socket from the body of a request.

    The address of the request names the action and the fields in `given`, whose values come with
    the context. A command without a uuid gets one.
    """

    given: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise InvalidMessageFormat("The body is not valid: Expected `object`.")
        for name in ("action", *self.given):
            if name in data:
                raise InvalidMessageFormat(
                    f"The body is not valid: Object contains unknown field `{name}`."
                )
        action = self.struct.__struct_config__.tag
        values = {name: self.context[name] for name in self.given}
        return super().to_internal_value(
            {"uuid": uuid.uuid4().hex, **data, **values, "action": action}
        )


class NewMessageSerializer(CommandSerializer):
    struct = NewMessage
    given = ("room",)


class PrivateMessageSerializer(CommandSerializer):
    struct = PrivateMessage
    given = ("to",)


class NewVoteSerializer(CommandSerializer):
    struct = CastVote
    given = ("course",)


class NewDraftSerializer(CommandSerializer):
    struct = DraftVote
    given = ("course",)


class ConvincedSerializer(CommandSerializer):
    struct = SayConvinced
    given = ("course",)


class FlagSerializer(CommandSerializer):
    struct = FlagMessage
    given = ("room", "seq")


class PlaceSerializer(CommandSerializer):
    struct = SetPlace
    given = ("course",)


class SharingSerializer(CommandSerializer):
    struct = ShareReasons
    given = ("course",)


class ControlSerializer(StructSerializer):
    """Parses any command of an instructor with the parser of the sockets."""

    struct = functools.reduce(operator.or_, CONTROL_COMMANDS)
    parser = Parser(CONTROL_COMMANDS)

    def to_internal_value(self, data: Any) -> Any:
        """Convert the data. Raises InvalidMessageFormat or UnknownAction."""
        if isinstance(data, dict):
            data = {"uuid": uuid.uuid4().hex, **data}
        return self.parser.parse(msgspec.json.encode(data).decode())


class ControlReplySerializer(StructSerializer):
    """Shows the reply of the sockets to one of several commands."""

    commands = CONTROL_COMMANDS


@functools.cache
def of(struct: type[msgspec.Struct]) -> type[StructSerializer]:
    """Return the plain serializer of a type."""
    return type(f"{struct.__name__}Serializer", (StructSerializer,), {"struct": struct})
