"""The channel layer as configured here, between two processes' worth of it."""

import asyncio
import contextlib
import os
import signal

import pytest
import redis
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.utils.module_loading import import_string

from peerchat.settings import channel_layer
from tests.pace import patient
from tests.running import until
from tests.servers import own_redis

TIMEOUT = patient(2)
"""Seconds that Redis has to answer, which a busy machine takes longer for, too."""


@pytest.fixture
def server():
    with own_redis() as one:
        yield one


@pytest.fixture
async def layers(monkeypatch, server):
    """Two layers with a short time-out, as in two processes."""
    monkeypatch.setenv("REDIS_TIMEOUT", str(TIMEOUT))
    config = channel_layer(server.url)
    backend = import_string(config["BACKEND"])
    pair = [backend(**config["CONFIG"]) for _ in range(2)]
    yield pair
    for layer in pair:
        await layer.flush()


async def test_a_subscription_outlives_the_time_out(layers):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    for silence in (0, 1.2 * TIMEOUT):
        await asyncio.sleep(silence)  # the silence is what is tested
        await theirs.group_send("room", {"type": "told", "after": silence})
        async with asyncio.timeout(patient(5)):
            assert await ours.receive(channel) == {"type": "told", "after": silence}


async def test_a_burst_is_not_dropped(layers):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    for number in range(2000):
        await theirs.group_send("room", {"type": "told", "number": number})
    async with asyncio.timeout(patient(20)):
        got = [(await ours.receive(channel))["number"] for _ in range(2000)]
    assert got == list(range(2000))


@pytest.mark.parametrize("kind", ["normal", "pubsub"])
async def test_a_connection_that_is_lost_loses_no_message_after_it(layers, server, kind):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    for number in range(3):
        await theirs.group_send("room", {"type": "told", "number": number})
        async with asyncio.timeout(patient(5)):
            assert (await ours.receive(channel))["number"] == number
        with redis.Redis.from_url(server.url) as other:
            assert other.client_kill_filter(_type=kind, skipme=True) >= 1
            # A message that is published while nobody is subscribed is lost.
            await asyncio.to_thread(until, lambda: len(other.pubsub_channels()) == 2)


async def test_a_redis_that_hangs_is_an_error_in_time(layers, server):
    ours, _ = layers
    await ours.group_send("room", {"type": "told"})
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(patient(30)):
            with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
                await ours.group_send("room", {"type": "told"})
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    async with asyncio.timeout(patient(5)):
        await ours.group_send("room", {"type": "told"})


async def told(layer, channel):
    """Return the number of the next message."""
    async with asyncio.timeout(patient(5)):
        return (await layer.receive(channel))["number"]


async def subscriptions(server, expected):
    """Waits until Redis has so many channels that somebody is subscribed to."""
    with redis.Redis.from_url(server.url) as other:
        await asyncio.to_thread(until, lambda: len(other.pubsub_channels()) == expected)


async def test_after_a_restart_of_redis_the_groups_are_heard_again(layers, server):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    await ours.group_add("hall", channel)
    await theirs.group_send("room", {"type": "told", "number": 1})
    assert await told(ours, channel) == 1
    server.stop()
    with pytest.raises(redis.ConnectionError):
        await theirs.group_send("room", {"type": "told", "number": 2})
    with pytest.raises(redis.RedisError):
        await ours.new_channel()
    # The layer must not subscribe to the discarded group again.
    with contextlib.suppress(redis.RedisError):
        await ours.group_discard("hall", channel)
    server.start()
    await subscriptions(server, 2)
    await theirs.group_send("hall", {"type": "told", "number": 3})
    await theirs.group_send("room", {"type": "told", "number": 4})
    assert await told(ours, channel) == 4


async def test_a_subscription_is_refused_in_time_where_redis_is_away(layers, server):
    ours, _ = layers
    channel = await ours.new_channel()
    server.stop()
    async with asyncio.timeout(patient(15)):
        with pytest.raises(redis.RedisError):
            await ours.group_add("room", channel)
    server.start()
    # The subscription is made when Redis is back.
    await subscriptions(server, 2)


async def test_each_channel_of_a_group_gets_its_own_and_leaves_by_itself(layers, server):
    ours, theirs = layers
    first, second = [await ours.new_channel() for _ in range(2)]
    for channel in (first, second):
        await ours.group_add("room", channel)
    await ours.group_discard("hall", first)
    await theirs.group_send("room", {"type": "told", "number": 1})
    assert [await told(ours, channel) for channel in (first, second)] == [1, 1]
    await ours.group_discard("room", first)
    await theirs.group_send("room", {"type": "told", "number": 2})
    await theirs.send(first, {"type": "told", "number": 3})
    assert [await told(ours, channel) for channel in (first, second)] == [3, 2]
    await ours.group_discard("room", second)
    await subscriptions(server, 2)


