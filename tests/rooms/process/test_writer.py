"""The writer that stores the items of many sockets in batches. Each store here notes them."""

import asyncio
import threading

import pytest
from django.db import InterfaceError, OperationalError

from rooms.delivery import names, publish
from rooms.delivery.notices import Changed
from rooms.process import writer as module
from rooms.process.writer import Writer
from rooms.wire.errors import InvalidChoice, Unavailable
from tests.pace import patient


class Store:
    """Answers each item with its double; waits for `go` first."""

    def __init__(self):
        self.batches = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, items):
        self.go.wait(patient(10))
        self.batches.append(list(items))
        return [item * 2 for item in items]


@pytest.fixture
async def writer():
    made = Writer()
    yield made
    await made.stop()


@pytest.fixture
def store():
    return Store()


async def outcomes(futures):
    """The result of each future, or the code of its error."""
    done = await asyncio.gather(*futures, return_exceptions=True)
    return [getattr(one, "code", one) for one in done]


async def test_a_lone_item_is_stored_at_once(writer, store):
    assert await writer.submit(store, 21) == 42
    assert store.batches == [[21]]


async def test_what_waits_is_stored_together_and_in_order(writer, store):
    store.go.clear()
    first = writer.submit(store, 1)
    await asyncio.sleep(0)
    rest = [writer.submit(store, number) for number in range(2, 50)]
    store.go.set()
    assert await outcomes([first, *rest]) == [number * 2 for number in range(1, 50)]
    assert store.batches == [[1], list(range(2, 50))]


async def test_kinds_are_not_mixed(writer):
    one, other = Store(), Store()
    one.go.clear()
    futures = [writer.submit(one, 0)]
    await asyncio.sleep(0)
    for number in range(1, 4):
        futures += [writer.submit(one, number), writer.submit(other, number)]
    one.go.set()
    assert await outcomes(futures) == [0, 2, 2, 4, 4, 6, 6]
    assert (one.batches, other.batches) == ([[0], [1, 2, 3]], [[1, 2, 3]])


async def test_batches_have_a_limit(writer, store, monkeypatch):
    monkeypatch.setattr(module, "BATCH_LIMIT", 3)
    store.go.clear()
    futures = [writer.submit(store, number) for number in range(8)]
    store.go.set()
    await outcomes(futures)
    assert store.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]


async def test_what_waits_has_a_limit(writer, store, monkeypatch):
    monkeypatch.setattr(module, "QUEUE_LIMIT", 2)
    futures = [writer.submit(store, number) for number in range(2)]
    with pytest.raises(Unavailable):
        writer.submit(store, 2)
    assert await outcomes(futures) == [0, 2]
    assert await writer.submit(store, 3) == 6


async def test_an_error_that_the_store_answers_is_its_items_alone(writer):
    def store(items):
        return [InvalidChoice() if item == 2 else item for item in items]

    futures = [writer.submit(store, number) for number in range(4)]
    assert await outcomes(futures) == [0, 1, "invalid_choice", 3]


async def test_one_poison_item_does_not_harm_the_others(writer, caplog):
    batches = []

    def store(items):
        batches.append(list(items))
        if 2 in items:
            raise ValueError("2 cannot be stored")
        return items

    futures = [writer.submit(store, number) for number in range(4)]
    assert await outcomes(futures) == [0, 1, "unavailable", 3]
    assert batches == [[0, 1, 2, 3], [0], [1], [2], [3]]
    assert "could not store an item" in caplog.text
    assert await writer.submit(store, 5) == 5


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_without_the_database_nothing_is_kept(writer, error):
    """The writer does not try the items one by one: each would wait as long as the batch."""
    batches = []

    def store(items):
        batches.append(list(items))
        if len(batches) == 1:
            raise error("gone")
        return items

    futures = [writer.submit(store, number) for number in range(3)]
    assert await outcomes(futures) == ["unavailable"] * 3
    assert len(batches) == 1
    assert await writer.submit(store, 7) == 7


async def test_who_does_not_wait_any_more_disturbs_nobody(writer, store):
    store.go.clear()
    futures = [writer.submit(store, number) for number in range(3)]
    futures[1].cancel()
    store.go.set()
    assert await futures[0] == 0
    assert await futures[2] == 4
    assert store.batches == [[0, 1, 2]]


