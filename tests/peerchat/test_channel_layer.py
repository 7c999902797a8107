"""The channel layer as configured here, between two processes' worth of it."""

import asyncio
import os
import signal

import pytest
import redis
from channels.layers import InMemoryChannelLayer
from django.utils.module_loading import import_string

from peerchat.settings import channel_layer
from tests.pace import patient
from tests.running import until
from tests.servers import own_redis


@pytest.fixture
def server():
    with own_redis() as one:
        yield one


@pytest.fixture
async def layers(monkeypatch, server):
    """Two layers with a time-out of a fifth of a second, as in two processes."""
    monkeypatch.setenv("REDIS_TIMEOUT", "0.2")
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
    for silence in (0, 0.5, 1.5):
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
            # What is published while nobody listens is for nobody.
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


async def test_a_burst_is_not_dropped_inside_one_process():
    layer = InMemoryChannelLayer(**channel_layer("")["CONFIG"])
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    for number in range(2000):
        await layer.group_send("room", {"type": "told", "number": number})
    got = [(await layer.receive(channel))["number"] for _ in range(2000)]
    assert got == list(range(2000))
