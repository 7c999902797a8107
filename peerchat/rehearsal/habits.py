"""A class with bad habits, and checks that it is served well nevertheless.

Nobody is alone for long, no snapshot is older than the events of its socket, and votes are counted
exactly.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from peerchat.rehearsal.client import Client, Denied, RehearsalError
from peerchat.rehearsal.plan import Report
from peerchat.rehearsal.pupil import HABITS, Findings, Pupil

ALONE_WITHIN = 25.0
"""Seconds after which every student who could have a partner has one."""
LOOK_EVERY = 0.5
"""Seconds between two looks at the partner groups."""
ROUND = 6.0
"""Seconds that a round takes."""
CLOSED_WITHIN = 20.0
"""Seconds after its deadline in which a round must have been closed."""


@dataclass(frozen=True, slots=True)
class HabitsPlan:
    """Holds the participants and the duration. The students' tokens are by username."""

    address: str
    course: str
    questions: tuple[str, ...]
    answers: Mapping[str, Sequence[str]]
    """The canonical answers that students give to each question, by its slug."""
    instructor: str
    students: Mapping[str, str]
    seed: int
    discuss: float
    """Seconds of each discussion."""


class Register(Protocol):
    """Reads the class from the database. Its methods block, so call them in a thread."""

    def places(self) -> dict[str, int] | None:
        """Return the partner group of each student in one, by username; None without groups."""

    def choices(self, question: str, number: int) -> dict[str, str]:
        """Return the stored choice of each student in a round of a question, by username."""

    def bars(self, question: str, number: int) -> dict[str, int]:
        """Return the bars of the stored votes of a round that have any."""

    def late_votes(self) -> int:
        """Return the number of votes that were cast after the close of their round."""


