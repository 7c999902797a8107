"""The load client, a process of its own: `python -m tests.benchmarks.works` reads a task from
standard input and prints what it measured."""

import asyncio
import contextlib
import json
import resource
import sys
import time
from dataclasses import asdict
from typing import Any

from tests.benchmarks.load import QUIET, STALLED_AFTER, Run, Socket
from tests.benchmarks.meter import memory_of
from tests.benchmarks.task import Measured, Task
from tests.benchmarks.walk import Question

WARM = 200
"""Sockets that are open before the memory of the others is measured."""


class Fanout(Run):
    """All sockets are in one room. The first ones, `burst` of them, send a message each when all
    have got those before. Latency is to the last frame at the last socket."""

    def start(self) -> None:
        self._expected = 0
        self._post()

    def _post(self) -> None:
        self._since = time.perf_counter()
        self._expected += len(self.sockets) * self.task.burst
        for socket in self.sockets[: self.task.burst]:
            socket.post()

    def delivered(self, socket: Socket) -> None:
        self.deliveries += 1
        if self.deliveries == self._expected:
            if self.acknowledged(self._since, self.task.burst):
                self._post()
            else:
                self.finish()


class Pairs(Run):
    """Each two sockets are in a room. The first of them sends when its message before came back,
    or `pause` seconds after that; those for whom there is no frame only stand by. Latency is to
    the sender's own frame."""

    def start(self) -> None:
        for socket in self.sockets[: len(self.task.frames) : 2]:
            socket.post()

    def delivered(self, socket: Socket) -> None:
        self.deliveries += 1
        if socket.number % 2 == 0:
            if not socket.waits:
                self.fail("a message came twice")
            socket.waits = False
            if self.acknowledged(socket.sent_at):
                if self.task.pause:
                    self.loop.call_later(self.task.pause, self._next, socket)
                else:
                    socket.post()
        # After the end, until everybody has everything.
        if self.stopping and self.deliveries == 2 * self.sent:
            self.finish()

    def _next(self, socket: Socket) -> None:
        if not self.stopping:
            socket.post()
        elif self.deliveries == 2 * self.sent:
            self.finish()


class Lesson(Run):
    """The first socket is the instructor's, who sends the frames one after another, and again from
    the first: each `pause` seconds after every student, which are the others, has got the event of
    the one before. Latency is from the instructor's sending to the last student's event."""

    def start(self) -> None:
        self._clicks = 0
        self._students = len(self.sockets) - 1
        self._click()

    def _click(self) -> None:
        instructor = self.sockets[0]
        instructor.says(*self.task.frames[self._clicks % len(self.task.frames)])
        self._clicks += 1
        instructor.post()

    def delivered(self, socket: Socket) -> None:
        if socket.number == 0:
            return
        self.deliveries += 1
        if self.deliveries == self._clicks * self._students:
            wanted = self.acknowledged(self.sockets[0].sent_at)
            # The class is left as it was found: ready for the first click.
            if wanted or self._clicks % len(self.task.frames):
                self.loop.call_later(self.task.pause, self._click)
            else:
                self.finish()


