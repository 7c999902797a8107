"""One run: a class that talks and votes at a site while something breaks, and its outcome."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.cast import Cast
from tests.faults.checker import check
from tests.faults.endpoint import LostError
from tests.faults.ledger import Heads, Ledger
from tests.faults.place import Place
from tests.faults.record import Refused
from tests.faults.student import Student
from tests.faults.teacher import Teacher
from tests.pace import patient
from tests.running import Site, read_figures

HERE_WITHIN = patient(60.0)
"""Seconds in which all clients have connected for the first time."""
SETTLED_WITHIN = patient(60.0)
"""Seconds after the last message within which everybody has everything: a client that could not
connect may wait for half a minute before it tries again."""
FORGOTTEN_WITHIN = patient(60.0)
"""Seconds after which users who are gone must not count as online any more."""
PROMPT = patient(5.0)
"""Seconds within which a message is acknowledged if no fault delays it."""
LEFT_WITHIN = patient(30.0)
"""Seconds within which a user learns of the loss of a room, also without a notice."""
POLL = 0.05


@dataclass
class Outcome:
    """The figures of a run."""

    clients: int = 0
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    """Messages to rooms that ended meanwhile."""
    delivered: int = 0
    resumed: int = 0
    reconnected: int = 0
    whole_after: float = 0.0
    """Seconds from the end of the fault until everybody had all that was stored by then."""
    violations: list[str] = field(default_factory=list)


class Run:
    """An async context manager: the class is there, talks and votes."""

    def __init__(
        self, place: Place, site: Site, cast: Cast, *, talk: float, mutes: int, brief: bool
    ) -> None:
        self.place = place
        self.site = site
        self.cast = cast
        self.ledger = Ledger(str(place.postgres.folder), cast.course)
        self.talk = talk
        """Messages of all students in a second."""
        self.brief = brief
        """True for the short form."""
        self.outcome = Outcome()
        self.unavailable = 0.0
        """Seconds for which the fault kept the database away."""
        self.repaired = 0.0
        """The end of the fault by the monotonic clock, if it is before the end of its function."""
        self.found: list[str] = []
        """Violations that the fault itself has seen."""
        people = list(cast.students.items())
        talkers = people[: len(people) - mutes]
        self.mutes = dict(people[len(talkers) :])
        """Tokens by username of the students that the fault connects in its own way."""
        pause = len(talkers) / talk
        self.students = [
            Student(site.socket_url, name, token, cast, pause=pause) for name, token in talkers
        ]
        self.teacher = Teacher(site.socket_url, cast, brief=brief)

    async def __aenter__(self) -> Self:
        for student in self.students:
            student.start()
        try:
            await self.until(lambda: all(one.ready.is_set() for one in self.students), HERE_WITHIN)
            self.teacher.start()
            await self.until(lambda: self.teacher.known.phase == "vote", HERE_WITHIN)
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        started = [one for one in (*self.students, self.teacher) if one._task is not None]
        results = await asyncio.gather(*(one.stop() for one in started), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    # --- for the faults ----------------------------------------------------------------------

    @property
    def acknowledged(self) -> int:
        return sum(len(one.known.acknowledged) for one in self.students)

    async def until(self, condition: Callable[[], Any], within: float) -> None:
        """Wait for a condition. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(POLL)

    async def flow(self, messages: int, within: float = patient(30.0)) -> None:
        """Wait until so many more messages have been acknowledged."""
        goal = self.acknowledged + messages
        await self.until(lambda: self.acknowledged >= goal, within)

    async def switch(self, name: str) -> None:
        """Switch a fault within the workers on, and wait until one of them has had it."""
        self.place.switch_on(name)
        await self.until(lambda: not (self.place.switches / name).exists(), patient(20))

    async def lost(self) -> None:
        """Set the end of the fault to now, and wait until a student notices a lost connection."""
        self.repaired = time.monotonic()
        await self.until(lambda: not all(one.ready.is_set() for one in self.students), patient(10))

    @property
    def connections(self) -> int:
        return sum(one.connections for one in self.students)

    def closed_with(self, code: int) -> float:
        """Return how many sockets the site has closed with a code. Blocks."""
        return read_figures(self.site).get(("peerchat_closed_total", str(code)), 0)

    def open_sockets(self) -> float:
        """Return how many sockets the site holds. Blocks."""
        return read_figures(self.site)[("peerchat_connections",)]

    async def until_figure(self, condition: Callable[[], bool], within: float) -> None:
        """Wait for a condition that blocks, or note that it did not come true."""
        began = time.monotonic()
        while not await asyncio.to_thread(condition):
            if time.monotonic() - began > within:
                self.found.append(f"the figures did not come right within {within:g} s")
                return
            await asyncio.sleep(0.2)

    async def until_online(self, names: set[str], *, online: bool) -> None:
        """Wait until these students count as online, or as away, or note that they do not."""
        began = time.monotonic()
        while names:
            ready = [one for one in self.students if one.ready.is_set()]
            with contextlib.suppress(LostError):
                for one in ready[:1]:
                    listed = await one.insist("list_users", room=self.cast.course_room)
                    there = {user["username"] for user in listed["users"] if user["online"]}
                    if (names <= there) if online else not (names & there):
                        return
            if time.monotonic() - began > FORGOTTEN_WITHIN:
                self.found.append(f"not all of {sorted(names)} are {online=}")
                return
            await asyncio.sleep(0.2)

    def disturbances(self, since: float) -> list[str]:
        """Messages sent since then that waited long for their acknowledgement, or were refused."""
        found = []
        for student in self.students:
            refused = {entry.uuid for entry in student.record.entries if isinstance(entry, Refused)}
            for uuid, sent in student.known.sent.items():
                frame = student.known.acknowledged.get(uuid)
                now = time.time() if frame is None else frame.at
                if uuid not in refused and sent.at > since and now - sent.at > PROMPT:
                    found.append(f"{student.name}: {uuid} took {now - sent.at:.1f} s")
        return found

    def fullest_worker(self) -> int:
        """The worker with the most sockets: they are not spread evenly."""
        return max(
            self.site.workers(), key=lambda pid: len(list(Path(f"/proc/{pid}/fd").iterdir()))
        )

    # --- afterwards --------------------------------------------------------------------------

    async def become_whole(self, within: float = SETTLED_WITHIN) -> None:
        """Measure how long it takes until everybody has all that is stored now."""
        began = self.repaired or time.monotonic()
        await self._catch_up(within)
        self.outcome.whole_after = time.monotonic() - began
        if self.outcome.whole_after > within:
            self.found.append(f"it took {self.outcome.whole_after:.1f} s until all was as before")

    async def _catch_up(self, within: float) -> None:
        """Wait until everybody is connected and has all that is stored now; note who has not."""
        began = time.monotonic()
        heads = now = await asyncio.to_thread(self.ledger.heads)
        while missing := list(filter(None, (_missing(one, heads, now) for one in self.students))):
            if time.monotonic() - began > within:
                found = f"after {within:g} s {len(missing)} are not up to date: {missing[0]}"
                self.found.append(found)
                return
            await asyncio.sleep(POLL)
            # Rooms end with their question; then nobody needs their missing messages any more.
            now = await asyncio.to_thread(self.ledger.heads)

    async def _leave_rooms(self) -> None:
        """Wait until nobody believes they are in a room that they have left, or note who does."""
        heads = await asyncio.to_thread(self.ledger.heads)
        for student in self.students:
            mine = {room for room, (_, members) in heads.items() if student.name in members}

            def knows(student: Student = student, mine: set[str] = mine) -> bool:
                return all(r in mine or not v.is_mine for r, v in student.known.views.items())

            try:
                await self.until(knows, LEFT_WITHIN)
            except TimeoutError:
                self.found.append(f"{student.name} was not told that they have left a room")

    async def settle(self) -> Outcome:
        """Let the class come to its end, and judge."""
        self.teacher.finishing = True
        try:
            await self.until(self.teacher.finished.is_set, 2 * SETTLED_WITHIN)
            if self.teacher.stuck:
                self.found.append(self.teacher.stuck)
            for student in self.students:
                student.silent.set()
            await self.until(lambda: not any(one.pending for one in self.students), SETTLED_WITHIN)
            await self.until(
                lambda: all(one.ready.is_set() for one in (*self.students, self.teacher)),
                SETTLED_WITHIN,
            )
        except TimeoutError:
            # The checker tells what is missing.
            waiting = sum(len(one.pending) for one in self.students)
            self.found.append(
                f"not settled: {waiting} messages wait, in {self.teacher.known.phase}"
            )
        await self._catch_up(SETTLED_WITHIN)
        await self._leave_rooms()
        stored = await asyncio.to_thread(self.ledger.read)
        everybody = [*self.students, self.teacher]
        out = self.outcome
        out.clients = len(everybody)
        out.sent = sum(len(one.known.sent) for one in self.students)
        out.acknowledged = self.acknowledged
        out.refused = sum(
            isinstance(entry, Refused) and entry.code == "invalid_room_id"
            for one in self.students
            for entry in one.record.entries
        )
        out.delivered = sum(one.known.delivered for one in self.students)
        out.resumed = sum(one.known.resumed for one in self.students)
        out.reconnected = sum(one.connections - 1 for one in everybody)
        out.violations = [
            *self.found,
            *check([one.record for one in everybody], stored, unavailable=self.unavailable),
        ]
        return out


def _missing(student: Student, heads: Heads, now: Heads) -> str:
    """Return what the student lacks of `heads` in their present rooms; empty if nothing."""
    if not student.ready.is_set():
        return f"{student.name} is not connected"
    mine = {room for room, (_, members) in now.items() if student.name in members}
    for room in mine & heads.keys():
        view, head = student.known.views.get(room), heads[room][0]
        if view is None or not view.is_mine or view.stale or view.head < head:
            known = "nothing" if view is None else str(view.head)
            return f"{student.name} has {known} of {head} in {room}"
    return ""