class Company:
    """Measures how long online students were alone although there was company."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.whose = "nobody"
        self._since: dict[str, float] = {}

    def look(self, online: set[str], places: dict[str, int] | None, now: float) -> None:
        """Take in the current online students and their partner groups."""
        if places is None or len(online) < 2:
            self._since.clear()
            return
        there = Counter(places[name] for name in online if name in places)
        alone = {name for name in online if name not in places or there[places[name]] < 2}
        self._since = {name: self._since.get(name, now) for name in alone}
        for name, since in self._since.items():
            if now - since > self.longest:
                self.longest, self.whose = now - since, name


class Classes:
    """Classes with bad habits that are held at the same time."""

    def __init__(
        self, plans: Sequence[HabitsPlan], registers: Sequence[Register], report: Report
    ) -> None:
        self._classes = [
            Habits(plan, register, report) for plan, register in zip(plans, registers, strict=True)
        ]

    async def run(self) -> None:
        """Play the classes. Raises RehearsalError or TimeoutError if one cannot go on."""
        await asyncio.gather(*(one.run() for one in self._classes))

    async def close(self) -> None:
        """End everything."""
        await asyncio.gather(*(one.close() for one in self._classes))


class Habits:
    """A class that goes through some questions, as its students come, go and are lost."""

    def __init__(self, plan: HabitsPlan, register: Register, report: Report) -> None:
        self._plan = plan
        self._register = register
        self._report = report
        self._rng = random.Random(plan.seed)
        self._findings = Findings()
        self._company = Company()
        self._teacher: Client | None = None
        self._pupils = [
            Pupil(
                name,
                token,
                url=plan.address,
                course=plan.course,
                habit=HABITS[index % len(HABITS)],
                answers=plan.answers,
                seat="" if index % 2 else f"Row {index // 20 + 1}, seat {index % 20 + 1}",
                seconds=ROUND,
                rng=random.Random(self._rng.random()),
                findings=self._findings,
            )
            for index, (name, token) in enumerate(plan.students.items())
        ]
        self._wrong: list[str] = []
        self._stored = 0
        self._late = 0

    async def run(self) -> None:
        """Play the class. Raises RehearsalError or TimeoutError if it cannot go on."""
        began = time.perf_counter()
        try:
            self._teacher = await Client.open(
                f"{self._plan.address}/ws/instructor/{self._plan.course}/", self._plan.instructor
            )
        except Denied as error:
            raise RehearsalError(
                f"{error} Does the server use the database of this command?"
            ) from None
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.gather(*(pupil.come() for pupil in self._pupils))
            await asyncio.sleep(1)
            for question in self._plan.questions:
                await self._ask(question)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if not watching.cancelled():
            watching.result()
        self._report.step(
            f"seed {self._plan.seed}", time.perf_counter() - began, f"course {self._plan.course}"
        )
        self._late = await asyncio.to_thread(self._register.late_votes)
        self._judge()

    async def close(self) -> None:
        """End everything."""
        if self._teacher is not None:
            await self._teacher.close()
        await asyncio.gather(*(pupil.leave() for pupil in self._pupils))

    async def _ask(self, question: str) -> None:
        await self._control("start_question", question=question, seconds=ROUND)
        await self._closed("vote_closed")
        await self._check_votes(question, 1)
        await self._control("make_partners")
        await self._control("enable_discussion")
        await asyncio.sleep(self._plan.discuss)
        await self._control("start_revote", seconds=ROUND)
        await self._closed("revote_closed")
        await self._check_votes(question, 2)
        await self._control("reveal")
        await self._control("next_question")

    async def _control(self, action: str, **fields: Any) -> None:
        assert self._teacher is not None
        await self._teacher.command(action, **fields)

    async def _closed(self, phase: str) -> None:
        """Wait until the deadline has closed the round and earlier votes are answered."""
        assert self._teacher is not None
        controls = self._teacher.controls
        if not await self._teacher.until(
            lambda: bool(controls) and controls[-1]["phase"] == phase,
            within=ROUND + CLOSED_WITHIN,
        ):
            raise RehearsalError(f"The round was not closed in time: no phase {phase}.")
        await asyncio.sleep(1)

    async def _check_votes(self, question: str, number: int) -> None:
        assert self._teacher is not None
        stored = await asyncio.to_thread(self._register.choices, question, number)
        bars = await asyncio.to_thread(self._register.bars, question, number)
        figures = (await self._teacher.command("figures")).body
        counted = {letter: n for letter, n in figures["histograms"][number - 1].items() if n}
        if counted != bars or figures["votes"][number - 1] != len(stored):
            self._wrong.append(f"{question}/{number}: the figures show {counted}")
        for pupil in self._pupils:
            ballot = pupil.ballots.get((question, number))
            choice = stored.get(pupil.name)
            if not (choice is None if ballot is None else ballot.allows(choice)):
                self._wrong.append(f"{question}/{number}: {pupil.name} has {choice}, not {ballot}")
        self._stored += len(stored)

    async def _watch(self) -> None:
        while True:
            before = {pupil.name for pupil in self._pupils if pupil.is_online}
            places = await asyncio.to_thread(self._register.places)
            online = {pupil.name for pupil in self._pupils if pupil.is_online}
            # Students who came or went meanwhile are left to the next look.
            self._company.look(before & online, places, time.monotonic())
            await asyncio.sleep(LOOK_EVERY)

    def _judge(self) -> None:
        found, company, check = self._findings, self._company, self._report.check
        check(
            f"no student was alone for more than {ALONE_WITHIN:g} s",
            company.longest <= ALONE_WITHIN,
            f"at most {company.longest:.1f} s ({company.whose})",
        )
        check(
            "no snapshot was older than what its socket already had",
            not found.late and found.snapshots > 0,
            f"{len(found.late)} of {found.snapshots}, {found.numbered} with a number"
            + "".join(f"; {one}" for one in found.late[:3]),
        )
        check("no vote came after the close", not self._late, f"{self._late} of {self._stored}")
        votes = found.votes
        check(
            "exactly the acknowledged votes count, and the figures show them",
            not self._wrong and not found.refused and votes["counted"] > 0,
            f"{votes['counted']} acknowledged, {votes['refused']} refused, {votes['unsure']} "
            f"unsure; {self._stored} stored, {len(self._wrong)} wrong"
            + "".join(f"; {one}" for one in (self._wrong + found.refused)[:3]),
        )
