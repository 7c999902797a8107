"""Fixtures of all tests."""

import pytest
from django.db import connection

from tests.running import Site


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Ends the connections that other threads still hold, or the database could not be dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def site(tmp_path, transactional_db):
    """A function that starts `manage.py serve` on the tests' database: `site(workers=2)`."""
    running: list[Site] = []

    def start(**options) -> Site:
        folder = tmp_path / f"site{len(running)}"
        folder.mkdir()
        running.append(Site(folder, **options).__enter__())
        return running[-1]

    yield start
    for one in running:
        one.stop()
