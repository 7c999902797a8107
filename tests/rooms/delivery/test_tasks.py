"""Tasks that are held until they end, whose failures are logged, and which can be stopped."""

import asyncio
import gc
import logging

import pytest

from rooms.delivery.tasks import Tasks
from tests.pace import patient


async def forever():
    await asyncio.Event().wait()


async def fails():
    raise ValueError("out of chalk")


async def test_a_task_is_held_until_it_ends():
    tasks = Tasks()
    over = asyncio.Event()
    task = tasks.start(over.wait())
    assert len(tasks) == 1
    over.set()
    assert await task
    assert len(tasks) == 0


async def test_a_task_has_the_name_of_its_function_or_its_own():
    tasks = Tasks()
    assert tasks.start(forever()).get_name() == "forever"
    assert tasks.start(forever(), name="a long wait").get_name() == "a long wait"
    await tasks.stop()


async def test_a_failure_is_logged_once(caplog):
    tasks = Tasks()
    task = tasks.start(fails(), name="lesson")
    await asyncio.wait({task})
    del task
    # The loop itself would log it when the task is collected.
    gc.collect()
    [record] = caplog.records
    assert (record.name, record.levelno) == ("rooms.delivery.tasks", logging.ERROR)
    assert "lesson" in record.getMessage()
    assert "out of chalk" in caplog.text
    assert len(tasks) == 0


async def test_a_cancelled_task_is_no_failure(caplog):
    tasks = Tasks()
    task = tasks.start(forever())
    await asyncio.sleep(0)
    tasks.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert caplog.records == []


async def test_stop_waits_for_what_a_task_does_at_its_end():
    tasks = Tasks()
    tidied = []

    async def tidy():
        try:
            await forever()
        finally:
            await asyncio.sleep(0.01)
            tidied.append(True)

    tasks.start(tidy())
    await asyncio.sleep(0)
    await tasks.stop(patient(10))
    assert tidied == [True]
    assert len(tasks) == 0


async def test_a_task_that_loses_a_cancellation_is_cancelled_again():
    tasks = Tasks()
    lost = []

    async def deaf_once():
        try:
            await forever()
        except asyncio.CancelledError:
            lost.append(True)
        await forever()

    tasks.start(deaf_once())
    await asyncio.sleep(0)
    await tasks.stop(patient(10))
    assert lost == [True]
    assert len(tasks) == 0


@pytest.mark.parametrize("way", ["stop", "finish"])
async def test_nobody_waits_longer_than_they_said(way):
    tasks = Tasks()
    free = asyncio.Event()

    async def stubborn():
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    tasks.start(stubborn())
    await asyncio.sleep(0)
    await getattr(tasks, way)(0.01)
    assert len(tasks) == 1
    free.set()
    await tasks.finish(patient(10))
    assert len(tasks) == 0


async def test_finish_waits_also_for_what_is_started_meanwhile():
    tasks = Tasks()
    done = []

    async def second():
        done.append("second")

    async def first():
        tasks.start(second())
        done.append("first")

    tasks.start(first())
    await tasks.finish(patient(10))
    assert done == ["first", "second"]
    assert len(tasks) == 0
