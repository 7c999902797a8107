"""The channel layer as configured here, between two processes' worth of it."""

import asyncio
import os

import pytest
from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from peerchat.settings import channel_layer


@pytest.fixture
async def layers(monkeypatch):
    """Two layers with a time-out of a fifth of a second, as in two processes."""
    monkeypatch.setenv("REDIS_TIMEOUT", "0.2")
    monkeypatch.setenv("REDIS_HEALTH_CHECK_INTERVAL", "1")
    monkeypatch.setenv("REDIS_PREFIX", "test-layer")
    config = channel_layer(os.environ["REDIS_URL"])
    assert config["BACKEND"].endswith(RedisPubSubChannelLayer.__name__)
    pair = [RedisPubSubChannelLayer(**config["CONFIG"]) for _ in range(2)]
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
        async with asyncio.timeout(5):
            assert await ours.receive(channel) == {"type": "told", "after": silence}


async def test_a_burst_is_not_dropped(layers):
    ours, theirs = layers
    channel = await ours.new_channel()
    await ours.group_add("room", channel)
    for number in range(2000):
        await theirs.group_send("room", {"type": "told", "number": number})
    async with asyncio.timeout(20):
        got = [(await ours.receive(channel))["number"] for _ in range(2000)]
    assert got == list(range(2000))


async def test_a_burst_is_not_dropped_inside_one_process():
    layer = InMemoryChannelLayer(**channel_layer("")["CONFIG"])
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    for number in range(2000):
        await layer.group_send("room", {"type": "told", "number": number})
    got = [(await layer.receive(channel))["number"] for _ in range(2000)]
    assert got == list(range(2000))
