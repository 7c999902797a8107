"""Guests who join a course by its code, all from one address, as a class with phones does."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from websockets.exceptions import WebSocketException

from peerchat.rehearsal.logins import Browser, Visit
from peerchat.rehearsal.plan import Report

SLOWEST = 10.0
"""Seconds that a guest may need from the first page to the socket of the class."""
IMPATIENT = 10
"""Of so many guests, one presses the button twice."""


@dataclass(slots=True)
class Crowd:
    """Guests who join by `code` at the site `url`, spread over `within` seconds."""

    url: str
    code: str
    count: int
    within: float
    sessions: list[str] = field(default_factory=list)
    """The keys of the sessions that the site made."""

    async def run(self, report: Report, members: Callable[[], int], timeout: float) -> None:
        """Let all of them join, and check that each is in once.

        `members` counts the guests of the course in the database. Raises TimeoutError after
        `timeout` seconds.
        """
        report.begin("join")
        began = time.perf_counter()
        async with asyncio.timeout(timeout):
            visits = await asyncio.gather(*map(self._come, range(self.count)))
        seconds = time.perf_counter() - began
        pages = sorted(page for visit in visits for page in visit.pages)
        report.step(
            "join",
            seconds,
            f"{self.count} guests, pages {pages[len(pages) // 2]:.2f} s, slowest {pages[-1]:.2f} s",
        )
        self._check(report, visits, await asyncio.to_thread(members))

    def _check(self, report: Report, visits: Sequence[Visit], members: int) -> None:
        came = sum(visit.is_in for visit in visits)
        errors = Counter(visit.error for visit in visits if visit.error)
        told = ", ".join(f"{number} with {error}" for error, number in errors.most_common())
        report.check("every guest is in the class", came == self.count, f"{came} of {self.count}")
        report.check("nobody was refused", not errors, told or "none")
        report.check("each is there once", members == self.count, f"{members} in the database")
        slowest = max(visit.seconds for visit in visits)
        report.check(
            f"nobody needed longer than {SLOWEST:g} s",
            slowest <= SLOWEST,
            f"the slowest {slowest:.2f} s",
        )

    async def _come(self, number: int) -> Visit:
        await asyncio.sleep(number * self.within / self.count)
        visit, browser = Visit(), Browser(self.url)
        began, twice = time.perf_counter(), number % IMPATIENT == 0
        try:
            await self._join(visit, browser, f"Guest {number + 1}", twice=twice)
        except (OSError, TimeoutError, WebSocketException) as error:
            visit.error = str(error) or type(error).__name__
        visit.seconds = time.perf_counter() - began
        # Two presses give two of them.
        self.sessions += [
            value for name, value in browser.received if name == settings.SESSION_COOKIE_NAME
        ]
        return visit

    async def _join(self, visit: Visit, browser: Browser, name: str, *, twice: bool) -> None:
        page = f"/join/{self.code}/"
        visit.pages.append((await browser.get(page)).seconds)
        presses = [browser.post(page, {"name": name}) for _ in range(1 + twice)]
        for answer in await asyncio.gather(*presses):
            visit.pages.append(answer.seconds)
            if answer.status != 302:
                visit.error = f"HTTP {answer.status}"
                return
        connection = await browser.socket()
        visit.is_in = True
        await asyncio.sleep(random.random())
        await connection.close()
