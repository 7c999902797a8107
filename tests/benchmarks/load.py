"""The load client, a process of its own: reads a task from standard input, prints what it measured.

It is written with picows, which takes a few microseconds for a frame, and reads the server's CPU
time itself, at the beginning and at the end of what it measures.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

TICKS = os.sysconf("SC_CLK_TCK")
GATE = 50
"""Handshakes under way at once."""
CONNECT_WITHIN = 60.0
STALLED_AFTER = 20.0
"""Seconds without a frame after which something was lost."""


@dataclass(frozen=True)
class Task:
    """What to do; JSON on the way here.

    `sockets` are (URL, headers). In `fanout` all of them are in one room, and the first one sends
    a message when all have got the one before. In `pairs` each two are in a room, and the first of
    them sends when it has got its own message before. A frame is a sender's `before` and `after`
    with a number between them. Frames that begin with `marker` are deliveries; a socket is ready
    when a frame came that begins with `ready`, where that is not empty.
    """

    work: str
    sockets: Sequence[tuple[str, dict[str, str]]]
    frames: Sequence[tuple[str, str]]
    marker: str
    ready: str
    pids: Sequence[int]
    warm_up: float
    seconds: float


@dataclass
class Measured:
    """What was measured in `seconds`; CPU seconds are the server's, latencies in seconds from
    sending to the sender's own frame in `pairs`, to the last frame in `fanout`."""

    seconds: float = 0.0
    cpu: float = 0.0
    messages: int = 0
    deliveries: int = 0
    latencies: list[float] = field(default_factory=list)
    sent: int = 0
    """Messages of the whole run, warm-up included."""
    client_cpu: float = 0.0
    """CPU seconds of this process: near `seconds`, it is what was measured."""


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds that the processes have used, in user and kernel mode, with all threads."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


class Socket(WSListener):
    """One socket of the load; tells the run of each delivery."""

    def __init__(self, run: "Run", number: int) -> None:
        super().__init__()
        self.number = number
        self.sent_at = 0.0
        self.waits = False
        self._run = run
        self._marker = run.task.marker.encode()
        self._ready = run.task.ready.encode()
        if number < len(run.task.frames):
            self._before, self._after = (part.encode() for part in run.task.frames[number])

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if not self._ready:
            self._run.ready()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            if frame.msg_type == WSMsgType.CLOSE:
                self._run.fail(f"socket {self.number} was closed: {frame.get_close_code()}")
            return
        payload = frame.get_payload_as_bytes()
        if payload.startswith(self._marker):
            self._run.delivered(self)
        elif self._ready and payload.startswith(self._ready):
            self._ready = b""
            self._run.ready()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._run.fail(f"socket {self.number} was disconnected")

    def post(self) -> None:
        """Send the next message."""
        self._run.sent += 1
        self.waits = True
        self.sent_at = time.perf_counter()
        number = str(self._run.sent).encode()
        self.transport.send(WSMsgType.TEXT, b"".join((self._before, number, self._after)))


class Run:
    """One measurement."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.measured = Measured()
        self.sent = 0
        self.deliveries = 0
        self.sockets: list[Socket] = []
        self._loop = asyncio.get_running_loop()
        self._is_ready = self._loop.create_future()
        self._missing = len(task.sockets)
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._began = self._client_cpu = 0.0
        self._measuring = self._stopping = False

    async def go(self) -> Measured:
        await self._connect()
        self._loop.call_later(self.task.warm_up, self._begin)
        self._loop.call_later(self.task.warm_up + self.task.seconds, self._end)
        watch = self._loop.create_task(self._watch())
        self.start()
        await self._done
        watch.cancel()
        self.measured.sent = self.sent
        return self.measured

    def start(self) -> None:
        """Send the first messages."""
        raise NotImplementedError

    def delivered(self, socket: Socket) -> None:
        """A socket got a message."""
        raise NotImplementedError

    def ready(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._is_ready.set_result(None)

    def fail(self, why: str) -> None:
        for future in (self._is_ready, self._done):
            if not future.done():
                future.set_exception(RuntimeError(why))

    async def _connect(self) -> None:
        gate = asyncio.Semaphore(GATE)

        async def come(number: int, url: str, headers: dict[str, str]) -> None:
            async with gate:
                socket = Socket(self, number)
                self.sockets.append(socket)
                await ws_connect(
                    lambda: socket,
                    url,
                    extra_headers=headers,
                    websocket_handshake_timeout=CONNECT_WITHIN,
                )

        async with asyncio.timeout(CONNECT_WITHIN):
            await asyncio.gather(*(come(n, *s) for n, s in enumerate(self.task.sockets)))
            await self._is_ready
        self.sockets.sort(key=lambda socket: socket.number)

    def _begin(self) -> None:
        self.measured.cpu = -cpu_of(self.task.pids)
        self._client_cpu = time.process_time()
        self._before = self.deliveries
        self._began = time.perf_counter()
        self._measuring = True

    def _end(self) -> None:
        self._measuring = False
        self._stopping = True
        self.measured.seconds = time.perf_counter() - self._began
        self.measured.cpu += cpu_of(self.task.pids)
        self.measured.client_cpu = time.process_time() - self._client_cpu
        self.measured.deliveries = self.deliveries - self._before

    def _acknowledged(self, socket: Socket) -> bool:
        """Count a message that came back to its sender; whether to go on."""
        if self._measuring:
            self.measured.messages += 1
            self.measured.latencies.append(time.perf_counter() - socket.sent_at)
        return not self._stopping

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    async def _watch(self) -> None:
        """Fails the run when nothing comes any more."""
        before = -1
        while before != self.deliveries:
            before = self.deliveries
            await asyncio.sleep(STALLED_AFTER)
        self.fail(f"nothing came for {STALLED_AFTER:g} s: {self.sent} sent, {before} delivered")


class Fanout(Run):
    def start(self) -> None:
        self._expected = len(self.sockets)
        self.sockets[0].post()

    def delivered(self, socket: Socket) -> None:
        self.deliveries += 1
        if self.deliveries == self._expected:
            self._expected += len(self.sockets)
            if self._acknowledged(self.sockets[0]):
                self.sockets[0].post()
            else:
                self._finish()


class Pairs(Run):
    def start(self) -> None:
        for socket in self.sockets[::2]:
            socket.post()

    def delivered(self, socket: Socket) -> None:
        self.deliveries += 1
        if socket.number % 2 == 0:
            if not socket.waits:
                self.fail("a message came twice")
            socket.waits = False
            if self._acknowledged(socket):
                socket.post()
        # After the end, until everybody has everything.
        if self._stopping and self.deliveries == 2 * self.sent:
            self._finish()


async def measure(task: Task) -> Measured:
    run = {"fanout": Fanout, "pairs": Pairs}[task.work](task)
    return await run.go()


def main() -> None:
    values: dict[str, Any] = json.load(sys.stdin)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    json.dump(asdict(asyncio.run(measure(Task(**values)))), sys.stdout)


if __name__ == "__main__":
    main()
