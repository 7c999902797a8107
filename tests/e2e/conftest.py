"""Real browsers at a running site.

When a test fails, each page's screenshot and the site's log stay in its `tmp_path`; the report
names them. With E2E_SHOTS=<folder> every phase leaves a screenshot there.
"""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error

from tests import migrated
from tests.e2e.people import (
    DESKTOP,
    PHONE,
    TELL_VIOLATIONS,
    WITHIN,
    Instructor,
    Person,
    Student,
    eventually,
)
from tests.e2e.proxy import Proxy
from tests.e2e.sites import OneProcess, OneWorker, Pool, Running, Store, prepare, serve

Kind = TypeVar("Kind", bound=Person)
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def one_process() -> tuple[Store, str]:
    """The demo course on SQLite, and its password."""
    store = OneProcess(migrated.shared() / "one-process")

    def make() -> str:
        store.create()
        return prepare(store)

    return store, migrated.once("one-process-password", make)


@pytest.fixture(scope="session")
def pool() -> tuple[Pool, str]:
    """The demo course on PostgreSQL, and its password."""
    store = Pool("peerchat_demo", template=None)

    def make() -> str:
        store.remove()  # of a run before, on the same server
        store.create(migrated.template())
        return prepare(store)

    return store, migrated.once("pool-password", make)


@pytest.fixture(scope="session")
def one_worker(pool: tuple[Pool, str]) -> tuple[Store, str]:
    """The demo course of a site with one worker, and its password."""
    return OneWorker("peerchat_demo", template=None), pool[1]


@pytest.fixture(scope="session")
def below_a_path(pool: tuple[Pool, str]) -> Iterator[tuple[Store, str]]:
    """The demo course of a site that has no host of its own, and its password."""
    store = pool[0].below_a_path()
    yield store, pool[1]
    store.remove()


SITES = {"two-workers": "pool", "one-process": "one_process", "below-a-path": "below_a_path"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests on two workers, or where the mark `also_on` says that they run `usually`.

    `make faults` sets IN_FULL, and runs the marked tests on the sites that the mark names and on
    one process as well.
    """
    named = metafunc.definition.iter_markers("parametrize")
    if "running" in metafunc.fixturenames and not any(mark.args[0] == "running" for mark in named):
        names = ["two-workers"]
        if also := metafunc.definition.get_closest_marker("also_on"):
            names = [also.kwargs.get("usually", "two-workers")]
            if "IN_FULL" in os.environ:
                names += sorted({*also.args, "one-process"} - {*names})
        metafunc.parametrize("running", [SITES[name] for name in names], ids=names, indirect=True)


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """One kind of site, on a fresh copy of its database."""
    store, password = request.getfixturevalue(request.param)
    with serve(store, password, tmp_path) as site:
        yield site
    assert "ERROR" not in site.log.read_text()
    assert "Traceback" not in site.log.read_text()


class Classroom:
    """A site and the people at it."""

    def __init__(self, browser: Browser, site: Running) -> None:
        self.site = site
        self.url = site.url
        """The URL at which browsers reach the site."""
        self.people: list[Person] = []
        self._browser = browser
        self._networks = AsyncExitStack()

    async def open(self) -> None:
        """Put a proxy before a site that has no TLS of its own."""
        if self.site.store.tls:
            self.url = (await self.network()).url

    async def network(self, *, upgrades: bool = True) -> Proxy:
        """A network to the site, which stays until the last page is closed."""
        proxy = Proxy(self.site.url, upgrades=upgrades, tls=self.site.store.tls)
        return await self._networks.enter_async_context(proxy)

    async def instructor(self, *, phone: bool = False, url: str | None = None) -> Instructor:
        return await self._arrive(Instructor, "instructor", phone=phone, url=url)

    async def visitor(self, username: str) -> Person:
        """Open a browser for a user who is not in the course."""
        return await self._arrive(Person, username, phone=False)

    async def student(self, number: int, *, phone: bool = True, url: str | None = None) -> Student:
        """A browser with nobody logged in yet; `url`: where it reaches the site."""
        return await self._arrive(Student, f"student{number}", phone=phone, url=url)

    async def _arrive(
        self, kind: type[Kind], username: str, *, phone: bool, url: str | None = None
    ) -> Kind:
        context = await self._browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            is_mobile=phone,
            has_touch=phone,
            # What waits moves all the time, which costs much where nothing but the CPU draws.
            reduced_motion="reduce" if phone else "no-preference",
            locale="en-GB",
            timezone_id="Europe/London",
            ignore_https_errors=self.site.store.tls,
        )
        context.set_default_timeout(WITHIN * 1000)
        await context.add_init_script(TELL_VIOLATIONS)
        person = kind(
            username,
            context,
            await context.new_page(),
            url=url or self.url,
            password=self.site.password,
            new_session=self.site.log_in,
        )
        self.people.append(person)
        return person

    async def spread(self, *students: Student) -> None:
        """Let students reload until their chat sockets are spread over all workers."""
        for attempt in range(100):
            if await self.workers_of(*students) == self.site.store.workers:
                return
            student = students[attempt % len(students)]
            await student.page.reload()
            await student.connected()
        raise AssertionError("all students stayed on one worker")

    async def workers_of(self, *students: Student) -> int:
        """Return on how many workers the students' chat sockets are; each student has one."""
        names = [student.username for student in students]

        async def everybody_has_one() -> bool:
            return sorted(name for name, _ in self.site.chat_sockets(names)) == sorted(names)

        # A reload leaves the socket of before open for a moment.
        await eventually(everybody_has_one, True)
        return len({worker for _, worker in self.site.chat_sockets(names)})

    async def leave(self, *, failed: bool, folder: Path) -> list[Path]:
        """Closes the browsers; the screenshots taken where the test failed."""
        shots = []
        for person in self.people:
            if failed:
                path = folder / f"{person.username}.png"
                try:
                    await person.page.screenshot(path=path, timeout=5000)
                    shots.append(path)
                except Error:
                    pass  # the page is gone, and the test has told why
            await person.context.close()
        await self._networks.aclose()
        return shots


@pytest_asyncio.fixture(loop_scope="session")
async def classroom(
    request: pytest.FixtureRequest, browser: Browser, running: Running, tmp_path: Path
) -> AsyncIterator[Classroom]:
    """Yield people at a site. Any complaint of a browser fails the test."""
    room = Classroom(browser, running)
    await room.open()
    yield room
    failed = request.node.stash.get(FAILED, False)
    problems = [problem for person in room.people for problem in person.problems]
    shots = await room.leave(failed=failed or bool(problems), folder=tmp_path)
    if shots:
        places = "\n".join(str(place) for place in (*shots, running.log))
        request.node.add_report_section("teardown", "screens and site", places)
    assert problems == []