async def test_a_group_is_for_channels_of_this_process(layers):
    ours, theirs = layers
    channel = await theirs.new_channel()
    with pytest.raises(RuntimeError):
        await ours.group_add("room", channel)


async def test_a_channel_whose_receiver_is_cancelled_is_given_up(layers, server):
    ours, _ = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    receiving = asyncio.create_task(ours.receive(channel))
    await subscriptions(server, 2)
    receiving.cancel()
    await asyncio.wait([receiving])
    await subscriptions(server, 0)
    with pytest.raises(RuntimeError):
        await ours.group_add("room", channel)


async def test_beyond_the_capacity_the_oldest_are_dropped(server, caplog):
    config = channel_layer(server.url)
    layer = import_string(config["BACKEND"])(
        **config["CONFIG"], capacity=20, channel_capacity={"*small*": 10}
    )
    small, other = await layer.new_channel("small."), await layer.new_channel()
    await layer.group_add("room", small)
    for number in range(30):
        await layer.group_send("room", {"type": "told", "number": number})
    await layer.send(other, {"type": "told", "number": 30})
    assert await told(layer, other) == 30
    assert [await told(layer, small) for _ in range(10)] == list(range(20, 30))
    assert [record.getMessage() for record in caplog.records] == [
        f"10 messages wait in the channel {small}; dropping the oldest"
    ]
    await layer.flush()


async def test_workers_with_the_layer_of_channels_redis_are_heard_and_hear(layers, server):
    ours, _ = layers
    theirs = RedisPubSubChannelLayer(**channel_layer(server.url)["CONFIG"])
    channels = [await ours.new_channel(), await theirs.new_channel()]
    for layer, channel in zip((ours, theirs), channels, strict=True):
        await layer.group_add("room", channel)
    await subscriptions(server, 3)
    for number, layer in enumerate((ours, theirs)):
        await layer.group_send("room", {"type": "told", "number": number})
        assert await told(ours, channels[0]) == number
        assert await told(theirs, channels[1]) == number
    await ours.send(channels[1], {"type": "told", "number": 2})
    assert await told(theirs, channels[1]) == 2
    await theirs.flush()


async def test_a_loop_that_ends_leaves_no_task_and_no_connection(layers, server):
    """In sync code each message has a loop of its own."""
    ours, _ = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    left = []

    async def elsewhere():
        another = await ours.new_channel()
        await ours.group_add("room", another)
        await ours.group_send("room", {"type": "told", "number": 1})
        assert await told(ours, another) == 1

    def loops():
        asyncio.run(elsewhere())
        for number in (2, 3):
            async_to_sync(ours.group_send)("room", {"type": "told", "number": number})
        left.extend(loop for loop in ours._ends if loop.is_closed())

    await asyncio.to_thread(loops)
    assert [await told(ours, channel) for _ in range(3)] == [1, 2, 3]
    assert left == []
    with redis.Redis.from_url(server.url) as other:
        # One connection is that of `ours`, which receives; no layer has published in this loop.
        await asyncio.to_thread(until, lambda: len(other.client_list()) == 2)
    before = asyncio.all_tasks()
    await ours.flush()
    assert len(before - asyncio.all_tasks()) == 1
    await subscriptions(server, 0)


async def test_many_who_publish_at_once_are_heard_in_order(layers):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    await asyncio.gather(
        *(theirs.group_send("room", {"type": "told", "number": number}) for number in range(200))
    )
    assert [await told(ours, channel) for _ in range(200)] == list(range(200))


async def test_who_is_cancelled_while_publishing_disturbs_nobody(layers):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    await theirs.group_send("room", {"type": "told", "number": -1})
    assert await told(ours, channel) == -1
    for number in range(20):
        cancelled = asyncio.create_task(theirs.group_send("hall", {"type": "told"}))
        for _ in range(number % 5):
            await asyncio.sleep(0)
        cancelled.cancel()
        await theirs.group_send("room", {"type": "told", "number": number})
        assert await told(ours, channel) == number
        await asyncio.wait([cancelled])


async def test_a_burst_is_not_dropped_inside_one_process():
    layer = InMemoryChannelLayer(**channel_layer("")["CONFIG"])
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    for number in range(2000):
        await layer.group_send("room", {"type": "told", "number": number})
    got = [(await layer.receive(channel))["number"] for _ in range(2000)]
    assert got == list(range(2000))
