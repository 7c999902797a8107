"""The arena, and how much is tried: `FUZZ_CASES` frames in all, in place of a few hundred."""

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.arena import UNLIMITED, Arena, make_arena
from tests.running import Site, environment

CASES = int(os.environ.get("FUZZ_CASES", "600"))
LONG = "FUZZ_CASES" in os.environ


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Frames may be long.
        item.add_marker(pytest.mark.filterwarnings("ignore:Generating overly large repr"))


def examples(share: float, each: int) -> settings:
    """Settings for so much of all cases, of which an example has `each`.

    The short run tries the same each time; the long one tries something new, and a failure says
    how to try it again.
    """
    return settings(
        max_examples=max(1, round(CASES * share / each)),
        derandomize=not LONG,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
    )


@pytest.fixture(scope="session")
def arenas(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Arena]]:
    """A function that makes an arena on a site of its own, with these changes of environment."""
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    with django_db_blocker.unblock(), asyncio.Runner() as runner:
        opened: list[Arena] = []

        def make(**changes: str) -> Arena:
            tag = os.urandom(3).hex()
            site = Site(tmp_path_factory.mktemp("fuzz"), workers=2, env=environment(**changes))
            arena = make_arena(site.__enter__(), runner, tag)
            opened.append(arena)
            arena.start()
            return arena

        yield make
        for arena in opened:
            arena.stop()
            arena.site.stop()
        connection.close()


@pytest.fixture(scope="session")
def arena(arenas: Callable[..., Arena]) -> Arena:
    """One whose site lets everybody do as much as they want."""
    return arenas(**UNLIMITED)
