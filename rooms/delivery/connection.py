"""A socket as the hub sees it, and the batches that are written to it."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol

from rooms import metrics
from rooms.delivery.subscriptions import Subscriber
from rooms.delivery.tasks import Tasks


class FrameWriter(Protocol):
    """The interface of the ASGI extension `peerchat.frames` of a server."""

    def prepare(self, frames: list[bytes]) -> bytes:
        """Return the wire bytes of text frames, which are the same for all sockets of a server."""

    def write(self, prepared: bytes) -> int:
        """Write to the socket at once and return the number of bytes that are still unsent."""

    def unsent(self) -> int:
        """Return the number of bytes that the socket has not taken yet."""

    def ping(self) -> None:
        """Ask the client for a sign of life."""

    def last_sign(self) -> float:
        """Return the `time.monotonic()` of the client's last sign of life."""

    def offer(self, take: Callable[[str], bool]) -> None:
        """Call `take` with each text frame as it arrives, unless others wait before it.

        If `take` returns True, it has handled the frame.
        """


class Batch:
    """Frames that go to many sockets together. They are prepared when first needed."""

    __slots__ = ("_texts", "frames", "prepared")

    def __init__(self, frames: list[bytes]) -> None:
        self.frames = frames
        self.prepared = b""
        """The wire bytes. One value is enough, as all sockets of a process belong to one server."""
        self._texts: list[str] | None = None

    def prepare(self, writer: FrameWriter) -> bytes:
        """Prepare the wire bytes and return them."""
        self.prepared = writer.prepare(self.frames)
        return self.prepared

    @property
    def texts(self) -> list[str]:
        if self._texts is None:
            self._texts = [frame.decode() for frame in self.frames]
        return self._texts


class LiveConnection(Subscriber):
    """An open socket, as the hub sees it. The database's row for it is a `Connection`."""

    __slots__ = (
        *("audiences", "closed", "courses", "ended", "id", "moves", "noted_as", "slugs", "taking"),
        *("topics", "under_way", "user_id"),
        *("_asked", "_held", "_longest", "_open", "_queue", "_send", "_tasks", "_unsent_limit"),
        "_writer",
    )

    QUEUE = 1000
    """Frames that may wait if the server does not report unsent bytes."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        *,
        writer: FrameWriter | None = None,
        unsent_limit: int,
    ) -> None:
        super().__init__()
        self.id = uuid.uuid4()
        self.user_id: Hashable | None = None
        # The username under which the database lists this as an open chat socket; empty while it
        # does not.
        self.noted_as = ""
        self.audiences: set[str] = set()
        # Counts the notices that its user came to a room or left one.
        self.moves = 0
        # The slug of each course, by id, as the client was told it last.
        self.slugs: dict[int, str] = {}
        # The groups of the courses whose topics the user may use, by slug, as far as known; the
        # number of the user's enrolments that have ended; the group of each subscribed pattern.
        self.courses: dict[str, str] = {}
        self.ended = 0
        self.topics: dict[str, str] = {}
        self.closed = False
        # Whether the socket accepts commands, and the number of commands under way.
        self.taking = True
        self.under_way = 0
        self._send = send
        self._writer = writer
        # The writer while the socket is open and nothing is held back, else None.
        self._open = writer
        self._unsent_limit = unsent_limit
        # Bytes of the requested answers that are not all sent yet: their sum and the longest one.
        self._asked = 0
        self._longest = 0
        self._queue: asyncio.Queue[str | int] | None = None
        self._held: list[Batch] | None = None
        self._tasks = Tasks()
        if writer is None:
            self._queue = asyncio.Queue(self.QUEUE)
            self._tasks.start(self._pump())

    def write(self, batch: Batch) -> None:
        """Send frames. A client that reads too slowly is closed with 4429."""
        # Most of a process's time is spent here.
        writer = self._open
        if writer is not None:
            unsent = writer.write(batch.prepared or batch.prepare(writer))
            if unsent:
                if unsent > self._unsent_limit + self._asked:
                    self.close(4429)
            elif self._asked:
                self._asked = self._longest = 0
            return
        if self.closed:
            return
        if self._held is not None:
            self._held.append(batch)
            return
        assert self._queue is not None
        if self._queue.qsize() + len(batch.frames) >= self.QUEUE:
            self.close(4429)
            return
        for text in batch.texts:
            self._queue.put_nowait(text)

    def send(self, frame: bytes) -> None:
        """Send one frame to this socket alone."""
        self.write(Batch([frame]))

    def answer(self, frame: bytes) -> None:
        """Send the answer to a command.

        The length of an answer never makes a client count as slow. But a client that asks for more
        while it leaves the earlier answers unread does.
        """
        unsent = self._writer.unsent() if self._writer is not None else 0
        if unsent == 0:
            self._asked = self._longest = 0
        elif unsent > self._unsent_limit + self._longest:
            self.close(4429)
            return
        self._asked += len(frame)
        self._longest = max(self._longest, len(frame))
        self.send(frame)

    def last_sign(self) -> float:
        """Return the `time.monotonic()` of the client's last sign of life.

        If the server does not report it, return the current time.
        """
        return self._writer.last_sign() if self._writer is not None else time.monotonic()

    def ping(self) -> None:
        """Ask the client for a sign of life, if the socket can be written to directly."""
        if self._open is not None:
            self._open.ping()

    @property
    def held(self) -> bool:
        """Return whether writes are held back because the socket is still being set up."""
        return self._held is not None

    def hold(self) -> None:
        """Hold back all writes from now on until `release`."""
        self._held, self._open = [], None

    def release(self, first: bytes) -> None:
        """Send `first`, then everything held back."""
        held, self._held = self._held or [], None
        if self._writer is not None and not self.closed:
            self._open = self._writer
        self.send(first)
        for batch in held:
            self.write(batch)

    def close(self, code: int) -> None:
        """Close the socket after all earlier writes. Later calls do nothing."""
        if self.closed:
            return
        self.closed, self._open = True, None
        metrics.CLOSED.labels(code).inc()
        if self._queue is None or code == 4429:
            self._tasks.start(self._send_close(code))
        else:
            self._queue.put_nowait(code)

    def dispose(self) -> None:
        """Stop the tasks of a socket that is gone."""
        self.closed, self._open = True, None
        self._tasks.cancel()

    async def _send_close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code})

    async def _pump(self) -> None:
        assert self._queue is not None
        while True:
            item = await self._queue.get()
            try:
                if isinstance(item, int):
                    await self._send_close(item)
                    return
                await self._send({"type": "websocket.send", "text": item})
            except Exception:
                # The server refuses to send on a socket that has just gone away. Its consumer
                # receives a disconnect.
                self.closed = True
                return
