"""The record of a client: all that it did and saw, in order.

The checker judges only by the records and the database.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is in seconds since the epoch, by the clock that the servers have as well."""

    at: float


@dataclass(frozen=True, slots=True)
class Opened(Entry):
    """A connection stands: its `welcome` is here."""


@dataclass(frozen=True, slots=True)
class Closed(Entry):
    """The connection is gone; without a closing handshake `code` is 1006."""

    code: int


@dataclass(frozen=True, slots=True)
class Live(Entry):
    """A `new_message`: the acknowledgement, where it is one's own."""

    room: str
    seq: int
    uuid: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Added(Entry):
    """The client became a member of the room, by `room_added`."""

    room: str


@dataclass(frozen=True, slots=True)
class Removed(Entry):
    """The client is no member of the room any more, by `room_removed` or the answer to `resume`."""

    room: str


@dataclass(frozen=True, slots=True)
class Asked(Entry):
    """A `resume` for a room went out, with the number seen last."""

    room: str
    after: int


@dataclass(frozen=True, slots=True)
class Resumed(Entry):
    """The answer of `resume` for a room: (number, sender, text) of each message."""

    room: str
    messages: tuple[tuple[int, str, str], ...]
    last_seq: int
    reset: bool


@dataclass(frozen=True, slots=True)
class Sent(Entry):
    """A message went out, for the first time or again; `text` is trimmed."""

    uuid: str
    room: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused(Entry):
    """A message was answered with an error."""

    uuid: str
    code: str


@dataclass(frozen=True, slots=True)
class Told(Entry):
    """A `control` event."""

    message: str
    phase: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Snapshot(Entry):
    """The answer to `state`; `known` is the epoch that was known when it was asked for."""

    phase: str
    epoch: int
    known: int


@dataclass(frozen=True, slots=True)
class Voted(Entry):
    """A vote went out, for the first time or again, for what its client took for the open round."""

    uuid: str
    question: str
    round: int
    choice: str


@dataclass(frozen=True, slots=True)
class Counted(Entry):
    """A vote was acknowledged, for the round with this number."""

    uuid: str
    round: int
    choice: str


@dataclass(frozen=True, slots=True)
class NotCounted(Entry):
    """A vote was answered with an error."""

    uuid: str
    code: str


@dataclass
class Record:
    """The log of a client. `student` is false for those whose socket has no `resume`."""

    name: str
    student: bool = True
    entries: list[Entry] = field(default_factory=list)

    def of(self, kind: type[Entry]) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry, kind)]
