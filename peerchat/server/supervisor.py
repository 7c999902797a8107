"""The supervisor of a pool of workers.

It starts and stops them, restarts them when they die or hang, and replaces them one by one on
request.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from peerchat.server import processes
from rooms.delivery.tasks import Tasks

logger = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds before a dead worker is started again
STEADY_AFTER = 60.0  # seconds of life after which the wait starts from the first again
START_WITHIN = 60.0  # seconds a worker may take until it serves
SILENT_FOR = 30.0  # seconds without a sign of life after which a worker is killed


class _Slot:
    """The place of a worker in the pool."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.served = False
        # Set while its worker is to be replaced. The result of the future tells whether it was.
        self.asked = asyncio.Event()
        self._answer: asyncio.Future[bool] | None = None

    def ask(self) -> asyncio.Future[bool]:
        self._answer = asyncio.get_running_loop().create_future()
        self.asked.set()
        return self._answer

    def answer(self, *, replaced: bool) -> None:
        self.asked.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(replaced)


class Supervisor:
    """Keeps `count` workers running on one listening socket until SIGTERM or SIGINT.

    On SIGHUP they are replaced one by one: a new worker is started, and when it serves, the old one
    drains. If it does not serve within `START_WITHIN` seconds, the old worker and those after it
    stay. Unless workers may `overlap`, the new one serves only when the old one is gone, and new
    connections wait meanwhile. The SIGHUP of a terminal that is closed stops the pool.

    The first workers are those that were `forked`; where there are fewer, the others are started
    with `arguments`. A worker that is silent for `silence` seconds is killed and restarted. The
    listening socket is closed when the pool stops. The environment names the folder of the metrics
    (`rooms.metrics.FOLDER`).
    """

    def __init__(
        self,
        listener: socket.socket,
        count: int,
        *,
        forked: Sequence[processes.Started] = (),
        arguments: Sequence[str] = (),
        overlap: bool = True,
        silence: float = SILENT_FOR,
        on_ready: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._slots = [_Slot(index + 1) for index in range(count)]
        self._forked = list(forked)
        self._arguments = arguments
        self._overlap = overlap
        self._silence = silence
        self._on_ready = on_ready
        self._announced = False
        self._stopping = asyncio.Event()
        self._replacing = asyncio.Event()
        self._terminal = _has_terminal()
        self._deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # under nohup
        self._stops = Tasks()

    async def run(self) -> None:
        """Run the pool, and return when all workers have stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._replace_when_asked())
            for slot in self._slots:
                group.create_task(self._keep(slot))
        await self._stops.finish()

    def _stop(self) -> None:
        self._stopping.set()
        # Once the workers have closed theirs, too, the listening socket is gone. New clients are
        # then refused instead of waiting in vain.
        self._listener.close()

    def _hang_up(self) -> None:
        if self._terminal and not _has_terminal():
            self._terminal = False
            if not self._deaf:
                self._stop()
            return
        self._replacing.set()

    # --- replacing -------------------------------------------------------------------------

    async def _replace_when_asked(self) -> None:
        while True:
            await self._first(self._replacing)
            if self._stopping.is_set():
                return
            # A request from here on causes another round.
            self._replacing.clear()
            await self._replace_all()

    async def _replace_all(self) -> None:
        logger.info("Replacing %d worker(s) one by one.", len(self._slots))
        for slot in self._slots:
            answer = slot.ask()
            await self._first(answer)
            if self._stopping.is_set():
                return
            if not answer.result():
                logger.error(
                    "Worker %d was not replaced. It keeps serving, as do the workers after it.",
                    slot.number,
                )
                return
        logger.info("All workers have been replaced.")

    async def _succeed(self, slot: _Slot, old: processes.WorkerProcess) -> processes.WorkerProcess:
        """Start the successor of a worker, and return the worker that serves now."""
        try:
            new = await self._start(slot)
        except OSError as error:
            logger.error("Could not start the new worker %d: %s.", slot.number, error)
            return old
        if self._overlap:
            new.go()
        if not await self._reaches(new, new.serving if self._overlap else new.loaded):
            self._stop_worker(new)
            return old
        await self._first(self._stop_worker(old))
        if not self._overlap:
            new.go()
        return new

    # --- a worker's life -------------------------------------------------------------------

    async def _keep(self, slot: _Slot) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                how = await self._serve(slot)
            except OSError as error:  # no memory or no process to be had, perhaps only for now
                how = f"could not be started ({error})"
                slot.answer(replaced=False)
            if self._stopping.is_set():
                return
            if time.monotonic() - began >= STEADY_AFTER:
                wait = FIRST_WAIT
            logger.error("Worker %d %s; starting it again in %g s.", slot.number, how, wait)
            # The restart also replaces a worker that was to be replaced.
            await self._first(slot.asked, timeout=wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _serve(self, slot: _Slot) -> str:
        """Run a worker and its successors, and return a description of how the last one ended."""
        worker = await self._start(slot)
        worker.go()
        if await self._reaches(worker, worker.serving):
            slot.answer(replaced=True)
            self._note_served(slot)
        else:
            slot.answer(replaced=False)
            self._stop_worker(worker)
        while True:
            await self._first(worker.exited, slot.asked)
            if worker.exited.done():
                return _how(worker.exited.result())
            if self._stopping.is_set():
                await worker.stop()
                return ""
            old, worker = worker, await self._succeed(slot, worker)
            slot.answer(replaced=worker is not old)

    def _note_served(self, slot: _Slot) -> None:
        slot.served = True
        if not self._announced and all(one.served for one in self._slots):
            self._announced = True
            self._on_ready()

    async def _start(self, slot: _Slot) -> processes.WorkerProcess:
        if self._forked:
            started = self._forked.pop()
        else:
            started = await processes.spawn(self._listener, self._arguments)
        worker = processes.WorkerProcess(slot.number, started, self._silence)
        # The gauges of the dead worker are dropped, and its counters stay.
        worker.exited.add_done_callback(lambda _: mark_process_dead(worker.pid))
        return worker

    async def _reaches(self, worker: processes.WorkerProcess, state: asyncio.Event) -> bool:
        """Wait until the worker has reached a state. Return False if it is late, or if we stop."""
        await self._first(state, worker.exited, timeout=START_WITHIN)
        if self._stopping.is_set():
            return False
        if worker.exited.done():
            logger.error(
                "The new worker %d %s before it started to serve.",
                worker.number,
                _how(worker.exited.result()),
            )
            return False
        if not state.is_set():
            logger.error(
                "The new worker %d did not start within %g s.", worker.number, START_WITHIN
            )
        return state.is_set()

    def _stop_worker(self, worker: processes.WorkerProcess) -> asyncio.Task[None]:
        """Stop a worker. Its time limit runs, whatever else happens meanwhile."""
        return self._stops.start(worker.stop(), name=f"stop of worker {worker.number}")

    async def _first(
        self, *what: "asyncio.Event | asyncio.Future[Any]", timeout: float | None = None
    ) -> None:
        """Wait for the first of these, or until the pool has to stop."""
        waits = [
            asyncio.ensure_future(one.wait()) if isinstance(one, asyncio.Event) else one
            for one in (*what, self._stopping)
        ]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one, wait in zip((*what, self._stopping), waits, strict=True):
                if isinstance(one, asyncio.Event):
                    wait.cancel()


def _has_terminal() -> bool:
    """Return whether this process has a terminal that could be closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _how(ended: int) -> str:
    if ended < 0:
        return f"was ended by {signal.Signals(-ended).name}"
    return f"ended with exit code {ended}"
