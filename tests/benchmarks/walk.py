"""The work of the load client for a class that goes through a whole question."""

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

from tests.benchmarks.load import QUIET, STALLED_AFTER, Run, Socket
from tests.benchmarks.task import Measured, Task

PAUSE = 0.5
"""Seconds between two steps."""
CONTROL, ROOM = '{"action":"control"', '{"action":"room_added"'
PARTNERS, MESSAGE = '{"action":"partners"', '{"action":"new_message"'
TOLD = {"make_partners": ROOM, "enable_chat": PARTNERS}
"""What tells students of a click, if it is not the event of a transition."""


class Question(Run):
    """The first socket is the instructor's, who gives the commands of the task's `frames`, each
    `PAUSE` seconds after every student, which are the others, was told of the one before.

    With `vote` the students vote instead, spread evenly over `seconds`: each first one with its
    frame, each second one with the frame after it. With `new_message` each sends `burst` messages
    at once to the partners. `steps` has what each of these took. Latency is from the sending of a
    click to each student's event, of a vote to its reply, of a message to its coming back.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._students: list[Socket] = []
        self._rooms = [""] * len(task.sockets)
        self._step = Measured()
        self._marker = ""
        self._left = [0] * len(task.sockets)
        """The frames that each student has to get yet."""
        self._students_left = 0
        self._everybody: asyncio.Future[None] = self.loop.create_future()

    async def go(self) -> Measured:
        await self.connect(range(len(self.task.sockets)))
        await asyncio.sleep(QUIET)
        self._students = self.sockets[1:]
        frames = iter(self.task.frames)
        self.meter.begin(self.measured)
        for frame in frames:
            name = frame[1].partition('"action":"')[2].partition('"')[0]
            self._step = Measured()
            self.meter.begin(self._step)
            if name == "vote":
                await self._vote(frame, next(frames))
            elif name == "new_message":
                await self._talk(frame)
            else:
                await self._click(frame, TOLD.get(name, CONTROL))
            self.meter.end(self._step)
            self.measured.steps.append({"name": name, **asdict(self._step)})
            await asyncio.sleep(PAUSE)
        self.meter.end(self.measured)
        return self.measured

    async def _click(self, frame: tuple[str, str], marker: str) -> None:
        everybody = self._await(marker)
        self.sockets[0].says(*frame)
        self.sockets[0].post()
        now = time.perf_counter()
        for student in self._students:
            student.sent_at = now
        await everybody

    async def _vote(self, *frames: tuple[str, str]) -> None:
        # The reply begins as the command does.
        everybody = self._await(frames[0][0])
        every = self.task.seconds / len(self._students)
        for number, student in enumerate(self._students):
            student.says(*frames[number % 2])
            self.loop.call_later(number * every, student.post)
        await everybody

    async def _talk(self, frame: tuple[str, str]) -> None:
        everybody = self._await(MESSAGE, 2 * self.task.burst)
        before, after = frame
        for student in self._students:
            room = self._rooms[student.number]
            student.says(f"{before}{student.number}-", after.replace("(room)", room))
        for student in self._students:
            for _ in range(self.task.burst):
                student.post()
        self._step.messages = self.measured.sent = self.task.burst * len(self._students)
        await everybody

    def _await(self, marker: str, frames: int = 1) -> Coroutine[Any, Any, None]:
        """Return the wait until each student has got so many frames that begin so."""
        self._marker = marker
        for student in self._students:
            student.awaits(marker.encode())
            self._left[student.number] = frames
        self._students_left = len(self._students)
        self._everybody = self.loop.create_future()

        async def wait() -> None:
            try:
                async with asyncio.timeout(STALLED_AFTER + self.task.seconds):
                    await self._everybody
            except TimeoutError:
                self.fail(f"{self._students_left} students did not get {marker}")
                await self.done

        return wait()

    def delivered(self, socket: Socket) -> None:
        number = socket.number
        if not self._left[number]:
            return
        if self._marker == ROOM:
            self._rooms[number] = json.loads(socket.payload)["room"]
        if self._marker != MESSAGE or socket.is_own():
            self._step.latencies.append(time.perf_counter() - socket.sent_at)
        self._left[number] -= 1
        if not self._left[number]:
            self._students_left -= 1
            if not self._students_left:
                self._everybody.set_result(None)
