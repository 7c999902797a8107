"""The sockets of the load client, and what all its works share.

It is written with picows, which takes a few microseconds for a frame, and reads the CPU time of
the others itself, at the beginning and at the end of what it measures.
"""

import asyncio
import time
from collections.abc import Sequence

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.benchmarks.meter import Meter, cpu_of
from tests.benchmarks.task import Measured, Task

GATE = 50
"""Handshakes under way at once."""
CONNECT_WITHIN = 120.0
STALLED_AFTER = 20.0
"""Seconds without a frame after which something was lost."""
QUIET = 1.5
"""Seconds for the work that the connections have caused."""


class Socket(WSListener):
    """One socket of the load; tells the run of each delivery."""

    def __init__(self, run: "Run", number: int) -> None:
        super().__init__()
        self.number = number
        self.sent_at = 0.0
        self.payload = b""
        """The last delivery."""
        self.waits = False
        self._run = run
        self._marker = run.task.marker.encode()
        self._ready = run.task.ready.encode()
        self._before = self._after = b""
        if number < len(run.task.frames):
            self.says(*run.task.frames[number])

    def says(self, before: str, after: str) -> None:
        """Set the message that `post` sends, with a number between the two parts."""
        self._before, self._after = before.encode(), after.encode()

    def awaits(self, marker: bytes) -> None:
        """Set the beginning by which deliveries are recognized from now on."""
        self._marker = marker

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if not self._ready:
            self._run.ready(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            if frame.msg_type == WSMsgType.CLOSE:
                self._run.lost(self, f"was closed: {frame.get_close_code()}")
            return
        payload = frame.get_payload_as_bytes()
        if payload.startswith(self._marker):
            self.payload = payload
            self._run.delivered(self)
        elif self._ready and payload.startswith(self._ready):
            self._ready = b""
            self._run.ready(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._run.lost(self, "was disconnected")

    def is_own(self) -> bool:
        """Return whether the last delivery is a message that this socket has sent.

        Its uuid begins as those of no other socket.
        """
        return self._before[len(b"{") :] in self.payload

    def post(self) -> None:
        """Send the next message."""
        self._run.sent += 1
        self.waits = True
        self.sent_at = time.perf_counter()
        number = str(self._run.sent).encode()
        self.transport.send(WSMsgType.TEXT, b"".join((self._before, number, self._after)))


class Run:
    """One measurement: connect, send for `warm_up` seconds, measure for `seconds` and at least so
    many messages, and wait until everybody has everything."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.measured = Measured()
        self.sent = 0
        self.deliveries = 0
        self.sockets: list[Socket] = []
        self.loop = asyncio.get_running_loop()
        self.meter = Meter(task.pids)
        self._missing = 0
        self._all_ready: asyncio.Future[None] = self.loop.create_future()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self._measuring = self.stopping = False

    async def go(self) -> Measured:
        await self.connect(range(len(self.task.sockets)))
        if self.task.quiet:
            await self._stand_by()
        self.loop.call_later(self.task.warm_up, self._begin)
        self.loop.call_later(self.task.warm_up + self.task.seconds, self._end)
        watch = self.loop.create_task(self._watch())
        self.start()
        await self.done
        watch.cancel()
        self.measured.sent = self.sent
        return self.measured

    async def _stand_by(self) -> None:
        await asyncio.sleep(QUIET)
        before, began = cpu_of(self.task.pids), time.perf_counter()
        await asyncio.sleep(self.task.quiet)
        spent = cpu_of(self.task.pids) - before
        self.measured.quiet_cpu = spent / (time.perf_counter() - began)

    def start(self) -> None:
        """Send the first messages."""
        raise NotImplementedError

    def delivered(self, socket: Socket) -> None:
        """Note that a socket got a message."""
        raise NotImplementedError

    def ready(self, socket: Socket) -> None:
        """Note that a socket is ready."""
        self.settled()

    def settled(self) -> None:
        """Count one socket less to wait for."""
        self._missing -= 1
        if self._missing == 0:
            self._all_ready.set_result(None)

    def lost(self, socket: Socket, how: str) -> None:
        """Fail the run because a socket was closed unexpectedly."""
        self.fail(f"socket {socket.number} {how}")

    def fail(self, why: str) -> None:
        for future in (self._all_ready, self.done):
            if not future.done():
                future.set_exception(RuntimeError(why))

    async def connect(self, numbers: Sequence[int], at_once: int = GATE) -> None:
        """Open these sockets, so many at once, and wait until they are ready."""
        gate = asyncio.Semaphore(at_once)
        self._missing = len(numbers)
        self._all_ready = self.loop.create_future()

        async def come(number: int) -> None:
            async with gate:
                await self.open(number)

        async with asyncio.timeout(CONNECT_WITHIN):
            await asyncio.gather(*map(come, numbers))
            await self._all_ready
        self.sockets.sort(key=lambda socket: socket.number)

    async def open(self, number: int) -> None:
        url, headers = self.task.sockets[number]
        socket = Socket(self, number)
        self.sockets.append(socket)
        await ws_connect(
            lambda: socket,
            url,
            extra_headers=headers,
            websocket_handshake_timeout=CONNECT_WITHIN,
        )

    def acknowledged(self, since: float, messages: int = 1) -> bool:
        """Count messages that were sent at `since` and came back; return whether to go on."""
        if self._measuring:
            self.measured.messages += messages
            if since >= self._began:
                self.measured.latencies.append(time.perf_counter() - since)
        return not self.stopping

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _begin(self) -> None:
        self._before = self.deliveries
        self.meter.begin(self.measured)
        self._began = time.perf_counter()
        self._measuring = True

    def _end(self) -> None:
        if len(self.measured.latencies) < self.task.at_least:
            self.loop.call_later(0.1, self._end)
            return
        self._measuring = False
        self.stopping = True
        self.meter.end(self.measured)
        self.measured.deliveries = self.deliveries - self._before

    async def _watch(self) -> None:
        """Fail the run when nothing comes any more."""
        before = -1
        while before != self.deliveries:
            before = self.deliveries
            await asyncio.sleep(STALLED_AFTER)
        self.fail(f"nothing came for {STALLED_AFTER:g} s: {self.sent} sent, {before} delivered")
