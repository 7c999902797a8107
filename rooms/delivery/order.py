"""Delivery of a room's messages in the order of their numbers, each once and none left out.

Notices of the channel layer are hints. A number that arrives too early shows a gap. Every few
seconds the delivered numbers are compared with those in the database. Missing messages are read
from the database.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator

from rooms import metrics
from rooms.delivery import notices
from rooms.delivery.audience import Audience
from rooms.delivery.connection import Batch, LiveConnection
from rooms.delivery.tasks import Tasks

logger = logging.getLogger(__name__)

GRACE = 0.05
"""Seconds in which a missing message may still arrive from a slower process."""
HEADS_KEPT = 20_000
"""Rooms without sockets here whose newest number is remembered."""
FILL_PAGE = 50
"""Missing messages fetched at a time. A page of the longest texts must stay below the limit of
unsent bytes."""
FILL_PAUSE = 0.02
"""Seconds between two pages, in which clients can read the page before."""
RETRY_AFTER = 2.0
"""The longest wait in seconds before the database is asked again if it did not answer."""
COMPARE_PAUSE = 0.2
"""The least time in seconds between two comparisons."""
REMOVED_WITHIN = 30.0
"""Seconds by which the query for removed messages overlaps with the last comparison. A removal gets
its time before it is committed, and the clocks of machines differ."""
REMOVED_BEFORE = 1.0
"""Seconds by which a removal may seem earlier than it was, for the same reasons. A socket that came
after the removal never got the text."""
REMOVED_KNOWN = 10_000
"""The number of delivered removals that are remembered."""

Fetch = Callable[[str, int, int], Awaitable[list[tuple[int, list[bytes]]]]]
"""(audience, after, limit) -> the numbers and frames of the following messages."""
Compare = Callable[
    [dict[str, int], float],
    Awaitable[tuple[dict[str, int], list[tuple[notices.Removed, float]]]],
]
"""(known number by audience, seconds) -> the newest numbers where they are higher; the removals in
these rooms within those seconds, each with the seconds since."""


class Order:
    """The numbers of messages that this process has delivered in each room, or has heard of."""

    def __init__(
        self, audiences: dict[str, Audience], *, fetch: Fetch, compare: Compare, every: float
    ) -> None:
        """`every` is the time between two comparisons, in seconds."""
        self._loop = asyncio.get_running_loop()
        self._audiences = audiences
        self._fetch = fetch
        self._compare = compare
        self._heads: OrderedDict[str, int] = OrderedDict()
        # The waits for a message of a room, each with a number: True when a higher number comes.
        self._expecting: dict[str, dict[asyncio.Future[bool], int]] = {}
        # The same waits by the room and by the user, whose news of the class end them, too.
        self._asleep: dict[str, set[asyncio.Future[bool]]] = {}
        self._told_removed: OrderedDict[tuple[str, int, float], None] = OrderedDict()
        self._soon = asyncio.Event()
        self._compared = self._loop.time()
        self._tasks = Tasks()
        self._tasks.start(self._compare_in_turns(every))

    # --- sockets ---------------------------------------------------------------------------

    def join(self, connection: LiveConnection, audience: Audience, head: int | None) -> None:
        """Add the connection to the audience; in a room it gets the messages after `head`."""
        if connection in audience.connections or connection in audience.joining:
            return
        if audience.head is None or head is None or head >= audience.head:
            audience.connections[connection] = None
        else:
            audience.joining[connection] = []
            self._tasks.start(self._catch_up(connection, audience, head))
        if audience.head is None:
            return
        self._note(audience.name, head or 0)
        if self._heads.get(audience.name, 0) > audience.head:
            self._fill(audience)

    async def _catch_up(self, connection: LiveConnection, audience: Audience, head: int) -> None:
        """Send a late connection the messages that the others have received since `head`."""
        later = audience.joining[connection]
        wait = FILL_PAUSE
        while audience.joining.get(connection) is later:
            assert audience.head is not None
            if head >= audience.head:
                audience.joined(connection)
                return
            try:
                rows = await self._fetch(audience.name, head, FILL_PAGE)
            except Exception as error:
                logger.warning(
                    "cannot read messages after %s in %s: %s", head, audience.name, error
                )
                wait = min(wait * 2, RETRY_AFTER)
                await asyncio.sleep(wait)
                continue
            if audience.joining.get(connection) is not later:
                return
            missed = [(seq, frames) for seq, frames in rows if head < seq <= audience.head]
            if missed:
                connection.write(Batch([frame for _, frames in missed for frame in frames]))
            head = missed[-1][0] if missed else audience.head
            if head < audience.head:
                await asyncio.sleep(FILL_PAUSE)

    @contextlib.contextmanager
    def expecting(self, room: str, user: str, *, after: int) -> Iterator[asyncio.Future[bool]]:
        """Yield a future that becomes True when the room has a message with a higher number.

        It also becomes True when `wake` is called for the room or the user.
        """
        future: asyncio.Future[bool] = self._loop.create_future()
        if self._heads.get(room, 0) > after:
            future.set_result(True)
        expecting = self._expecting.setdefault(room, {})
        expecting[future] = after
        for audience in (room, user):
            self._asleep.setdefault(audience, set()).add(future)
        try:
            yield future
        finally:
            del expecting[future]
            if not expecting:
                del self._expecting[room]
            for audience in (room, user):
                asleep = self._asleep[audience]
                asleep.discard(future)
                if not asleep:
                    del self._asleep[audience]

    def wake(self, audience: str) -> None:
        """End the waits of a room or a user, with the result True."""
        for future in self._asleep.get(audience, ()):
            if not future.done():
                future.set_result(True)

    def release_expecting(self) -> None:
        """End all waits for messages, with the result False."""
        for expecting in self._expecting.values():
            for future in expecting:
                if not future.done():
                    future.set_result(False)

    # --- notices ---------------------------------------------------------------------------

    def stored(self, entry: notices.Stored) -> list[bytes]:
        """Take in a stored message and return the frames to write to its audience now."""
        self._note(entry.audience, entry.seq)
        audience = self._audiences.get(entry.audience)
        if audience is None:
            return []
        if audience.head is None:
            audience.head = entry.seq - 1
        if entry.seq <= audience.head:
            return []
        audience.waiting[entry.seq] = entry.frames
        ready = audience.advance()
        if audience.waiting:
            self._fill(audience)
        return ready

    def removed(self, entry: notices.Removed) -> None:
        """Send a removal to the sockets that have the message.

        The other sockets get it after the message, if that still comes.
        """
        self._note(entry.audience, entry.seq)
        if (entry.audience, entry.seq, entry.at) in self._told_removed:
            return
        self._told_removed[entry.audience, entry.seq, entry.at] = None
        if len(self._told_removed) > REMOVED_KNOWN:
            self._told_removed.popitem(last=False)
        audience = self._audiences.get(entry.audience)
        if audience is None:
            return
        if audience.head is None or entry.seq <= audience.head:
            audience.write([entry.frame])
            audience.write_later([entry.frame])
        else:
            audience.removed[entry.seq] = entry.frame
            self._fill(audience)

    def heard(self, audience: str, seq: int) -> None:
        """Note that a message of the room with this number exists."""
        self._note(audience, seq)
        known = self._audiences.get(audience)
        if known is not None and known.head is not None and known.head < seq:
            self._fill(known)

    def _note(self, audience: str, seq: int) -> None:
        if seq > self._heads.get(audience, 0):
            self._heads[audience] = seq
            self._heads.move_to_end(audience)
            if len(self._heads) > HEADS_KEPT:
                self._heads.popitem(last=False)
            for future, after in self._expecting.get(audience, {}).items():
                if seq > after and not future.done():
                    future.set_result(True)

    # --- missing messages ------------------------------------------------------------------

    def _fill(self, audience: Audience) -> None:
        if audience.filling is None:
            audience.filling = self._tasks.start(self._fill_gap(audience))

    async def _fill_gap(self, audience: Audience) -> None:
        wait = GRACE
        try:
            while True:
                await asyncio.sleep(wait)
                assert audience.head is not None
                if audience.head >= self._heads.get(audience.name, 0) and not audience.waiting:
                    return
                try:
                    rows = await self._fetch(audience.name, audience.head, FILL_PAGE)
                except Exception as error:
                    logger.warning(
                        "cannot fill the gap after %s in %s: %s",
                        audience.head,
                        audience.name,
                        error,
                    )
                    wait = min(wait * 2, RETRY_AFTER)
                    continue
                metrics.GAPS.inc(len(rows))
                for seq, frames in rows:
                    if seq > audience.head:
                        audience.waiting[seq] = frames
                ready = audience.advance()
                if ready:
                    audience.write(ready)
                    wait = FILL_PAUSE
                elif audience.waiting:
                    # The query could not see the missing messages yet. Ask again, more slowly.
                    wait = min(max(wait, GRACE) * 2, RETRY_AFTER)
                else:
                    # This process only heard of the number, and no such message exists.
                    self._heads[audience.name] = audience.head
        finally:
            audience.filling = None

    def compare_soon(self) -> None:
        """Compare now, as notices may have been missed."""
        self._soon.set()

    async def _compare_in_turns(self, every: float) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await self._compare_heads()
            except Exception as error:
                logger.warning("cannot compare with the database: %s", error)
            await asyncio.sleep(min(every, COMPARE_PAUSE))

    async def _compare_heads(self) -> None:
        known = {
            name: audience.head
            for name, audience in self._audiences.items()
            if audience.head is not None
        }
        for name, expecting in self._expecting.items():
            after = min(expecting.values())
            known[name] = min(known.get(name, after), after)
        if not known:
            return
        began = self._loop.time()
        heads, removed = await self._compare(known, began - self._compared + REMOVED_WITHIN)
        self._compared = began
        for name, seq in heads.items():
            self.heard(name, seq)
        for entry, ago in removed:
            audience = self._audiences.get(entry.audience)
            if audience is None or began - ago + REMOVED_BEFORE < audience.since:
                continue
            self.removed(entry)

    # --- the end ---------------------------------------------------------------------------

    async def stop(self) -> None:
        """Stop filling gaps and comparing."""
        await self._tasks.stop()
