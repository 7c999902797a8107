"""The channel layer on Redis' pub/sub.

It suits a process that receives for many sockets. `pubsub` holds its connections. The names in
Redis and the form of messages are those of `channels_redis.pubsub`, so workers with either layer
hear each other.
"""

import asyncio
import binascii
import logging
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from channels.layers import BaseChannelLayer
from channels_redis.serializers import registry
from channels_redis.utils import decode_hosts

from rooms.delivery.pubsub import Server

logger = logging.getLogger(__name__)

CAPACITY = 100_000
"""Messages that may wait for the receiver of a channel; beyond that the oldest are dropped."""


class PubSubChannelLayer(BaseChannelLayer):
    """A channel layer on Redis' pub/sub, for any number of event loops.

    `hosts` are as for channels_redis: URLs, pairs of host and port, or the options of a connection
    of redis-py with an `address`. Several hosts share the groups by name.

    Redis keeps no message, so only channels that have subscribed before receive it. The caller must
    notice if Redis hangs, as `rooms.delivery.subscriptions` does.
    """

    extensions = ["groups", "flush"]

    def __init__(
        self,
        *,
        hosts: Sequence[Any] | None = None,
        prefix: str = "asgi",
        serializer_format: str = "msgpack",
        symmetric_encryption_keys: Sequence[str | bytes] | None = None,
        capacity: int = CAPACITY,
        channel_capacity: dict[Any, int] | None = None,
        expiry: float = 60,
    ) -> None:
        super().__init__(expiry, capacity, channel_capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self.prefix = prefix
        # RESP2 unless a URL wants another: with RESP3, redis-py makes a text of each message for
        # its own log.
        self._hosts = [{"protocol": 2, **host} for host in decode_hosts(hosts)]
        self._serializer = registry.get_serializer(
            serializer_format, symmetric_encryption_keys=symmetric_encryption_keys
        )
        self._ends: dict[asyncio.AbstractEventLoop, _End] = {}

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return the unique name of a new channel, which receives from now on."""
        channel = f"{self.prefix}{prefix}{uuid.uuid4().hex}"
        await self._open(await self._here(), channel)
        return channel

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to a channel. Raises an error of redis-py if Redis does not take the message."""
        await self._publish(channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message of a channel. Cancelling this gives up the channel."""
        here = await self._here()
        inbox = here.inboxes.get(channel) or await self._open(here, channel)
        try:
            data = await inbox.queue.get()
        except asyncio.CancelledError:
            here.give_up(inbox)
            raise
        message: dict[str, Any] = self._serializer.deserialize(data)
        return message

    async def group_add(self, group: str, channel: str) -> None:
        """Have a channel of this event loop receive what is sent to a group.

        The subscription is on its way to Redis when this returns.
        """
        here = await self._here()
        inbox = here.inboxes.get(channel)
        if inbox is None:
            raise RuntimeError(f"{channel} is no channel of this event loop; ask new_channel().")
        await here.join(self._name(group), inbox)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group."""
        here = await self._here()
        inbox = here.inboxes.get(channel)
        if inbox is not None:
            await here.leave(self._name(group), inbox)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to a group. Raises an error of redis-py if Redis does not take the message."""
        await self._publish(self._name(group), message)

    async def flush(self) -> None:
        """Forget the channels and groups of this event loop, and close its connections.

        The connections open again on the next use.
        """
        await (await self._here()).close()

    def lost(self) -> int:
        """Return how often this event loop has lost a receiving connection.

        Messages published until the next connection had subscribed are lost.
        """
        here = self._ends.get(asyncio.get_running_loop())
        return 0 if here is None else here.lost()

    def _name(self, group: str) -> str:
        return f"{self.prefix}__group__{group}"

    async def _publish(self, name: str, message: dict[str, Any]) -> None:
        here = self._ends.get(asyncio.get_running_loop()) or await self._here()
        await here.server(name).publish(name, self._serializer.serialize(message))

    async def _open(self, here: "_End", channel: str) -> "_Inbox":
        inbox = here.inboxes[channel] = _Inbox(channel, self.get_capacity(channel))
        try:
            await here.join(channel, inbox)
        except BaseException:
            here.give_up(inbox)
            raise
        return inbox

    async def _here(self) -> "_End":
        loop = asyncio.get_running_loop()
        end = self._ends.get(loop)
        if end is None:
            for other in list(self._ends):
                if other.is_closed():
                    self._ends.pop(other, None)
            end = self._ends[loop] = _End(self._hosts)
            end.until_the_loop_ends = self._close_with_the_loop(loop, end)
            await anext(end.until_the_loop_ends)
        return end

    async def _close_with_the_loop(
        self, loop: asyncio.AbstractEventLoop, end: "_End"
    ) -> AsyncGenerator[None]:
        # `asyncio.run` and its like finish the asynchronous generators before they close the loop.
        try:
            yield
        finally:
            self._ends.pop(loop, None)
            await end.close()


class _Inbox:
    """The queue of a channel, and the names to which the channel is subscribed."""

    __slots__ = ("channel", "names", "overflows", "queue")

    def __init__(self, channel: str, capacity: int) -> None:
        self.channel = channel
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(capacity)
        self.names: set[str] = set()
        self.overflows = False

    def put(self, data: bytes) -> None:
        if self.queue.full():
            self.queue.get_nowait()
            if not self.overflows:
                self.overflows = True
                logger.warning(
                    "%d messages wait in the channel %s; dropping the oldest",
                    self.queue.maxsize,
                    self.channel,
                )
        elif self.overflows and self.queue.qsize() < self.queue.maxsize // 2:
            self.overflows = False
        self.queue.put_nowait(data)


class _End:
    """The layer in one event loop."""

    until_the_loop_ends: AsyncGenerator[None]

    def __init__(self, hosts: list[dict[str, Any]]) -> None:
        self.inboxes: dict[str, _Inbox] = {}
        # The channels that receive under each name. A channel also receives under its own name.
        self._members: dict[bytes, set[_Inbox]] = {}
        self._servers = [Server(host, self._deliver) for host in hosts]

    def server(self, name: str) -> Server:
        """Return the Redis of a name, the one that `channels_redis` would choose."""
        count = len(self._servers)
        if count == 1:
            return self._servers[0]
        return self._servers[(binascii.crc32(name.encode()) & 0xFFF) * count // 0x1000]

    def lost(self) -> int:
        """Return how often a receiving connection was lost."""
        return sum(server.lost for server in self._servers)

    async def join(self, name: str, inbox: _Inbox) -> None:
        self._members.setdefault(name.encode(), set()).add(inbox)
        inbox.names.add(name)
        await self.server(name).subscribe(name)

    async def leave(self, name: str, inbox: _Inbox) -> None:
        if self._remove(name, inbox):
            await self.server(name).unsubscribe(name)

    def give_up(self, inbox: _Inbox) -> None:
        """Forget a channel. Its subscriptions end in the background, as the caller is cancelled."""
        if self.inboxes.get(inbox.channel) is inbox:
            del self.inboxes[inbox.channel]
            for name in list(inbox.names):
                if self._remove(name, inbox):
                    self.server(name).unsubscribe_later(name)

    async def close(self) -> None:
        self.inboxes.clear()
        self._members.clear()
        for server in self._servers:
            await server.close()

    def _remove(self, name: str, inbox: _Inbox) -> bool:
        """Remove a channel from a name, and return whether it was the last one there."""
        inbox.names.discard(name)
        key = name.encode()
        members = self._members.get(key)
        if members is None or inbox not in members:
            return False
        members.discard(inbox)
        if members:
            return False
        del self._members[key]
        return True

    def _deliver(self, name: bytes, data: bytes) -> None:
        for inbox in self._members.get(name, ()):
            inbox.put(data)
