"""A writer that commits the items of many sockets together.

Items that arrive while a batch commits form the next batch. So batches grow with the load, and a
lone item does not wait. Each kind of item has an action that stores a list of items and returns,
for each, a result or the error to raise.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from django.db import close_old_connections, connections

from accounts import outages
from rooms import metrics
from rooms.delivery import publish
from rooms.delivery.publish import Entries
from rooms.wire.errors import PeerError, Unavailable

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 20_000
"""Items that may wait. Further ones are refused as `unavailable`."""
BATCH_LIMIT = 1_000
"""The most items in one transaction."""

LARGE = 10
"""The least size of a large batch. After one, a short wait for the next batch pays off."""
HOLD, HOLD_SHARE = 0.004, 0.25
"""The longest such wait, in seconds and as a share of the time of the batch before."""

GATHER = 0.05
"""Seconds from one set of gathered items to the next, while they keep coming."""

RETRY_AFTER, RETRY_AFTER_AT_MOST = 0.5, 5.0
"""Seconds until an item that must be stored is tried again: at first, and after many tries."""

STOP_WITHIN = 3.0
"""Seconds in which waiting items are stored when the process stops."""

Store = Callable[[Sequence[Any]], Sequence[Any]]
Item = tuple[Store, Any, asyncio.Future[Any]]
"""An item with the action that stores it and the future of its result."""
Batch = list[Item]


class Writer:
    """A thread with one database connection that stores items. Used from one event loop only."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: Batch = []
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._began = 0.0
        # Set while no batch is under way or about to begin.
        self._rests = asyncio.Event()
        self._rests.set()
        # The wait for as many items as the batch before had.
        self._holding: asyncio.TimerHandle | None = None
        self._wanted = 0
        # Items that may wait until some more have come, since when the last of them are under way,
        # and when these will be.
        self._gathered: Batch = []
        self._gathered_at = -GATHER
        self._gathering: asyncio.TimerHandle | None = None
        self._stopped = False
        threading.Thread(target=self._work, name="writer", daemon=True).start()

    def submit(self, store: Store, item: Any, *, gather: bool = False) -> asyncio.Future[Any]:
        """Return the future result of storing the item, done when it is committed and published.

        With `gather`, an item that comes soon after another such one waits for more, at most
        `GATHER` seconds, as a transaction costs much more than another item in it.

        Raises Unavailable if too many items wait, and after `stop`. The future raises the error
        that the action returns for the item, or Unavailable if the database does not answer.
        """
        if self._stopped or len(self._waiting) + len(self._gathered) >= QUEUE_LIMIT:
            raise Unavailable
        future: asyncio.Future[Any] = self._loop.create_future()
        if gather:
            self._gather((store, item, future))
        else:
            self._waiting.append((store, item, future))
            self._came()
        return future

    def _gather(self, item: Item) -> None:
        self._gathered.append(item)
        if self._gathering is None:
            wait = self._gathered_at + GATHER - self._loop.time()
            if wait > 0:
                self._gathering = self._loop.call_later(wait, self._end_gathering)
            else:
                self._end_gathering()

    def _end_gathering(self) -> None:
        """Let the gathered items wait for the next transaction, like all others."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._gathered:
            self._gathered_at = self._loop.time()
            self._waiting += self._gathered
            self._gathered = []
            self._came()

    def _came(self) -> None:
        """Begin a batch with what has come, if none is under way."""
        if self._rests.is_set():
            # Other items from this turn of the loop join the batch.
            self._rests.clear()
            self._loop.call_soon(self._begin)
        elif self._holding is not None and len(self._waiting) >= self._wanted:
            self._holding.cancel()
            self._begin()

    async def store_at_last(self, store: Store, item: Any) -> Any:
        """Store an item however long the database is away, and return the result of the action.

        The action must accept a repeated item, as the answer to a commit may be lost. Raises
        Unavailable once the writer is stopped.
        """
        pause = RETRY_AFTER
        while True:
            try:
                return await self.submit(store, item)
            except Unavailable:
                if self._stopped:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_AFTER_AT_MOST)

    async def idle(self, within: float) -> None:
        """Wait until no item waits, at most `within` seconds."""
        self._end_gathering()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._rests.wait()

    async def stop(self) -> None:
        """Store the waiting items, then stop."""
        await self.idle(STOP_WITHIN)
        self._stopped = True
        # These came during the wait, which was over before they were due.
        for _, _, future in self._gathered:
            if not future.done():
                future.set_exception(Unavailable())
        self._batches.put(None)

    def _begin(self) -> None:
        """Have the thread store the next batch, if there is one."""
        self._holding = None
        if not self._waiting:
            self._rests.set()
            return
        batch = self._take()
        metrics.BATCH_ITEMS.inc(len(batch))
        self._began = self._loop.time()
        self._batches.put(batch)

    def _work(self) -> None:
        # An executor's futures would take longer than handing over a batch this way.
        while (batch := self._batches.get()) is not None:
            results: Sequence[Any]
            with publish.held() as entries:
                try:
                    results = _store(batch[0][0], [item for _, item, _ in batch])
                    if len(results) != len(batch):
                        raise ValueError(f"{len(results)} results for {len(batch)} items")
                except Exception:
                    # The thread must survive, as nothing else stores items.
                    logger.exception("could not store a batch")
                    results = [Unavailable()] * len(batch)
            try:
                self._loop.call_soon_threadsafe(self._stored, batch, results, entries)
            except RuntimeError:
                # The loop is closed, so nothing waits for the result.
                publish.let_go(entries)
        connections.close_all()

    def _stored(self, batch: Batch, results: Sequence[Any], entries: Entries) -> None:
        # Frames go out before the results, as they did when each was handed over by itself.
        publish.let_go(entries)
        took = self._loop.time() - self._began
        metrics.BATCHES.observe(took)
        for (_, _, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, PeerError):
                future.set_exception(result)
            else:
                future.set_result(result)
        if len(self._waiting) < len(batch) >= LARGE:
            # Clients whose items were just stored may send the next ones at once. If a batch began
            # with the first of these, the others would have to wait for its small commit.
            self._wanted = len(batch)
            self._holding = self._loop.call_later(min(took * HOLD_SHARE, HOLD), self._begin)
        else:
            self._begin()

    def _take(self) -> Batch:
        """Return the items of the next transaction.

        They are of one kind, because two processes whose transactions lock rows of several kinds
        could wait for each other.
        """
        store = self._waiting[0][0]
        batch: Batch = []
        rest: Batch = []
        for waiting in self._waiting:
            kind = batch if waiting[0] is store and len(batch) < BATCH_LIMIT else rest
            kind.append(waiting)
        self._waiting = rest
        metrics.WRITER_QUEUE.set(len(rest))
        return batch


def _store(store: Store, items: list[Any]) -> Sequence[Any]:
    # The thread keeps its connection instead of fetching and returning it for each batch.
    try:
        return store(items)
    except outages.ERRORS as error:
        close_old_connections()
        outages.note(error, logger)
        return [Unavailable()] * len(items)
    except Exception:
        if len(items) == 1:
            logger.exception("could not store an item")
            return [Unavailable()]
        # One item cannot be stored, so store each of the others on its own.
        logger.exception("could not store a batch; storing its items one by one")
        return [result for item in items for result in _store(store, [item])]
