"""The arena, and how much is tried: `FUZZ_CASES` frames in all, in place of a few hundred.

The short run tries the same each time, the long one something new; `FUZZ_SEED` repeats it.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.arena import UNLIMITED, Arena, make_arena
from tests.running import Site, environment

T = TypeVar("T")

CASES = int(os.environ.get("FUZZ_CASES", "300"))
LONG = "FUZZ_CASES" in os.environ
LIMIT = 3600 if LONG else 180
"""Seconds that a test of many cases may take."""
SEED = int(os.environ.get("FUZZ_SEED", int.from_bytes(os.urandom(4)) if LONG else 0))


def batches(
    strategy: st.SearchStrategy[T], share: float, each: int, again: int = 0
) -> Iterator[Sequence[T]]:
    """Yield this share of all cases, `each` at a time; others for each number in `again`.

    They are drawn one by one, and not in lists, most of which Hypothesis makes by repeating parts
    of others.
    """
    number = -(-round(CASES * share) // each) * each
    found: list[T] = []

    @seed(SEED + again)
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: T) -> None:
        found.append(case)

    collect()
    assert len(found) >= number
    for start in range(0, number, each):
        yield found[start : start + each]


@contextlib.contextmanager
def told(batch: object) -> Iterator[None]:
    """Add the whole batch to an error, as all of it may have been needed to cause it."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"FUZZ_SEED={SEED} FUZZ_CASES={CASES}: {batch!r}")
        raise


def pytest_report_header() -> list[str]:
    return [f"fuzzing: FUZZ_SEED={SEED} FUZZ_CASES={CASES}"]


@contextlib.contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield loop
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture(scope="package")
def arenas(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Arena]]:
    """A function that makes an arena on a site of its own, with these changes of environment."""
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    with django_db_blocker.unblock(), running_loop() as loop:
        opened: list[Arena] = []

        def make(**changes: str) -> Arena:
            tag = os.urandom(3).hex()
            site = Site(tmp_path_factory.mktemp("fuzz"), workers=2, env=environment(**changes))
            arena = make_arena(site.__enter__(), loop, tag)
            opened.append(arena)
            arena.start()
            return arena

        yield make
        for arena in opened:
            arena.stop()
            arena.site.stop()
            sys.stdout.write(f"{arena.cases} cases\n")
        connection.close()


@pytest.fixture(scope="package")
def arena(arenas: Callable[..., Arena]) -> Arena:
    """Return an arena whose site lets everybody do as much as they want."""
    return arenas(**UNLIMITED)
