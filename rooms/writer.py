"""Gathers what many sockets want stored and commits it together.

While one batch commits, what arrives waits and makes up the next: batches grow with the load, and
a lone item does not wait. Each kind of item has an action that stores a list of them and
returns a result, or the error to raise, for each.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections

from rooms import metrics
from rooms.errors import PeerError, Unavailable

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 20_000
"""Items that may wait; beyond that they are refused as `unavailable`."""
BATCH_LIMIT = 1_000
"""Items of one transaction."""

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
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        while self._waiting:
            # One kind at a time: two processes whose batches lock rows of several kinds could
            # otherwise wait for each other.
            store = self._waiting[0][0]
            batch = [waiting for waiting in self._waiting if waiting[0] is store][:BATCH_LIMIT]
            taken = {id(waiting) for waiting in batch}
            self._waiting = [waiting for waiting in self._waiting if id(waiting) not in taken]
            items = [item for _, item, _ in batch]
            metrics.WRITER_QUEUE.set(len(self._waiting))
            metrics.BATCH_ITEMS.inc(len(items))
            with metrics.BATCHES.time():
                results = await self._loop.run_in_executor(self._thread, _store, store, items)
            for (_, _, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, PeerError):
                    future.set_exception(result)
                else:
                    future.set_result(result)


def _store(store: Store, items: list[Any]) -> Sequence[Any]:
    close_old_connections()
    try:
        return store(items)
    except (OperationalError, InterfaceError) as error:
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
    finally:
        close_old_connections()
