"""Fixtures of all tests."""

import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from playwright.async_api import Browser, async_playwright, expect

from accounts import lockout, mail, wrong_tokens
from rooms import ratelimit
from tests import migrated, tables
from tests.pace import PACE, patient
from tests.running import Site
from tests.static.browser import launch

# Imported objects stay: collections of garbage during the imports would find nothing, and take a
# fifth of the time.
gc.set_threshold(100_000)

pytest_plugins = ["tests.summary", "tests.covered", "tests.sharing"]

IN_FULL = "IN_FULL" in os.environ
# No test measures time: on a busy machine one example may take half a second. A test is to fail
# because of a change and not by chance, so only the long form looks for new examples.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    derandomize=not IN_FULL,
    max_examples=1000 if IN_FULL else 40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

# Other folders use these modules of helpers, too.
pytest.register_assert_rewrite(
    *("tests.attacks.markup", "tests.attacks.web", "tests.e2e.people"),
    *("tests.rooms.consumers.feeds", "tests.rooms.revoked"),
)


# Marks by which `make quick` leaves tests out.
BROWSER = ("tests/e2e/", "tests/static/", "tests/attacks/test_markup.py")
FAULT = (
    *("tests/faults/test_faults.py", "tests/fuzz/", "tests/rooms/api/test_schemathesis.py"),
    *("tests/rooms/test_redis_away.py", "tests/rooms/test_database_away.py"),
    "tests/rooms/test_lost_notices.py",
)
WHOLE = (
    *("tests/attacks/", "tests/deployment/", "tests/inclusion/", "tests/peerchat/server/"),
    "tests/test_rehearse.py",
    # Files that take more than eight seconds of CPU.
    *(
        "tests/accounts/test_hashing.py",
        "tests/accounts/test_lockout.py",
        "tests/accounts/test_rush.py",
    ),
    *("tests/peerchat/test_channel_layer.py", "tests/peerchat/test_health.py"),
    *("tests/rooms/actions/test_tryouts.py", "tests/rooms/api/test_site.py"),
    *("tests/rooms/admin/test_admin.py", "tests/rooms/admin/test_scope.py"),
    *("tests/rooms/consumers/test_authentication.py", "tests/rooms/consumers/test_feeds.py"),
    *("tests/rooms/formats/test_hostile.py", "tests/rooms/formats/test_hostile_xml.py"),
    *("tests/rooms/process/test_silent.py", "tests/rooms/queries/test_search.py"),
    *("tests/rooms/test_client.py", "tests/rooms/test_figures.py", "tests/rooms/test_kinds.py"),
    *("tests/rooms/test_lonely.py", "tests/rooms/test_markup.py"),
    *("tests/rooms/test_partners.py", "tests/rooms/test_pictures.py"),
    *("tests/rooms/test_presence.py", "tests/rooms/test_question.py"),
    *("tests/rooms/test_question_round_trip.py", "tests/rooms/test_revision.py"),
    *("tests/rooms/test_revocation.py", "tests/rooms/test_screen.py"),
    *("tests/rooms/test_seating.py", "tests/rooms/test_sockets.py"),
    *("tests/rooms/test_transitions.py", "tests/rooms/test_tryouts.py"),
    *("tests/rooms/test_untold_revocation.py", "tests/rooms/test_wire.py"),
)


LEFT_OUT = {"browser": BROWSER, "fault": FAULT, "whole": WHOLE}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import files whose tests the marks leave out: each process would import them all."""
    path = collection_path.relative_to(config.rootpath).as_posix()
    path += "/" if collection_path.is_dir() else ""
    left_out = [
        begins for mark, begins in LEFT_OUT.items() if f"not {mark}" in config.option.markexpr
    ]
    return True if any(map(path.startswith, left_out)) else None


def pytest_report_header() -> str:
    return f"pace: {PACE:.1f} times as slow as a quiet machine, so limits are as much longer"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and give each as long as this machine takes.

    Leave those out that only the long form runs, unless they are named on the command line.
    """
    if not IN_FULL and not any("::" in name for name in config.args):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
    usual = float(config.getini("timeout"))
    for item in items:
        for mark, begins in LEFT_OUT.items():
            if item.nodeid.startswith(begins):
                item.add_marker(mark)
        own = item.get_closest_marker("timeout")
        seconds = own.args[0] if own else usual
        item.add_marker(pytest.mark.timeout(patient(seconds)), append=False)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Have collections of garbage skip the modules and the thousands of tests, which stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Makes the database, also for tests without the mark `django_db`, and drops it at the end.

    Before that it ends the connections that other threads still hold.
    """
    test: Any = connection.settings_dict["TEST"]
    if connection.vendor == "postgresql":
        test["TEMPLATE"] = migrated.template()
    else:
        test["MIGRATE"] = False
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        if connection.vendor == "sqlite":
            migrated.fill_sqlite(connection.connection)
    tables.use()
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
    mail.allowed.cache_clear()
    wrong_tokens.from_address.cache_clear()
