"""A class whose partners talk, alone and then while other students log in."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from peerchat.rehearsal.client import Client, CommandRefused, RehearsalError, spread
from peerchat.rehearsal.lesson import Lesson
from peerchat.rehearsal.logins import Rush, Visit
from peerchat.rehearsal.plan import Ledger, Plan, Report

T = TypeVar("T")

SLOWEST_PAGE = 10.0
"""Seconds that each answer of a log-in may take."""
ALONE = 10.0
"""Seconds over which the class is measured before anybody logs in."""
EVERY = 3.0
"""Seconds between two messages of a student."""


class Discussion(Lesson):
    """The class goes as far as its partner chat, and talks there while others log in."""

    def __init__(self, plan: Plan, ledger: Ledger, report: Report, rush: Rush) -> None:
        super().__init__(plan, ledger, report)
        self._rush = rush
        # The number of refused or unanswered messages.
        self._lost: list[str] = []

    async def run(self) -> None:
        """Play the class. Raises RehearsalError or TimeoutError if it cannot go on."""
        await self._connect()
        await self._control("start_question", "enableVote", question=self._plan.question)
        await self._vote(1)
        await self._close(1)
        await self._make_partners()
        await self._control("enable_chat", "enableChat")
        await self._everybody(lambda client: bool(client.partners))
        with self._step("class alone") as notes:
            _, seconds = await self._talk_during(asyncio.sleep(ALONE))
            notes.append(f"{len(seconds)} messages, {spread(seconds)}")
        with self._step("log in") as notes:
            visits, seconds = await self._talk_during(self._rush.run())
            notes.append(told(visits))
            notes.append(f"the other class: {len(seconds)} messages, {spread(seconds)}")
        await self._control("start_revote", "enableRevote")
        await self._control("stop_vote", "stopVote")
        await self._control("next_question", "enableNext")
        self._check_visits(visits)
        self._report.check(
            "the other class lost no message",
            not self._lost,
            f"{len(self._lost)} lost{f', for example: {self._lost[0]}' if self._lost else ''}",
        )

    def _check_visits(self, visits: Sequence[Visit]) -> None:
        came = sum(visit.is_in for visit in visits)
        errors = Counter(visit.error for visit in visits if visit.error)
        self._report.check(
            "every student logged in", came == len(visits), f"{came} of {len(visits)}"
        )
        self._report.check(
            "no log-in caused an error",
            not errors,
            ", ".join(f"{number} with {error}" for error, number in errors.most_common()) or "none",
        )
        slowest = max(page for visit in visits for page in visit.pages)
        self._report.check(
            f"no page took longer than {SLOWEST_PAGE:g} s",
            slowest <= SLOWEST_PAGE,
            f"the slowest {slowest:.2f} s",
        )

    async def _talk_during(self, others: Awaitable[T]) -> tuple[T, list[float]]:
        """Return the others' result, and the seconds until each message was answered."""
        seconds: list[float] = []
        done = asyncio.Event()
        talking = asyncio.gather(
            *(self._talk(name, client, seconds, done) for name, client in self._students.items())
        )
        try:
            result = await others
        finally:
            done.set()
            await talking
        return result, seconds

    async def _talk(
        self, name: str, client: Client, seconds: list[float], done: asyncio.Event
    ) -> None:
        wait = self._rng.uniform(0, EVERY)
        while not await _is_set(done, within=wait):
            try:
                reply = await client.command(
                    "new_message", room=client.partners.get("room", ""), text=f"{name} says so."
                )
            except (CommandRefused, RehearsalError, TimeoutError) as error:
                self._lost.append(str(error) or "no reply")
                wait = EVERY
            else:
                seconds.append(reply.seconds)
                wait = max(EVERY - reply.seconds, 0)


async def _is_set(event: asyncio.Event, *, within: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False
    return True


def told(visits: Sequence[Visit]) -> str:
    """Return a summary of the log-ins, for people."""
    pages = [page for visit in visits for page in visit.pages]
    later = sum(visit.told_later for visit in visits)
    return (
        f"{sum(visit.is_in for visit in visits)} of {len(visits)} in, "
        f"{sum(bool(visit.error) for visit in visits)} errors, {later} requests to retry, "
        f"pages {spread(pages)}, slowest {max(pages):.2f} s, "
        f"the last one in after {max(visit.seconds for visit in visits):.2f} s"
    )
