"""An instructor who takes the class through one question after the other."""

import asyncio
import random
import time
import uuid
from typing import Any

from tests.faults.cast import QUESTIONS, Cast
from tests.faults.endpoint import LATER, EndpointClient, Frame, LostError
from tests.faults.record import Live, Snapshot, Told
from tests.pace import patient

CLOSED_WITHIN = patient(60.0)
"""Seconds after which the run gives up on a round that did not close."""


class Teacher(EndpointClient):
    """A client of `/ws/instructor/<course>/`."""

    def __init__(self, url: str, cast: Cast, *, brief: bool) -> None:
        path = f"/ws/instructor/{cast.course}/"
        super().__init__(f"{url}{path}", cast.instructor_name, cast.instructor, student=False)
        self._second = 0.5 if brief else 1.0
        self.finishing = False
        self.finished = asyncio.Event()
        """Set when the last question, after which the teacher shall finish, is revealed."""
        self.stuck = ""
        """The step that did not happen in time; empty if all did."""
        self.asked = 0
        """Questions posed so far."""
        self._moved = asyncio.Event()

    def start(self) -> None:
        super().start()
        self.job(self._teach())

    async def greet(self) -> None:
        known = self.known.epoch
        state = await self.insist("state")
        self.note(Snapshot(time.time(), state["phase"], state["epoch"], known))
        self.ready.set()
        self._moved.set()

    def take(self, frame: Frame) -> None:
        now = time.time()
        match frame["action"]:
            case "new_message":
                message = frame["message"]
                user = message["user"]["username"]
                self.note(
                    Live(now, frame["room"], message["seq"], frame["uuid"], user, message["text"])
                )
            case "control":
                self.note(Told(now, frame["message"], frame["phase"], frame["epoch"]))
                self._moved.set()

    async def _teach(self) -> None:
        try:
            await self._lessons()
        except TimeoutError:
            self.stuck = f"the teacher waited {CLOSED_WITHIN:g} s in {self.known.phase}"
        self.finished.set()

    async def _lessons(self) -> None:
        while not self.finishing:
            question = f"q{self.asked % QUESTIONS}"
            self.asked += 1
            if self.asked % 2:
                await self._order("start_question", question=question, seconds=2 * self._second)
            else:
                await self._order("start_question", question=question)
                await asyncio.sleep(self._second)
                await self._order("count_down_and_stop", seconds=1)
            await self._until("vote_closed")
            await self._order("make_partners", method=random.choice(("random", "keep")))
            await self._order("enable_chat")
            await asyncio.sleep(1.5 * self._second)
            await self._order("announce", text="Vote again.")
            await self._order("start_revote", seconds=max(1.5 * self._second, 1))
            await self._until("revote_closed")
            await self._order("reveal")

    async def _order(self, action: str, **fields: Any) -> None:
        """Give a command until it is carried out."""
        name = uuid.uuid4().hex
        while True:
            await self.ready.wait()
            try:
                answer = await self.ask(action, uuid_=name, **fields)
            except LostError:
                continue
            if answer["status"] == "success":
                return
            if answer["error_code"] != "unavailable":
                raise AssertionError(f"{self.name}: {action} was refused: {answer}")
            await asyncio.sleep(LATER)

    async def _until(self, phase: str) -> None:
        async with asyncio.timeout(CLOSED_WITHIN):
            while self.known.phase != phase:
                self._moved.clear()
                await self._moved.wait()
