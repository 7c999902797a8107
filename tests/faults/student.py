"""A student: talks, votes, comes back and catches up."""

import asyncio
import contextlib
import random
import time
import uuid
from dataclasses import dataclass

from tests.faults.cast import LETTERS, Cast
from tests.faults.endpoint import LATER, EndpointClient, Frame, LostError
from tests.faults.record import (
    Added,
    Asked,
    Counted,
    Live,
    NotCounted,
    Refused,
    Removed,
    Resumed,
    Sent,
    Snapshot,
    Told,
    Voted,
)

OPEN = ("vote", "revote")
WINDOW = 8
"""Messages that may wait for their acknowledgement before a student waits, too."""


@dataclass
class Ballot:
    uuid: str
    question: str
    round: int
    choice: str


PASSING = {"presence", "partners", "typing", "system", "closing", "voted", "read"}
"""Events that the checker needs nothing of."""


class Student(EndpointClient):
    """A client of `/ws/chat/`. `pause` are the seconds between two messages, on average."""

    def __init__(
        self, url: str, name: str, token: str, cast: Cast, *, pause: float, ping: float | None = 20
    ) -> None:
        super().__init__(f"{url}/ws/chat/", name, token, student=True, ping=ping)
        self.cast = cast
        self.pause = pause
        self.padding = ""
        """Text at the end of each message."""
        self.pending: dict[str, tuple[str, str]] = {}
        """(room, text) of the unacknowledged messages by uuid, in the order of sending."""
        self.silent = asyncio.Event()
        """Set when the student shall send nothing new."""
        self._said = 0
        self._ballot: Ballot | None = None
        self._round: tuple[str, int] | None = None

    def start(self) -> None:
        super().start()
        self.job(self._talk())

    @property
    def heads(self) -> dict[str, int]:
        """Return the number up to which each room is known without a gap."""
        return {room: view.head for room, view in self.known.views.items() if not view.stale}

    # --- catching up -------------------------------------------------------------------------

    async def greet(self) -> None:
        listed = await self.insist("list_rooms")
        rooms = {room["room"] for room in listed["rooms"]}
        await self._resume(rooms | {r for r, view in self.known.views.items() if view.is_mine})
        known = self.known.epoch
        state = await self.insist("state", course=self.cast.course)
        self.note(Snapshot(time.time(), state["phase"], state["epoch"], known))
        # One may have become a member of other rooms meanwhile.
        while rooms := {r for r, view in self.known.views.items() if view.is_mine and view.stale}:
            await self._resume(rooms)
        self.ready.set()
        if state["epoch"] == self.known.epoch:
            self._class_is(state)
        for name in list(self.pending):
            await self._send(name)
        if self._ballot is not None:
            await self._cast(self._ballot)

    async def _resume(self, rooms: set[str]) -> None:
        seen = {
            room: view.head if (view := self.known.views.get(room)) is not None else 0
            for room in rooms
        }
        for room, after in seen.items():
            self.note(Asked(time.time(), room, after))
        answer = await self.insist("resume", rooms=seen)
        for room, missed in answer["rooms"].items():
            if "error_code" in missed:
                self.note(Removed(time.time(), room))
                continue
            messages = tuple(
                (one["seq"], one["user"]["username"], one["text"]) for one in missed["messages"]
            )
            self.note(
                Resumed(time.time(), room, messages, missed["last_seq"], missed.get("reset", False))
            )

    async def _enter(self, room: str) -> None:
        with contextlib.suppress(LostError):  # resumed with the others on the next connection
            await self._resume({room})

    # --- what comes --------------------------------------------------------------------------

    def take(self, frame: Frame) -> None:
        now = time.time()
        match frame["action"]:
            case "new_message" if frame["status"] == "success":
                self._message(frame)
            case "new_message" | "private_message":
                self._refused(frame)
            case "vote":
                self._voted(frame)
            case "room_added":
                self.note(Added(now, frame["room"]))
                if self.ready.is_set():
                    self.job(self._enter(frame["room"]))
            case "room_removed":
                self.note(Removed(now, frame["room"]))
            case "control":
                self.note(Told(now, frame["message"], frame["phase"], frame["epoch"]))
                if frame["epoch"] == self.known.epoch:
                    self._class_is(frame)
            case action if action not in PASSING:
                raise AssertionError(f"{self.name}: {frame}")

    def _message(self, frame: Frame) -> None:
        message = frame["message"]
        self.note(
            Live(
                time.time(),
                frame["room"],
                message["seq"],
                frame["uuid"],
                message["user"]["username"],
                message["text"],
            )
        )
        if message["user"]["username"] == self.name:
            self.pending.pop(frame["uuid"], None)

    def _refused(self, frame: Frame) -> None:
        name, code = frame["uuid"], frame["error_code"]
        self.note(Refused(time.time(), name, code))
        if code in ("rate_limited", "unavailable"):
            self.job(self._again(name, frame.get("retry_after", random.uniform(LATER, 2 * LATER))))
        else:
            self.pending.pop(name, None)

    async def _again(self, name: str, wait: float) -> None:
        await asyncio.sleep(wait)
        if self.ready.is_set():
            await self._send(name)

    # --- talking -----------------------------------------------------------------------------

    async def _talk(self) -> None:
        while not self.silent.is_set():
            await asyncio.sleep(random.uniform(0, 2 * self.pause))
            if len(self.pending) >= WINDOW or self.silent.is_set():
                continue
            rooms = [room for room, view in self.known.views.items() if view.is_mine]
            if rooms:
                self._said += 1
                name = uuid.uuid4().hex
                text = f"{self.name} says {self._said} äöü 🙂{self.padding}"
                self.pending[name] = (random.choice(rooms), text)
                if self.ready.is_set():
                    await self._send(name)

    async def _send(self, name: str) -> None:
        if name not in self.pending:
            return
        room, text = self.pending[name]
        self.note(Sent(time.time(), name, room, text))
        with contextlib.suppress(LostError):  # sent again on the next connection
            await self.tell("new_message", name, room=room, text=f"\n{text} \n")

    # --- voting ------------------------------------------------------------------------------

    def _class_is(self, state: Frame) -> None:
        """Vote in an open round; give up an unacknowledged vote when the round is over."""
        question = state["question"]
        is_open = state["phase"] in OPEN
        now = (question["question"], state["round"]) if is_open else None
        before, self._round = self._round, now
        if now != before:
            self._ballot = None
        if now is not None and now != before:
            self.job(self._vote(*now))
        elif now is None and before is not None and random.random() < 0.2:
            # Too late, and must not count.
            self.job(self._cast(self._choose(*before)))

    @staticmethod
    def _choose(question: str, number: int) -> Ballot:
        return Ballot(uuid.uuid4().hex, question, number, random.choice(LETTERS))

    async def _vote(self, question: str, number: int) -> None:
        """Vote one to three times, each time at random."""
        for _ in range(random.randint(1, 3)):
            await asyncio.sleep(random.uniform(0, 1.2))
            if self._round != (question, number):
                return
            self._ballot = self._choose(question, number)
            if self.ready.is_set():
                await self._cast(self._ballot)

    async def _cast(self, ballot: Ballot) -> None:
        self.note(Voted(time.time(), ballot.uuid, ballot.question, ballot.round, ballot.choice))
        with contextlib.suppress(LostError):
            await self.tell(
                "vote",
                ballot.uuid,
                course=self.cast.course,
                choice=ballot.choice,
                rationale=ballot.uuid,
            )

    def _voted(self, frame: Frame) -> None:
        name = frame["uuid"]
        ballot = self._ballot if self._ballot is not None and self._ballot.uuid == name else None
        if frame["status"] == "success":
            self.note(Counted(time.time(), name, frame["round"], frame["choice"]))
        else:
            self.note(NotCounted(time.time(), name, frame["error_code"]))
            if ballot is not None and frame["error_code"] in ("unavailable", "rate_limited"):
                self.job(self._vote_again(ballot, frame.get("retry_after", LATER)))
                return
        if ballot is not None:
            self._ballot = None

    async def _vote_again(self, ballot: Ballot, wait: float) -> None:
        await asyncio.sleep(wait)
        if self._ballot is ballot and self.ready.is_set():
            await self._cast(ballot)
