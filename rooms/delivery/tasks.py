"""Sets of tasks with an owner that is responsible for them until they end."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

STOP_WITHIN = 2.0
"""The default time in seconds that cancelled tasks have to end."""
CANCEL_AGAIN = 0.5
"""Seconds until a task that ignored its cancellation is cancelled again."""


class Tasks:
    """A set of running tasks. Used from one event loop only.

    It holds each task until it ends, as the loop itself does not, and logs the exception of one
    that fails.
    """

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, job: Coroutine[Any, Any, T], *, name: str = "") -> asyncio.Task[T]:
        """Run a job in a task. Without `name` it has the name of its function."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(job, name=name or getattr(job, "__qualname__", None))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Cancel the tasks without waiting for them."""
        for task in self._running:
            task.cancel()

    async def finish(self, within: float | None = None) -> None:
        """Wait until no task runs, at most `within` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._running:
                    await asyncio.wait(self._running)

    async def stop(self, within: float = STOP_WITHIN) -> None:
        """Cancel the tasks and wait until they have ended, at most `within` seconds."""
        end = time.monotonic() + within
        while self._running and (left := end - time.monotonic()) > 0:
            # Cancel more than once, because the Redis client sometimes loses a cancellation.
            self.cancel()
            await asyncio.wait(self._running, timeout=min(left, CANCEL_AGAIN))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the task %s failed", task.get_name(), exc_info=error)
