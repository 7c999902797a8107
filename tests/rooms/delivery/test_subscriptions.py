"""Subscriptions of a hub on a real Redis: who is subscribed, and what is left afterwards."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis.asyncio
from channels.layers import get_channel_layer
from django.test import override_settings

from peerchat.settings import channel_layer
from rooms.delivery import names, notices
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from tests.rooms.cast import eventually
from tests.servers import own_redis


async def fetch(audience: str, after: int, limit: int) -> list[tuple[int, list[bytes]]]:
    raise AssertionError("a feed is not stored")


async def compare(known: dict[str, int], within: float) -> tuple[dict[str, int], list[Any]]:
    return {}, []


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub on the tests' Redis, as each worker has one."""
    one = Hub(
        fetch=fetch,
        compare=compare,
        compare_every=60,
        on_changed=lambda audience: None,
        on_seen=lambda entry: None,
        on_recheck=lambda entry: None,
        on_restored=lambda: None,
        on_late=lambda group, audience: None,
    )
    yield one
    await one.stop()


def arrive(hub: Hub) -> tuple[LiveConnection, list[str]]:
    """A connection, and the texts that are sent to it."""
    texts: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        texts.append(message["text"])

    connection = LiveConnection(send, unsent_limit=1_000_000)
    hub.add(connection)
    return connection, texts


def depart(hub: Hub, connection: LiveConnection) -> None:
    connection.dispose()
    hub.drop(connection)


async def from_elsewhere(group: str, text: str) -> None:
    """Publish a text to a feed as another process does."""
    entry: notices.Entry = notices.Passing(group, text.encode())
    await get_channel_layer().group_send(group, notices.pack("elsewhere", group, [entry]))


async def nothing_left(hub: Hub) -> None:
    await eventually(lambda: hub._subscriptions.names == {names.EVERYONE})
    assert hub.connections == {}
    assert hub._audiences == {}
    assert hub._topics == {}
    end = get_channel_layer()._ends[asyncio.get_running_loop()]
    # The channel of the hub, and the group of all processes.
    await eventually(lambda: len(end._members) == 2)
    await eventually(lambda: len(end._servers[0]._told) == 2)


async def test_who_joins_while_the_last_one_leaves_is_on_a_working_feed(hub):
    """The new socket joins at each step of the unsubscription in turn, and at random moments."""
    group = names.feed("handover")
    chance = random.Random(1)
    last, _ = arrive(hub)
    await hub.subscribe(last, [group], linger=0)
    hub.join(last, group, group)
    for turn in range(300):
        depart(hub, last)
        # Let the unsubscription run for some turns of the event loop; some of them wait for Redis.
        for _ in range(turn % 30):
            await asyncio.sleep(0)
        if turn % 3 == 0:
            await asyncio.sleep(chance.uniform(0, 0.002))
        last, texts = arrive(hub)
        await hub.subscribe(last, [group], linger=0)
        hub.join(last, group, group)
        await from_elsewhere(group, f"hello {turn}")
        await eventually(lambda texts=texts: texts)
        assert texts == [f"hello {turn}"]
    depart(hub, last)
    await nothing_left(hub)


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of a Redis that nobody else uses, and that the hub does."""
    with (
        own_redis() as server,
        override_settings(CHANNEL_LAYERS={"default": channel_layer(server.url)}),
    ):
        yield server.url


async def test_a_subscription_counts_when_redis_has_it(redis_url, hub):
    await hub.subscribe(arrive(hub)[0], [names.feed("before")])
    connection, _ = arrive(hub)
    async with redis.asyncio.from_url(redis_url) as server:
        await server.client_pause(500, all=True)
    started = time.monotonic()
    assert await hub.subscribe(connection, [names.feed("paused")])
    assert time.monotonic() - started > 0.4


async def test_nothing_is_left_of_a_thousand_feeds(hub):
    async def come_and_go(number: int) -> None:
        connection, texts = arrive(hub)
        group = names.feed(f"feed {number % 250}")
        await hub.subscribe(connection, [group], linger=0)
        hub.join(connection, group, group)
        await from_elsewhere(group, str(number))
        await eventually(lambda: str(number) in texts)
        depart(hub, connection)

    for start in range(0, 1000, 100):
        await asyncio.gather(*map(come_and_go, range(start, start + 100)))
    await nothing_left(hub)


async def test_nothing_is_left_of_who_left_before_they_were_on(hub):
    async def come_and_go(number: int) -> None:
        connection, _ = arrive(hub)
        joining = asyncio.create_task(
            hub.subscribe(connection, [names.feed(f"{number}")], linger=0)
        )
        for _ in range(number % 10):
            await asyncio.sleep(0)
        joining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await joining
        depart(hub, connection)

    await asyncio.gather(*map(come_and_go, range(200)))
    await nothing_left(hub)


async def test_nothing_is_left_of_topics(hub):
    group = names.course(1)
    connections = [arrive(hub) for _ in range(50)]
    for number, (connection, _) in enumerate(connections):
        await hub.subscribe(connection, [group], linger=0)
        for pattern in ("a/#", "a/+/b", f"a/{number}"):
            hub.subscribe_topic(connection, pattern, group)
    hub.deliver(group, [notices.Topic("a/7/b", b"hello")])
    for _, texts in connections:
        await eventually(lambda texts=texts: texts)
        assert texts == ["hello"]
    for connection, _ in connections:
        depart(hub, connection)
    await nothing_left(hub)
