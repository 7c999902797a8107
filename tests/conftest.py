"""Fixtures of all tests."""

import pytest
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from accounts import lockout, wrong_tokens
from rooms import ratelimit
from tests.running import Site

pytest_plugins = ["tests.summary"]

# Tests of other folders meet people in browsers, too.
pytest.register_assert_rewrite("tests.e2e.people")


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
    """Nobody has done anything yet, as far as this process knows."""
    for limit in ratelimit.ALL:
        limit.reset()
    lockout.guesses.cache_clear()
    wrong_tokens.from_address.cache_clear()
