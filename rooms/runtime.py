"""What a server process holds: its hub, its writer, its threads, its clock.

It starts with the first socket and lives as long as the event loop.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine
from typing import Any

from rooms import publish, queries
from rooms.clock import Clock
from rooms.conf import limits
from rooms.hub import Hub
from rooms.polling import Polls
from rooms.threads import Threads
from rooms.writer import Writer

DRAIN_WITHIN = 3.0
"""Seconds that each step of stopping may take."""


class Runtime:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.worker = uuid.uuid4()
        self.threads = Threads(limits["DB_THREADS"])
        self.writer = Writer()
        self.clock = Clock(worker=self.worker, threads=self.threads)
        self.hub = Hub(
            fetch=self._fetch, on_changed=self.clock.figures_changed, on_seen=self.clock.seen
        )
        self.clock.hub = self.hub
        self.polls = Polls(
            worker=self.worker,
            writer=self.writer,
            threads=self.threads,
            background=self.background,
        )
        self._jobs: set[asyncio.Task[Any]] = set()
        publish.attach(self.hub)
        self.clock.start()

    async def _fetch(self, audience: str, after: int, limit: int) -> list[tuple[int, list[bytes]]]:
        return await self.threads.run(queries.frames_after, audience, after, limit)

    def background(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a job that outlives the socket that started it."""
        task = self.loop.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return task

    async def stop(self) -> None:
        """Close the sockets, finish and acknowledge what was started, then stop.

        Takes `DRAIN_WITHIN` seconds for the sockets and the jobs at the most.
        """
        await self.writer.idle(DRAIN_WITHIN)
        with contextlib.suppress(TimeoutError):
            await self.hub.close_all(4503, DRAIN_WITHIN)
        await self.polls.stop(DRAIN_WITHIN)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=DRAIN_WITHIN)
        await self.writer.stop()
        await self.clock.stop()
        await publish.idle(DRAIN_WITHIN)
        await self.hub.stop()
        publish.attach(None)
        self.threads.stop()


_current: Runtime | None = None


def current() -> Runtime:
    """The runtime of this process, started if need be. Call it from the event loop."""
    global _current
    if _current is None or _current.loop is not asyncio.get_running_loop():
        _current = Runtime()
    return _current


async def stop() -> None:
    """Stop the runtime of this process, if there is one."""
    global _current
    if _current is not None and _current.loop is asyncio.get_running_loop():
        runtime, _current = _current, None
        await runtime.stop()
