"""Fixtures of all tests."""

from collections.abc import AsyncIterator

import hypothesis
import pytest
import pytest_asyncio
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from playwright.async_api import Browser, async_playwright, expect

from accounts import lockout, wrong_tokens
from rooms import ratelimit
from tests.pace import PACE, patient
from tests.running import Site
from tests.static.browser import launch

pytest_plugins = ["tests.summary", "tests.covered"]

# No test measures time: on a busy machine one example may take half a second.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# Other folders use these modules of helpers, too.
pytest.register_assert_rewrite(
    "tests.e2e.people", "tests.attacks.markup", "tests.rooms.consumers.feeds"
)


# Marks by which `make quick` leaves tests out.
BROWSER = ("tests/e2e/", "tests/static/", "tests/attacks/test_markup.py")
FAULT = (
    *("tests/faults/test_faults.py", "tests/fuzz/", "tests/rooms/api/test_schemathesis.py"),
    *("tests/rooms/test_redis_away.py", "tests/rooms/test_database_away.py"),
    *("tests/rooms/test_lost_notices.py", "tests/rooms/api/test_outage.py"),
)

# Folders whose tests share a browser or a site of their own.
TOGETHER = ("tests/e2e/", "tests/attacks/", "tests/static/", "tests/fuzz/")


def pytest_report_header() -> str:
    return f"pace: {PACE:.1f} times as slow as a quiet machine, so limits are as much longer"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups; pytest-django's sort is stable
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, group them, and give each as long as this machine takes."""
    usual = float(config.getini("timeout"))
    for item in items:
        if item.nodeid.startswith(BROWSER):
            item.add_marker("browser")
        if item.nodeid.startswith(FAULT):
            item.add_marker("fault")
        own = item.get_closest_marker("timeout")
        seconds = own.args[0] if own else usual
        item.add_marker(pytest.mark.timeout(patient(seconds)), append=False)
        if (group := group_of(item)) is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=turn)


def group_of(item: pytest.Item) -> str | None:
    """Return the name of the tests that run in one process, as they share an expensive fixture."""
    if not needs_empty_tables(item) or item.nodeid.startswith("tests/e2e/"):
        for folder in TOGETHER:
            if item.nodeid.startswith(folder):
                return folder.split("/")[1]
    used = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
    if any(fixture.scope == "module" for of_name in used for fixture in of_name):
        return item.nodeid.partition("::")[0].replace("/", ".")
    return None


def needs_empty_tables(item: pytest.Item) -> bool:
    """Return whether pytest-django puts a test before those that leave rows in the database."""
    used = item.fixturenames  # type: ignore[attr-defined]
    marked = item.get_closest_marker("django_db") is not None
    return marked or "db" in used or "transactional_db" in used


def turn(item: pytest.Item) -> int:
    """Return where a test stands among those that pytest-django keeps together.

    Long groups come before single tests, so that no process has one left when the others are done.
    """
    if needs_empty_tables(item):
        return 0
    return 1 if item.get_closest_marker("xdist_group") else 2


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Makes the database, also for tests without the mark `django_db`, and drops it at the end.

    Before that it ends the connections that other threads still hold.
    """
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        teardown_databases(made, verbosity=0)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, started once; each test makes contexts of its own in it."""
    expect.set_options(timeout=patient(15_000))
    async with async_playwright() as playwright:
        started = await launch(playwright)
        yield started
        await started.close()


@pytest.fixture
def site(tmp_path, transactional_db):
    """A function that starts `manage.py serve` on the tests' database: `site(workers=2)`."""
    running = []

    def start(**options) -> Site:
        folder = tmp_path / f"site{len(running)}"
        folder.mkdir()
        running.append(Site(folder, **options).__enter__())
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def full_buckets():
    """Forget all attempts that this process has counted against limits."""
    for limit in ratelimit.ALL:
        limit.reset()
    lockout.guesses.cache_clear()
    wrong_tokens.from_address.cache_clear()
