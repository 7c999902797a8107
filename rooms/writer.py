"""Gathers what many sockets want stored and commits it together.

While one batch commits, what arrives waits and makes up the next: batches grow with the load, and
a lone item does not wait. Each kind of item has an action that stores a list of them and
returns a result, or the error to raise, for each.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from rooms import metrics
from rooms.errors import PeerError, Unavailable

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 20_000
"""Items that may wait; beyond that they are refused as `unavailable`."""
BATCH_LIMIT = 1_000
"""Items of one transaction."""

LARGE = 10
"""Items of a batch that is large: the next one is worth a short wait."""
HOLD, HOLD_SHARE = 0.004, 0.25
"""The longest such wait in seconds, and as a share of the time that the batch before took."""

STOP_WITHIN = 3.0
"""Seconds to finish what waits when the process stops."""

Store = Callable[[Sequence[Any]], Sequence[Any]]


class Writer:
    """One thread with one database connection. Used from one event loop only."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Store, Any, asyncio.Future[Any]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._task: asyncio.Task[None] | None = None
        # What `_hold` waits for: so many items.
        self._wanted = 0
        self._enough = asyncio.Event()
        self._stopped = False

    def submit(self, store: Store, item: Any) -> asyncio.Future[Any]:
        """The future result of storing the item, done when it is committed and published.

        Raises Unavailable when too much waits already, and after `stop`; the future raises what
        the action answers for the item, or Unavailable when the database does not answer.
        """
        if self._stopped or len(self._waiting) >= QUEUE_LIMIT:
            raise Unavailable
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((store, item, future))
        if len(self._waiting) == self._wanted:
            self._enough.set()
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._run())
        return future

    async def idle(self, within: float) -> None:
        """Wait until nothing waits, `within` seconds at the most."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within)

    async def stop(self) -> None:
        """Finish what waits, then stop."""
        await self.idle(STOP_WITHIN)
        self._stopped = True
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        while self._waiting:
            batch = self._take()
            items = [item for _, item, _ in batch]
            metrics.BATCH_ITEMS.inc(len(items))
            began = self._loop.time()
            results = await self._loop.run_in_executor(self._thread, _store, batch[0][0], items)
            took = self._loop.time() - began
            metrics.BATCHES.observe(took)
            for (_, _, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, PeerError):
                    future.set_exception(result)
                else:
                    future.set_result(result)
            if len(batch) >= LARGE:
                await self._hold(len(batch), took)

    def _take(self) -> list[tuple[Store, Any, asyncio.Future[Any]]]:
        """The items of the next transaction.

        They are of one kind: two processes whose transactions lock rows of several kinds could
        otherwise wait for each other.
        """
        store = self._waiting[0][0]
        batch: list[tuple[Store, Any, asyncio.Future[Any]]] = []
        rest: list[tuple[Store, Any, asyncio.Future[Any]]] = []
        for waiting in self._waiting:
            kind = batch if waiting[0] is store and len(batch) < BATCH_LIMIT else rest
            kind.append(waiting)
        self._waiting = rest
        metrics.WRITER_QUEUE.set(len(rest))
        return batch

    async def _hold(self, wanted: int, took: float) -> None:
        """Wait for a moment until as many items are there as were in the batch before.

        Those whose items were just stored may send their next ones at once: a batch that begins
        with the first of them has the others wait for a commit that does little.
        """
        self._wanted = wanted
        self._enough.clear()
        if len(self._waiting) < wanted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(took * HOLD_SHARE, HOLD)):
                    await self._enough.wait()
        self._wanted = 0


def _store(store: Store, items: list[Any]) -> Sequence[Any]:
    # The thread keeps its connection, which would be fetched and given back for each batch.
    try:
        return store(items)
    except (OperationalError, InterfaceError) as error:
        close_old_connections()
        metrics.DATABASE_ERRORS.inc()
        logger.warning("the database does not answer: %s", error)
        return [Unavailable()] * len(items)
    except Exception:
        if len(items) == 1:
            logger.exception("an item could not be stored")
            return [Unavailable()]
        # One of them cannot be stored: the others must not suffer for it.
        logger.exception("a batch could not be stored; its items are stored one by one")
        return [result for item in items for result in _store(store, [item])]
