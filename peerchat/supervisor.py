"""The parent of a pool of workers: starts them, starts them again when they die, stops them."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from prometheus_client.multiprocess import mark_process_dead

from rooms import metrics

logger = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds before a dead worker is started again
STEADY_AFTER = 60.0  # seconds of life after which the wait starts from the first again
STOP_WITHIN = 15.0  # seconds between SIGTERM and SIGKILL


class Supervisor:
    """Keeps `count` workers running on one listening socket until SIGTERM, SIGINT or SIGHUP.

    A worker is a process of `peerchat.worker`. It holds one end of a socket pair, over which it
    says that it is ready, and where it sees that this parent is gone, however it went.
    """

    def __init__(
        self,
        listener: socket.socket,
        count: int,
        *,
        arguments: Sequence[str] = (),
        on_ready: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._count = count
        self._arguments = arguments
        self._on_ready = on_ready
        self._ready: set[int] = set()
        self._announced = False
        self._stopping = asyncio.Event()
        self._figures = ""

    async def run(self) -> None:
        """Returns when all workers are stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        with tempfile.TemporaryDirectory(prefix="peerchat-metrics-") as self._figures:
            async with asyncio.TaskGroup() as group:
                for index in range(self._count):
                    group.create_task(self._keep(index))

    async def _keep(self, index: int) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                how = _how(await self._live_once(index))
            except OSError as error:  # no memory or no process to be had, perhaps only for now
                how = f"could not be started ({error})"
            if self._stopping.is_set():
                return
            if time.monotonic() - began >= STEADY_AFTER:
                wait = FIRST_WAIT
            logger.error("Worker %d %s; starting it again in %g s.", index + 1, how, wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _live_once(self, index: int) -> int:
        """Runs a worker to its end and returns its exit code, or minus the signal's number."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await self._start(theirs)
            ours.setblocking(False)
            exited = asyncio.create_task(process.wait())
            watchers = [
                asyncio.create_task(self._note_ready(index, ours)),
                asyncio.create_task(self._stop_when_asked(process)),
            ]
            try:
                return await exited
            finally:
                # What the worker held is gone with it; what it counted stays.
                mark_process_dead(process.pid, self._figures)
                self._ready.discard(index)
                for task in watchers:
                    task.cancel()
                await asyncio.gather(*watchers, return_exceptions=True)

    async def _start(self, theirs: socket.socket) -> asyncio.subprocess.Process:
        descriptors = (self._listener.fileno(), theirs.fileno())
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "peerchat.worker",
            *map(str, descriptors),
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=descriptors,
            # What this process can import, wherever it was started.
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                metrics.FOLDER: self._figures,
            },
            # Ctrl-C in a terminal goes to the whole foreground group; the workers are told to
            # stop by their parent, once.
            process_group=0,
        )

    async def _note_ready(self, index: int, ours: socket.socket) -> None:
        if await asyncio.get_running_loop().sock_recv(ours, 1):
            self._ready.add(index)
            if len(self._ready) == self._count and not self._announced:
                self._announced = True
                self._on_ready()

    async def _stop_when_asked(self, process: asyncio.subprocess.Process) -> None:
        await self._stopping.wait()
        process.terminate()
        await asyncio.sleep(STOP_WITHIN)
        logger.error("Worker process %d did not stop in %g s: killed.", process.pid, STOP_WITHIN)
        process.kill()


def _how(ended: int) -> str:
    if ended < 0:
        return f"was ended by {signal.Signals(-ended).name}"
    return f"ended with exit code {ended}"
