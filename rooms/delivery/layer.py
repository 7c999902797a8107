"""A channel layer on Redis, based on channels_redis, with less work for each message.

For each message, channels_redis and redis-py go through a pool, a retry, several time limits and
their own metrics, and they poll for messages ten times a second. Here one connection publishes, and
the other blocks until a message comes. If one of them fails, the library takes over: it reconnects,
subscribes again and repeats the publish.
"""

import asyncio
import logging
import math
from typing import Any

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LOST = (RedisError, OSError)
"""The exceptions of a lost connection."""
RETRY_AFTER = 1.0
"""Seconds until the receiver tries again if Redis cannot be reached."""
NEXT_AFTER = 0.1
"""Seconds in which the library reconnects, or finds that it cannot."""


class PubSubChannelLayer(RedisPubSubChannelLayer):
    """A channel layer on Redis' pub/sub, with the options of RedisPubSubChannelLayer.

    It does not notice a Redis that hangs. Its user has to, as `rooms.delivery.subscriptions` does.
    """

    def _get_layer(self) -> RedisPubSubLoopLayer:
        layer: RedisPubSubLoopLayer | None = self._layers.get(asyncio.get_running_loop())
        if layer is None:
            layer = super()._get_layer()
            layer._shards = [Shard(shard.host, layer) for shard in layer._shards]
        return layer


class Shard(RedisSingleShardConnection):
    """The connections to one Redis."""

    _publisher: Any = None

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish a message. Raises an error of redis-py if Redis does not take it."""
        async with self._lock:
            self._ensure_redis()
            try:
                await self._publish_at_once(channel, message)
            except LOST:
                await self._redis.publish(channel, message)

    async def _publish_at_once(self, channel: str, message: bytes) -> None:
        if self._publisher is None:
            self._publisher = await self._redis.connection_pool.get_connection()
        elif not self._publisher.is_connected:
            await self._publisher.connect()
        # `send_command` starts a task for each command to limit its time. Here the wait for the
        # answer has redis-py's own time limit.
        self._publisher._writer.writelines(
            self._publisher.pack_command("PUBLISH", channel, message)
        )
        await self._publisher.read_response()

    async def flush(self) -> None:
        """Close the connections. They are opened again when needed."""
        await super().flush()
        self._publisher = None

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub is not None and self._pubsub.subscribed:
                    self._receive_message(await self._next_message())
                    continue
                # There is no subscription yet.
                await asyncio.sleep(NEXT_AFTER)
            except LOST:
                await asyncio.sleep(RETRY_AFTER)
            except Exception:
                logger.exception("could not receive a message from Redis")
                await asyncio.sleep(RETRY_AFTER)

    async def _next_message(self) -> dict[str, Any] | None:
        pubsub: Any = self._pubsub
        message: dict[str, Any] | None
        try:
            response = await pubsub.connection.read_response(timeout=math.inf, push_request=True)
        except LOST:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=NEXT_AFTER)
        else:
            # Parse every kind of message, because redis-py also learns its subscriptions from them.
            message = await pubsub.handle_message(response, ignore_subscribe_messages=True)
        return message
