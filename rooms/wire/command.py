"""Defines what all commands have in common."""

from msgspec import Struct

from rooms.wire.fields import Epoch, Uuid


class Command(Struct, tag_field="action", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A command of a client. The reply repeats its `uuid`."""

    uuid: Uuid

    @property
    def action(self) -> str:
        """Return the name of the command on the wire."""
        return str(self.__struct_config__.tag)


class Control(Command, frozen=True, kw_only=True):
    """A command of an instructor. If `epoch` is given, it must be the current one."""

    epoch: Epoch = None
