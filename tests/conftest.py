"""Fixtures of all tests."""

import pytest

from tests.running import Site


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