class Votes(Run):
    """The first socket is the instructor's, who sends the first frame. When all the others, which
    are students, have got the event of it, each of them sends the second one, spread evenly over
    `seconds`. Latency is to the reply. Then the instructor sends the rest of the frames, each when
    all students have got the event of the one before."""

    async def go(self) -> Measured:
        await self.connect(range(len(self.task.sockets)))
        instructor, *self._students = self.sockets
        first, vote, *rest = self.task.frames
        await self._click(instructor, first)
        self.meter.begin(self.measured)
        await self._vote(vote)
        self.meter.end(self.measured)
        for frame in rest:
            await self._click(instructor, frame)
        self.measured.sent = self.measured.messages
        return self.measured

    async def _click(self, instructor: Socket, frame: tuple[str, str]) -> None:
        instructor.says(*frame)
        instructor.post()
        await self._everybody(self.task.marker)

    async def _vote(self, vote: tuple[str, str]) -> None:
        every = self.task.seconds / len(self._students)
        for number, student in enumerate(self._students):
            student.says(*vote)
            self.loop.call_later(number * every, student.post)
        self._voting = True
        # The reply has the uuid with which the command began.
        await self._everybody(vote[0])
        self._voting = False

    async def _everybody(self, marker: str) -> None:
        """Wait until every student has got one frame that begins so."""
        for student in self._students:
            student.awaits(marker.encode())
        self._missing_students = len(self._students)
        self._everybody_has = self.loop.create_future()
        async with asyncio.timeout(STALLED_AFTER + self.task.seconds):
            await self._everybody_has

    _voting = False

    def delivered(self, socket: Socket) -> None:
        if socket.number == 0:
            return
        if self._voting:
            self.measured.messages += 1
            self.measured.latencies.append(time.perf_counter() - socket.sent_at)
        self._missing_students -= 1
        if self._missing_students == 0:
            self._everybody_has.set_result(None)


class Connect(Run):
    """All sockets connect at once. Latency is from the beginning to the `ready` frame of each; one
    that does not get it is a failure."""

    async def go(self) -> Measured:
        self._at: dict[int, float] = {}
        self._failed: set[int] = set()
        everybody = range(len(self.task.sockets))
        self.meter.begin(self.measured)
        began = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            await self.connect(everybody, at_once=len(everybody))
        self._failed |= set(everybody) - set(self._at)
        self.meter.end(self.measured)
        self.measured.latencies = [
            at - began for number, at in self._at.items() if number not in self._failed
        ]
        self.measured.messages = len(self.measured.latencies)
        self.measured.failures = len(self._failed)
        return self.measured

    async def open(self, number: int) -> None:
        try:
            await super().open(number)
        except Exception as error:
            self._give_up(number, repr(error))

    def ready(self, socket: Socket) -> None:
        self._at[socket.number] = time.perf_counter()
        super().ready(socket)

    def lost(self, socket: Socket, how: str) -> None:
        self._give_up(socket.number, how)

    def _give_up(self, number: int, why: str) -> None:
        if number in self._failed:
            return
        self._failed.add(number)
        if len(self._failed) == 1:
            sys.stderr.write(f"socket {number}, the first that failed: {why}\n")
        if number not in self._at:
            self.settled()


PING_EVERY = 20.0
"""Seconds between two pings of a browser that has nothing else to say. It is measured for so long
at least: a shorter time might miss what a worker does every ten seconds."""


class Idle(Run):
    """Sockets that only stand; where there is a frame, each sends it now and then, as a browser
    does. What they take in memory is measured with some of them there."""

    async def go(self) -> Measured:
        await self.connect(range(WARM))
        await asyncio.sleep(QUIET)
        self.measured.memory_before = memory_of(self.task.pids)
        await self.connect(range(WARM, len(self.task.sockets)))
        await asyncio.sleep(QUIET)
        self.measured.memory = memory_of(self.task.pids) - self.measured.memory_before
        self.measured.messages = len(self.task.sockets) - WARM
        if self.task.frames:
            for number, socket in enumerate(self.sockets):
                socket.says(*self.task.frames[0])
                self.loop.call_later(number / len(self.sockets) * PING_EVERY, socket.post)
        self.meter.begin(self.measured)
        await asyncio.sleep(max(self.task.seconds, PING_EVERY))
        self.meter.end(self.measured)
        return self.measured

    def delivered(self, socket: Socket) -> None:
        """Ignore deliveries: the sockets of this work get none."""


WORKS: dict[str, type[Run]] = {
    "fanout": Fanout,
    "pairs": Pairs,
    "lesson": Lesson,
    "votes": Votes,
    "connect": Connect,
    "idle": Idle,
    "question": Question,
}


async def measure(task: Task) -> Measured:
    return await WORKS[task.work](task).go()


def main() -> None:
    values: dict[str, Any] = json.load(sys.stdin)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    json.dump(asdict(asyncio.run(measure(Task(**values)))), sys.stdout)


if __name__ == "__main__":
    main()
