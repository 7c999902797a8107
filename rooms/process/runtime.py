"""What a server process holds: its hub, its writer, its threads, its clock.

It starts with the first socket and lives as long as the event loop.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine
from typing import Any

from rooms.conf import limits
from rooms.delivery import publish
from rooms.delivery.hub import Hub
from rooms.delivery.tasks import Tasks
from rooms.process.clock import Clock
from rooms.process.drain import close_sockets
from rooms.process.polling import Polls
from rooms.process.revalidation import Revalidation
from rooms.process.silence import Silence
from rooms.process.threads import Threads
from rooms.process.writer import Writer
from rooms.queries import missed
from rooms.wire.errors import PeerError

STOP_WITHIN = 2.5
"""Seconds that stopping may take after the sockets are closed; `STEP_WITHIN` each part of it."""
STEP_WITHIN = 1.0


class Runtime:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.worker = uuid.uuid4()
        self.threads = Threads(limits["DB_THREADS"])
        # For tokens from an address that many wrong ones come from.
        self.line = Threads(1)
        self.writer = Writer()
        self.revalidation = Revalidation(threads=self.threads)
        self.silence = Silence(writer=self.writer, background=self.background)
        self.clock = Clock(
            worker=self.worker,
            threads=self.threads,
            revalidation=self.revalidation,
            silence=self.silence,
            on_beat=self._beaten,
        )
        self.hub = Hub(
            fetch=self._fetch,
            compare=self._compare,
            compare_every=limits["COMPARE_EVERY"],
            on_changed=self.clock.figures_changed,
            on_seen=self.clock.seen,
            on_recheck=self.revalidation.recheck,
            on_restored=self.revalidation.check_soon,
            on_late=self.clock.partners_missed,
        )
        self.clock.hub = self.revalidation.hub = self.silence.hub = self.hub
        self.polls = Polls(
            worker=self.worker,
            writer=self.writer,
            threads=self.threads,
            background=self.background,
        )
        self._jobs = Tasks()
        self._drained = False
        publish.attach(self.hub)
        self.clock.start()

    def _beaten(self, silent: frozenset[uuid.UUID]) -> None:
        self.silence.agree(silent)
        self.polls.agree(silent)

    async def _fetch(self, audience: str, after: int, limit: int) -> list[tuple[int, list[bytes]]]:
        missing = await self.threads.run(missed.frames_after, audience, after, limit)
        group = self.hub.group_of(audience)
        if missing.revision and group is not None:
            self.hub.revisions.hear(group, missing.revision)
        if missing.partners and group is not None:
            self.clock.partners_missed(group)
        return missing.rows

    async def _compare(self, known: dict[str, int], within: float) -> missed.Compared:
        return await self.threads.run(missed.compare, known, within)

    def background(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a job that outlives the socket that started it."""
        return self._jobs.start(job)

    async def drain(self) -> None:
        """Answer what is under way and who waits, and close the sockets; see `close_sockets`."""
        self._drained = True
        self.hub.release_waiting()
        await close_sockets(self.hub)
        await self.polls.stop(STEP_WITHIN)

    async def stop(self) -> None:
        """Drain, where that was not done, finish what was started, then stop.

        Takes `STOP_WITHIN` seconds after draining, whatever does not answer.
        """
        if not self._drained:
            await self.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._jobs.finish(STEP_WITHIN)
                await self._step(self.writer.stop())
                await self._step(self.revalidation.stop())
                await self._step(self.clock.stop())
                await publish.idle(STEP_WITHIN)
                await self.hub.stop()
        self._jobs.cancel()
        publish.attach(None)
        self.threads.stop()
        self.line.stop()

    @staticmethod
    async def _step(job: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(TimeoutError, PeerError):
            await asyncio.wait_for(job, STEP_WITHIN)


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
        # Until it has stopped whoever asks gets this one, and not a new one.
        await _current.stop()
        _current = None


async def drain() -> None:
    """Close the sockets of this process, if there are any, in good order."""
    if _current is not None and _current.loop is asyncio.get_running_loop():
        await _current.drain()