async def test_what_waits_is_stored_before_the_end():
    writer, store = Writer(), Store()
    store.go.clear()
    futures = [writer.submit(store, number) for number in range(3)]
    stopping = asyncio.create_task(writer.stop())
    await asyncio.sleep(0)
    store.go.set()
    await stopping
    assert [future.result() for future in futures] == [0, 2, 4]


async def test_after_the_end_nothing_is_taken(store):
    writer = Writer()
    await writer.stop()
    with pytest.raises(Unavailable):
        writer.submit(store, 1)


@pytest.mark.parametrize("fails", ["counts", "raises"])
async def test_what_goes_wrong_ends_with_its_batch(writer, store, monkeypatch, fails):
    def bad(items):
        if fails == "counts":
            return []
        raise OperationalError

    def unable():
        raise RuntimeError("not even that")

    with monkeypatch.context() as patched:
        patched.setattr(module, "close_old_connections", unable)
        assert await outcomes([writer.submit(bad, 1)]) == ["unavailable"]
    assert await writer.submit(store, 21) == 42


async def test_what_is_gathered_waits_for_more_but_the_first_does_not(writer, store, monkeypatch):
    monkeypatch.setattr(module, "GATHER", patient(0.5))
    assert await writer.submit(store, 1, gather=True) == 2
    futures = [writer.submit(store, number, gather=True) for number in range(2, 5)]
    # What is not gathered waits for nothing.
    assert await writer.submit(store, 9) == 18
    assert not any(future.done() for future in futures)
    assert await outcomes(futures) == [4, 6, 8]
    assert store.batches == [[1], [9], [2, 3, 4]]
    await asyncio.sleep(module.GATHER)
    assert await writer.submit(store, 5, gather=True) == 10


async def test_what_is_gathered_has_the_same_limit(writer, store, monkeypatch):
    monkeypatch.setattr(module, "QUEUE_LIMIT", 2)
    assert await writer.submit(store, 0, gather=True) == 0
    futures = [writer.submit(store, number, gather=True) for number in (1, 2)]
    with pytest.raises(Unavailable):
        writer.submit(store, 3, gather=True)
    assert await outcomes(futures) == [2, 4]


async def test_what_is_gathered_is_stored_at_the_end(store, monkeypatch):
    monkeypatch.setattr(module, "GATHER", patient(60))
    writer = Writer()
    await writer.submit(store, 1, gather=True)
    futures = [writer.submit(store, number, gather=True) for number in (2, 3)]
    await writer.stop()
    assert [future.result() for future in futures] == [4, 6]


async def test_what_comes_at_the_very_end_is_refused(store, monkeypatch):
    monkeypatch.setattr(module, "GATHER", patient(60))
    writer = Writer()
    store.go.clear()
    first = writer.submit(store, 1, gather=True)
    stopping = asyncio.create_task(writer.stop())
    await asyncio.sleep(0)
    late = writer.submit(store, 2, gather=True)
    store.go.set()
    await stopping
    assert await outcomes([first, late]) == [2, "unavailable"]


async def test_what_a_batch_tells_goes_out_with_its_results(writer, monkeypatch):
    """It is one turn of the event loop, and one message to Redis, whatever the batch tells."""
    told = []

    class Noted(publish.Outgoing):
        def __init__(self):
            pass

        def publish(self, entries):
            told.append((threading.current_thread().name, [entry for _, entry in entries]))

    monkeypatch.setattr(publish, "_current", Noted())
    one, other = Changed(names.dashboards(1)), Changed(names.screens(1))

    def store(items):
        publish._committed([(names.course(1), one)])
        publish._committed([(names.course(1), other)])
        assert told == []
        return items

    assert await writer.submit(store, 1) == 1
    assert told == [(threading.current_thread().name, [one, other])]

    def slow(items):
        publish._committed([(names.course(1), one)])
        publish.let_go_at_once()
        assert told[1:] == [("writer", [one])]
        return items

    assert await writer.submit(slow, 2) == 2
    assert len(told) == 2
