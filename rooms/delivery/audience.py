"""The sockets that get the same frames and, for a room, the messages they have received."""

import asyncio
from collections.abc import Hashable, Iterable

from rooms import metrics
from rooms.delivery.connection import Batch, LiveConnection


class Audience:
    """Sockets of this process that get the same frames.

    For a room, `head` is the number of the last message delivered to them, and `waiting` holds
    messages that arrived before their turn. `joining` holds the sockets that still have to receive
    the messages that the others have.
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
        # The batches that they must get after the messages they miss.
        self.joining: dict[LiveConnection, list[Batch]] = {}
        self.waiting: dict[int, list[bytes]] = {}
        # Frames that report the removal of messages that they have not received yet.
        self.removed: dict[int, bytes] = {}
        self.filling: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return bool(self.connections or self.joining)

    def advance(self) -> list[bytes]:
        """Return the frames of the messages that are next, and count them as delivered."""
        ready: list[bytes] = []
        assert self.head is not None
        while (found := self.waiting.pop(self.head + 1, None)) is not None:
            ready += found
            self.head += 1
            if self.removed and (gone := self.removed.pop(self.head, None)):
                ready.append(gone)
        return ready

    def write(self, frames: list[bytes], skip: Hashable | None = None) -> None:
        """Send frames to the sockets of all users but `skip`. Joining sockets get nothing yet."""
        batch = Batch(frames)
        metrics.DELIVERIES.inc(len(frames) * len(self.connections))
        if skip is None:
            for connection in self.connections:
                connection.write(batch)
        else:
            for connection in self.connections:
                if connection.user_id != skip:
                    connection.write(batch)

    def write_later(self, frames: Iterable[bytes], skip: Hashable | None = None) -> None:
        """Keep frames that are not messages of the room for the joining sockets."""
        if not self.joining:
            return
        batch = Batch(list(frames))
        for connection, later in self.joining.items():
            if connection.user_id != skip:
                later.append(batch)

    def joined(self, connection: LiveConnection) -> None:
        """Note that a joining socket has caught up, and send it the batches kept for it."""
        later = self.joining.pop(connection, [])
        self.connections[connection] = None
        for batch in later:
            connection.write(batch)
