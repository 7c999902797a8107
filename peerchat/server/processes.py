"""The processes of workers, as their parent sees them.

The first workers are forks of their parent. They share the memory of what it has loaded, and start
in a tenth of the time. Later ones are programs of their own, so they run the code that is on the
disk then.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

logger = logging.getLogger(__name__)

STOP_WITHIN = 12.0  # seconds between SIGTERM and SIGKILL
UNKNOWN = 255  # the exit code, as asyncio has it, where SIGCHLD is ignored and nobody knows it
LOOKS = 6  # how often a sign of life is looked for in the time that a worker may be silent

# The messages from a worker over its socket pair, one byte each, and the message to it.
LOADED, SERVING, ALIVE = b"l", b"s", b"."
GO = b"g"


_FORKS = multiprocessing.get_context("fork")


class Process(Protocol):
    """What both kinds of processes have."""

    @property
    def pid(self) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...

    async def wait(self) -> int:
        """Return the exit code, or minus the signal's number, once the process is gone."""
        ...


class _Fork:
    """A fork with the methods of the processes that asyncio starts."""

    def __init__(self, process: "multiprocessing.process.BaseProcess") -> None:
        assert process.pid is not None
        self.pid = process.pid
        self._process = process

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        code = self._process.exitcode
        return UNKNOWN if code is None else code


class Started(NamedTuple):
    """A process, and the parent's end of the socket pair with it."""

    process: Process
    pipe: socket.socket


def fork(count: int, run: Callable[[socket.socket], None]) -> list[Started]:
    """Fork this process `count` times. Each fork calls `run` with its end of a socket pair.

    Call this before there are connections or an event loop, which forks cannot share. The list is
    empty if this process has other threads, which its forks would lack, and shorter if the system
    has no process or memory left.
    """
    started: list[Started] = []
    if threading.active_count() > 1:
        return started
    for _ in range(count):
        ours, theirs = socket.socketpair()
        with theirs:
            process = _FORKS.Process(
                target=_run,
                # Without the pipes of others, they notice at once when the parent is gone.
                args=(run, theirs, [ours, *(one.pipe for one in started)]),
                daemon=True,
            )
            try:
                process.start()
            except OSError as error:
                logger.error("Could not fork a worker: %s.", error)
                ours.close()
                break
        started.append(Started(_Fork(process), ours))
    return started


def _run(
    run: Callable[[socket.socket], None], pipe: socket.socket, others: Sequence[socket.socket]
) -> None:
    os.setpgid(0, 0)  # as below
    # Until it serves, a signal ends it at once.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for one in others:
        one.close()
    run(pipe)


async def spawn(listener: socket.socket, arguments: Sequence[str]) -> Started:
    """Start `peerchat.server.worker` with these arguments. Raises OSError if that is impossible."""
    ours, theirs = socket.socketpair()
    descriptors = (listener.fileno(), theirs.fileno())
    with contextlib.ExitStack() as undo:
        undo.enter_context(ours)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "peerchat.server.worker",
                *map(str, descriptors),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=descriptors,
                # The worker can import what this process can, wherever it was started.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                # Ctrl-C in a terminal goes to the whole foreground process group, but only the
                # parent tells the workers to stop, once.
                process_group=0,
            )
        undo.pop_all()
    return Started(process, ours)


class WorkerProcess:
    """The process of a worker. Use it in one event loop.

    The process is killed when it serves but gives no sign of life for `silence` seconds.
    """

    def __init__(self, number: int, started: Started, silence: float) -> None:
        self.number = number
        self.loaded = asyncio.Event()
        self.serving = asyncio.Event()
        self.exited: asyncio.Task[int] = asyncio.create_task(self._live())
        self._process, self._pipe = started
        self._silence = silence
        self._heard = False
        self._stopping = False
        self._pipe.setblocking(False)
        asyncio.get_running_loop().add_reader(self._pipe, self._hear)

    @property
    def pid(self) -> int:
        return self._process.pid

    def go(self) -> None:
        """Let it serve as soon as it is loaded."""
        with contextlib.suppress(OSError):  # it is gone, which is noticed elsewhere
            self._pipe.send(GO)

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after a while. Return when the process is gone."""
        if not self._stopping:
            self._stopping = True
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        await asyncio.wait([self.exited], timeout=STOP_WITHIN)
        if not self.exited.done():
            logger.error(
                "Worker process %d did not stop within %g s and was killed.", self.pid, STOP_WITHIN
            )
            self._process.kill()
            await asyncio.wait([self.exited])

    async def _live(self) -> int:
        """Return the exit code, or minus the signal's number, once the process is gone."""
        watching = asyncio.create_task(self._watch())
        try:
            return await self._process.wait()
        finally:
            watching.cancel()
            asyncio.get_running_loop().remove_reader(self._pipe)
            self._pipe.close()

    def _hear(self) -> None:
        try:
            said = self._pipe.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            asyncio.get_running_loop().remove_reader(self._pipe)
            return
        self._heard = True
        if LOADED in said:
            self.loaded.set()
        if SERVING in said:
            self.serving.set()

    async def _watch(self) -> None:
        """Kill the process if it serves but is silent, as its event loop hangs.

        Silence is counted in looks and not by the clock. Otherwise the worker would be blamed if
        the parent itself was stopped or the machine slept.
        """
        await self.serving.wait()
        silent = 0
        while silent < LOOKS:
            self._heard = False
            await asyncio.sleep(self._silence / LOOKS)
            silent = 0 if self._heard else silent + 1
        if not self._stopping:
            logger.error(
                "Worker process %d gave no sign of life for %g s and was killed.",
                self.pid,
                self._silence,
            )
            self._process.kill()
