"""A periodic job, which goes on even if one of its turns fails."""

import asyncio
import contextlib

import pytest

from rooms.process.periodic import repeat
from rooms.wire.errors import Unavailable
from tests.rooms.cast import eventually


@contextlib.asynccontextmanager
async def repeating(job, **options):
    task = asyncio.create_task(repeat(job, 0.001, **options))
    yield task
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


@pytest.mark.parametrize("rest", [False, True])
async def test_one_turn_never_begins_before_the_last_is_done(rest):
    under_way, most, turns = 0, 0, 0

    async def job():
        nonlocal under_way, most, turns
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        turns += 1

    async with repeating(job, rest=rest):
        await eventually(lambda: turns >= 3)
    assert most == 1


async def test_a_turn_that_fails_is_logged_and_the_next_one_follows(caplog):
    turns = 0

    async def job():
        nonlocal turns
        turns += 1
        if turns == 1:
            raise ValueError("out of chalk")

    async with repeating(job):
        await eventually(lambda: turns >= 3)
    [record] = caplog.records
    assert "out of chalk" in caplog.text
    assert record.levelname == "ERROR"


async def test_without_the_database_it_goes_on_and_is_silent(caplog):
    turns = 0

    async def job():
        nonlocal turns
        turns += 1
        raise Unavailable

    async with repeating(job):
        await eventually(lambda: turns >= 3)
    assert caplog.records == []
