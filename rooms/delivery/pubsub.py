"""The connections of an event loop to one Redis.

One connection publishes and one receives. Each opens on first use. A task reads from the receiving
connection. If that connection is lost, the task connects anew and repeats all subscriptions. A
message costs no pool, no retry of redis-py and one time limit instead of several.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from channels_redis.utils import create_pool
from redis import exceptions

from rooms.delivery.tasks import Tasks

logger = logging.getLogger(__name__)

LOST = (exceptions.RedisError, OSError)
"""The errors that a lost connection raises."""
RETRY_AFTER = 1.0
"""Seconds between two attempts to open the receiving connection."""
WITHIN = 5.0
"""Seconds that Redis has to answer, and to accept a connection, unless the options differ."""


class Server:
    """The two connections of an event loop to one Redis."""

    def __init__(self, host: dict[str, Any], deliver: Callable[[bytes, bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool: Any = create_pool(host)
        self._deliver = deliver
        self._tasks = Tasks()
        options = self._pool.make_connection()
        self._answer_within: float = options.socket_timeout or WITHIN
        self._connect_within: float = self._answer_within + (
            options.socket_connect_timeout or WITHIN
        )
        # The connection that publishes, and whose turn it is.
        self._publisher: Any = None
        self._publishing = asyncio.Lock()
        self.lost = 0
        """The number of times that the receiving connection was lost."""
        # The wanted subscriptions, those that Redis knows, and the names for which they may differ.
        self._wanted: set[str] = set()
        self._told: set[str] = set()
        self._changed: set[str] = set()
        # The receiving connection, once it has subscribed, and the time limit of its reader.
        self._receiver: asyncio.Future[Any] = self._loop.create_future()
        self._reading: asyncio.Timeout | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def publish(self, name: str, message: bytes) -> None:
        """Publish a message. Raises an error of redis-py if Redis does not take it."""
        try:
            async with asyncio.timeout(self._answer_within) as bound, self._publishing:
                publisher = self._publisher
                if publisher is not None and publisher.is_connected:
                    try:
                        await _publish(publisher, name, message)
                        return
                    except exceptions.ConnectionError:
                        # Redis may have closed it long ago, which is noticed only here.
                        pass
                bound.reschedule(self._loop.time() + self._connect_within)
                self._publisher = await self._connect()
                await _publish(self._publisher, name, message)
        except TimeoutError as error:
            raise exceptions.TimeoutError("Redis did not take a message in time") from error

    async def subscribe(self, name: str) -> None:
        """Subscribe to a name. SUBSCRIBE is written when this returns."""
        self._wanted.add(name)
        self._changed.add(name)
        await self._tell()

    async def unsubscribe(self, name: str) -> None:
        """End the subscription to a name."""
        self._wanted.discard(name)
        self._changed.add(name)
        if self._receiver.done():
            await self._tell()

    def unsubscribe_later(self, name: str) -> None:
        """End the subscription to a name in the background."""
        self._wanted.discard(name)
        self._changed.add(name)
        if self._receiver.done():
            self._tasks.start(self._tell_later())

    async def close(self) -> None:
        """Close the connections. They open again on the next use."""
        self._wanted.clear()
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            await publisher.disconnect(nowait=True)
        await self._tasks.stop()
        await asyncio.sleep(0)  # in which the sockets are closed

    async def _tell(self) -> None:
        """Write the changed subscriptions to Redis."""
        if self._keeper is None or self._keeper.done():
            self._keeper = self._tasks.start(self._keep())
        try:
            async with asyncio.timeout(self._connect_within):
                await self._write(await asyncio.shield(self._receiver))
        except TimeoutError as error:
            raise exceptions.TimeoutError("Redis did not take a subscription in time") from error

    async def _tell_later(self) -> None:
        try:
            await self._tell()
        except LOST as error:
            # The next connection makes the wanted subscriptions.
            logger.debug("could not unsubscribe: %r", error)

    async def _write(self, connection: Any) -> None:
        if not connection.is_connected:
            raise exceptions.ConnectionError("The connection to Redis is lost")
        # Nothing else runs until the commands are in the buffer of the socket.
        join = [name for name in self._changed if name in self._wanted and name not in self._told]
        leave = [name for name in self._changed if name in self._told and name not in self._wanted]
        self._changed.clear()
        self._told.update(join)
        self._told.difference_update(leave)
        commands = [
            (verb, *names) for verb, names in (("SUBSCRIBE", join), ("UNSUBSCRIBE", leave)) if names
        ]
        if not commands:
            return
        try:
            await connection.send_packed_command(
                connection.pack_commands(commands), check_health=False
            )
        except BaseException:
            # It is closed now, which its reader may not notice where Redis hangs.
            reading, self._reading = self._reading, None
            if reading is not None:
                reading.reschedule(0)
            raise

    async def _keep(self) -> None:
        """Keep the receiving connection open, and read from it."""
        while True:
            began = self._loop.time()
            try:
                await self._receive()
            except Exception as error:
                if not isinstance(error, LOST):
                    logger.exception("could not receive from Redis")
                if not self._receiver.done():
                    # Callers that wait for this connection need not wait for the next one.
                    self._receiver.set_exception(error)
                    self._receiver.exception()  # also where nobody waits
                    self._receiver = self._loop.create_future()
            await asyncio.sleep(began + RETRY_AFTER - self._loop.time())

    async def _receive(self) -> None:
        async with asyncio.timeout(self._connect_within):
            connection = await self._connect()
        try:
            async with asyncio.timeout(self._answer_within) as reading:
                self._told = set()
                self._changed = set(self._wanted)
                while self._changed:
                    await self._write(connection)
                reading.reschedule(None)
                self._reading = reading
                self._receiver.set_result(connection)
                while True:
                    await self._read(connection)
        finally:
            self._reading = None
            if self._receiver.done():
                self.lost += 1
                self._receiver = self._loop.create_future()
            await connection.disconnect(nowait=True)

    async def _read(self, connection: Any) -> None:
        try:
            response = await connection.read_response(push_request=True)
        except exceptions.ResponseError as error:
            logger.warning("Redis refuses a subscription: %s", error)
            return
        if response[0] == b"message":
            self._deliver(response[1], response[2])

    async def _connect(self) -> Any:
        connection = self._pool.make_connection()
        # The callers have a time limit. With a limit of its own, redis-py starts a task for each
        # command.
        connection.socket_timeout = None
        try:
            await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection


async def _publish(connection: Any, name: str, message: bytes) -> None:
    await connection.send_packed_command(
        connection.pack_command("PUBLISH", name, message), check_health=False
    )
    await connection.read_response()
