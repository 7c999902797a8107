"""The sockets that a frame is for and, in a room, what they have got of its messages."""

import asyncio
from collections.abc import Iterable

from rooms import metrics
from rooms.delivery.connection import Batch, LiveConnection


class Audience:
    """Sockets of this process that get the same frames.

    `head`, for a room, is the number of the last message they got; `waiting` holds messages that
    came before their turn. `joining` are sockets that have yet to get what the others have.
    """

    __slots__ = (
        *("connections", "filling", "group", "head", "joining", "name", "removed", "since"),
        "waiting",
    )

    def __init__(self, name: str, group: str, head: int | None, since: float) -> None:
        self.name = name
        self.group = group
        self.head = head
        self.since = since
        self.connections: dict[LiveConnection, None] = {}
        # What must reach them after what they miss.
        self.joining: dict[LiveConnection, list[Batch]] = {}
        self.waiting: dict[int, list[bytes]] = {}
        # What tells that messages are gone which they have not got yet.
        self.removed: dict[int, bytes] = {}
        self.filling: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return bool(self.connections or self.joining)

    def advance(self) -> list[bytes]:
        """The frames of the messages that are next, which then count as delivered."""
        ready: list[bytes] = []
        assert self.head is not None
        while (found := self.waiting.pop(self.head + 1, None)) is not None:
            ready += found
            self.head += 1
            if self.removed and (gone := self.removed.pop(self.head, None)):
                ready.append(gone)
        return ready

    def write(self, frames: list[bytes], skip: int | None = None) -> None:
        """Send frames to all but one user, and to those who join not yet."""
        batch = Batch(frames)
        metrics.DELIVERIES.inc(len(frames) * len(self.connections))
        if skip is None:
            for connection in self.connections:
                connection.write(batch)
        else:
            for connection in self.connections:
                if connection.user_id != skip:
                    connection.write(batch)

    def write_later(self, frames: Iterable[bytes], skip: int | None = None) -> None:
        """See that who joins gets the frames as well, which are no messages of the room."""
        if not self.joining:
            return
        batch = Batch(list(frames))
        for connection, later in self.joining.items():
            if connection.user_id != skip:
                later.append(batch)

    def joined(self, connection: LiveConnection) -> None:
        """The socket has what the others have."""
        later = self.joining.pop(connection, [])
        self.connections[connection] = None
        for batch in later:
            connection.write(batch)
