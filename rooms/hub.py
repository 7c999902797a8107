"""This process's live connections, by audience.

One channel of the channel layer receives for all of them. A frame that arrives is prepared once
and written to every socket of its audience; the messages of a room are written in the order of
their numbers, each once, and a gap is filled from the database before what comes after it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from channels.layers import get_channel_layer

from rooms import envelope, groups, metrics
from rooms.topics import Subscriptions

logger = logging.getLogger(__name__)

LINGER = 30.0
"""Seconds a subscription outlives its last connection: reloads need not subscribe again."""
GRACE = 0.05
"""Seconds in which a missing message may still arrive by itself, from a slower process."""
CONFIRM_WITHIN = 0.1
"""Seconds until a subscription that is not confirmed is tried again, then twice as many."""
SUBSCRIBE_WITHIN = 5.0
"""Seconds a connection waits for its subscriptions; then it goes on and they follow."""
HEADS_KEPT = 20_000
"""Rooms whose newest number is remembered although nobody here is in them."""
FILL_PAGE = 50
"""Missing messages fetched at a time: so few that a page of the longest texts stays below the limit
of unsent bytes."""
FILL_PAUSE = 0.02
"""Seconds between two pages, in which those who read have read the one before."""

Fetch = Callable[[str, int, int], Awaitable[list[tuple[int, list[bytes]]]]]
"""(audience, after, limit) -> the numbers and frames of the messages that follow."""


class FrameWriter(Protocol):
    """What a server offers as the ASGI extension `peerchat.frames`."""

    def prepare(self, frames: list[bytes]) -> bytes:
        """The bytes on the wire of some text frames: the same for every socket of the server."""

    def write(self, prepared: bytes) -> int:
        """Write to the socket at once; returns the bytes that are still unsent, 0 if none."""

    def unsent(self) -> int:
        """The bytes that the socket has not taken yet."""


class Batch:
    """Frames that go to many sockets together, prepared when first needed."""

    __slots__ = ("_texts", "_wire", "frames")

    def __init__(self, frames: list[bytes]) -> None:
        self.frames = frames
        self._wire: bytes | None = None
        self._texts: list[str] | None = None

    def wire(self, writer: FrameWriter) -> bytes:
        """The prepared bytes; all sockets of a process belong to one server."""
        if self._wire is None:
            self._wire = writer.prepare(self.frames)
        return self._wire

    @property
    def texts(self) -> list[str]:
        if self._texts is None:
            self._texts = [frame.decode() for frame in self.frames]
        return self._texts


class Subscriber:
    """What subscriptions are kept for."""

    def __init__(self) -> None:
        self.groups: set[str] = set()


class Connection(Subscriber):
    """One socket, as the hub sees it."""

    QUEUE = 1000
    """Frames that may wait where the server tells nothing of unsent bytes."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        *,
        writer: FrameWriter | None = None,
        unsent_limit: int,
    ) -> None:
        super().__init__()
        self.id = uuid.uuid4()
        self.user_id: int | None = None
        self.credential: str | None = None
        self.audiences: set[str] = set()
        # The groups of the courses whose topics the user may use, by slug, as far as known; how
        # many enrolments of theirs have ended; the group of each pattern subscribed to.
        self.courses: dict[str, str] = {}
        self.ended = 0
        self.topics: dict[str, str] = {}
        self.closed = False
        self._send = send
        self._writer = writer
        self._unsent_limit = unsent_limit
        # Bytes of the answers that the client asked for and that are not all sent, together and of
        # the longest.
        self._asked = 0
        self._longest = 0
        self._queue: asyncio.Queue[str | int] | None = None
        self._held: list[Batch] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        if writer is None:
            self._queue = asyncio.Queue(self.QUEUE)
            self._start(self._pump())

    def write(self, batch: Batch) -> None:
        """Send frames. A client that reads too slowly is closed with 4429."""
        if self.closed:
            return
        if self._held is not None:
            self._held.append(batch)
            return
        if self._writer is not None:
            unsent = self._writer.write(batch.wire(self._writer))
            if unsent == 0:
                self._asked = self._longest = 0
            elif unsent > self._unsent_limit + self._asked:
                self.close(4429)
            return
        assert self._queue is not None
        if self._queue.qsize() + len(batch.frames) >= self.QUEUE:
            self.close(4429)
            return
        for text in batch.texts:
            self._queue.put_nowait(text)

    def send(self, frame: bytes) -> None:
        """Send one frame to this socket alone."""
        self.write(Batch([frame]))

    def answer(self, frame: bytes) -> None:
        """Send the answer to a command.

        However long it is, it does not make its client a slow one. A client that asks for more
        while the answers it has asked for wait unread is.
        """
        unsent = self._writer.unsent() if self._writer is not None else 0
        if unsent == 0:
            self._asked = self._longest = 0
        elif unsent > self._unsent_limit + self._longest:
            self.close(4429)
            return
        self._asked += len(frame)
        self._longest = max(self._longest, len(frame))
        self.send(frame)

    def hold(self) -> None:
        """Keep back what is written from now on until `release`."""
        self._held = []

    def release(self, first: bytes) -> None:
        """Send `first`, then what was kept back."""
        held, self._held = self._held or [], None
        self.send(first)
        for batch in held:
            self.write(batch)

    def close(self, code: int) -> None:
        """Close the socket after what was written before, once."""
        if self.closed:
            return
        self.closed = True
        metrics.CLOSED.labels(code).inc()
        if self._queue is None or code == 4429:
            self._start(self._send_close(code))
        else:
            self._queue.put_nowait(code)

    def dispose(self) -> None:
        """Stop what runs for the socket: it is gone."""
        self.closed = True
        for task in self._tasks:
            task.cancel()

    def _start(self, job: Any) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code})

    async def _pump(self) -> None:
        assert self._queue is not None
        while True:
            item = await self._queue.get()
            try:
                if isinstance(item, int):
                    await self._send_close(item)
                    return
                await self._send({"type": "websocket.send", "text": item})
            except Exception:
                # The server refuses to send on a socket that just went away; its consumer is
                # told so by a disconnect.
                self.closed = True
                return


class _Audience:
    """The sockets a frame is for; in a room also the number of the last message they got."""

    __slots__ = ("connections", "filling", "group", "head", "removed", "waiting")

    def __init__(self, group: str, head: int | None) -> None:
        self.group = group
        self.head = head
        self.connections: dict[Connection, None] = {}
        self.waiting: dict[int, list[bytes]] = {}
        # What tells that messages are gone which they have not got yet.
        self.removed: dict[int, bytes] = {}
        self.filling: asyncio.Task[None] | None = None


class _Subscription:
    """What this process has of a group of the channel layer, and for whom."""

    __slots__ = ("leaving", "linger", "probe", "stands", "subscribers", "unwanted")

    def __init__(self, linger: float) -> None:
        self.linger = linger
        self.subscribers: set[Subscriber] = set()
        self.leaving: asyncio.TimerHandle | None = None
        self.unwanted = asyncio.Event()
        self.stands = asyncio.Event()
        self.probe = ""


class Hub:
    """All live connections of this process. Used from its event loop only."""

    def __init__(
        self,
        *,
        fetch: Fetch,
        on_changed: Callable[[str], None],
        on_seen: Callable[[envelope.Seen], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.origin = uuid.uuid4().hex
        self.connections: dict[str, Connection] = {}
        self._empty: asyncio.Event | None = None
        self._fetch = fetch
        self._on_changed = on_changed
        self._on_seen = on_seen
        self._audiences: dict[str, _Audience] = {}
        self._subscriptions: dict[str, _Subscription] = {}
        self._topics: dict[str, Subscriptions[Connection]] = {}
        self._heads: OrderedDict[str, int] = OrderedDict()
        # Who waits for a message of a room: done with True when one comes after the number.
        self._waiting: dict[str, dict[asyncio.Future[bool], int]] = {}
        self._closing = False
        self._layer: Any = get_channel_layer()
        self._channel: asyncio.Future[str] = self.loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._receive())
        self._subscription(groups.EVERYONE, LINGER)

    # --- connections -----------------------------------------------------------------------

    async def subscribe(
        self, subscriber: Subscriber, names: Iterable[str], *, linger: float = LINGER
    ) -> bool:
        """See that this process receives what is published to the groups.

        Returns whether a subscription is new, so that what was read from the database before
        may be out of date. Waits `SUBSCRIBE_WITHIN` seconds at most. A new subscription outlives
        its last connection by `linger` seconds.
        """
        new = False
        waits = []
        for name in names:
            subscription = self._subscription(name, linger)
            if subscription.leaving is not None:
                subscription.leaving.cancel()
                subscription.leaving = None
            subscription.unwanted.clear()
            subscription.subscribers.add(subscriber)
            subscriber.groups.add(name)
            if not subscription.stands.is_set():
                new = True
                waits.append(self.loop.create_task(subscription.stands.wait()))
        if waits:
            try:
                await asyncio.wait(waits, timeout=SUBSCRIBE_WITHIN)
            finally:
                for task in waits:
                    task.cancel()
        return new

    def join(
        self, connection: Connection, audience: str, group: str, head: int | None = None
    ) -> None:
        """Let the connection have what comes for the audience.

        `head`, for a room, is the number of its newest message in the database: the frames that
        follow it are delivered.
        """
        known = self._audiences.get(audience)
        if known is None:
            known = self._audiences[audience] = _Audience(group, head)
        known.connections[connection] = None
        connection.audiences.add(audience)
        if known.head is not None and self._heads.get(audience, 0) > known.head:
            self._fill(audience, known)

    def leave(self, connection: Connection, audience: str) -> None:
        """Let the connection have nothing more of the audience."""
        connection.audiences.discard(audience)
        known = self._audiences.get(audience)
        if known is None:
            return
        known.connections.pop(connection, None)
        if not known.connections:
            if known.filling is not None:
                known.filling.cancel()
            del self._audiences[audience]

    def add(self, connection: Connection) -> None:
        """Know a connection that has just been accepted."""
        self.connections[str(connection.id)] = connection
        metrics.CONNECTIONS.set(len(self.connections))

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self.connections.pop(str(connection.id), None)
        metrics.CONNECTIONS.set(len(self.connections))
        if self._empty is not None and not self.connections:
            self._empty.set()
        for audience in list(connection.audiences):
            self.leave(connection, audience)
        for pattern in list(connection.topics):
            self.unsubscribe_topic(connection, pattern)
        self._release(connection)

    def _release(self, subscriber: Subscriber) -> None:
        for name in subscriber.groups:
            subscription = self._subscriptions[name]
            subscription.subscribers.discard(subscriber)
            if not subscription.subscribers and subscription.leaving is None:
                subscription.leaving = self.loop.call_later(
                    subscription.linger, self._unwanted, subscription
                )
        subscriber.groups.clear()

    async def wait_for(self, audience: str, group: str, after: int, within: float) -> bool:
        """Wait for a message of a room with a higher number than `after`.

        Returns whether there may be one, which it may, too, where this process did not listen to
        the group until now; False after `within` seconds, and when the process stops.
        """
        if self._closing:
            return False
        subscriber = Subscriber()
        waiting = self._waiting.setdefault(audience, {})
        future: asyncio.Future[bool] = self.loop.create_future()
        waiting[future] = after
        metrics.WAITING_REQUESTS.inc()
        subscribing = self.loop.create_task(self.subscribe(subscriber, [group]))
        try:
            async with asyncio.timeout(within):
                await asyncio.wait((subscribing, future), return_when=asyncio.FIRST_COMPLETED)
                if subscribing.done() and subscribing.result():
                    return True
                if self._heads.get(audience, 0) > after:
                    return True
                return await future
        except TimeoutError:
            return False
        finally:
            subscribing.cancel()
            metrics.WAITING_REQUESTS.dec()
            del waiting[future]
            if not waiting:
                del self._waiting[audience]
            self._release(subscriber)

    def subscribe_topic(self, connection: Connection, pattern: str, group: str) -> None:
        """Let the connection have what is published to topics of the group that match."""
        self._topics.setdefault(group, Subscriptions()).insert(pattern, connection)
        connection.topics[pattern] = group

    def unsubscribe_topic(self, connection: Connection, pattern: str) -> None:
        """End a subscription, if there is one."""
        group = connection.topics.pop(pattern, None)
        if group is not None:
            topics = self._topics[group]
            topics.remove(pattern, connection)
            if not topics:
                del self._topics[group]

    def group_of(self, audience: str) -> str | None:
        """The channel-layer group of an audience that somebody here belongs to."""
        known = self._audiences.get(audience)
        return known.group if known is not None else None

    def rooms_of(self, connection: Connection) -> dict[str, list[str]]:
        """The audiences of the rooms whose events a connection receives, by their group."""
        found: dict[str, list[str]] = {}
        for name in connection.audiences:
            if groups.is_room(name):
                found.setdefault(self._audiences[name].group, []).append(name)
        return found

    def has(self, audience: str) -> bool:
        """Whether anybody here belongs to the audience."""
        return audience in self._audiences

    # --- delivery --------------------------------------------------------------------------

    def deliver(self, group: str, entries: list[envelope.Entry]) -> None:
        """Hand the entries published to a group to the sockets of this process."""
        frames: dict[str, list[bytes]] = {}
        for entry in entries:
            match entry:
                case envelope.Stored():
                    self._in_order(entry, frames)
                case envelope.Removed():
                    self._flush(frames)
                    self._message_removed(entry)
                case envelope.Passing(skip=None):
                    if entry.audience in self._audiences:
                        frames.setdefault(entry.audience, []).append(entry.frame)
                case envelope.Passing():
                    self._flush(frames)
                    self._write(entry.audience, [entry.frame], skip=entry.skip)
                case envelope.Topic():
                    if (topics := self._topics.get(group)) is not None:
                        self._send(topics.match(entry.topic), entry.frame)
                case envelope.Direct():
                    self._send(
                        [
                            self.connections[name]
                            for name in entry.connections
                            if name in self.connections
                        ],
                        entry.frame,
                    )
                case envelope.Join():
                    self._flush(frames)
                    self._members_join(entry)
                case envelope.Leave():
                    self._flush(frames)
                    self._members_leave(entry)
                case envelope.Unenrolled():
                    self._end_enrollments(group, entry)
                case envelope.Close():
                    self._flush(frames)
                    self._close(entry)
                case envelope.Changed():
                    if entry.audience in self._audiences:
                        self._on_changed(entry.audience)
                case envelope.Seen():
                    self._on_seen(entry)
        self._flush(frames)

    def _in_order(self, entry: envelope.Stored, frames: dict[str, list[bytes]]) -> None:
        self._note_head(entry.audience, entry.seq)
        audience = self._audiences.get(entry.audience)
        if audience is None:
            return
        if audience.head is None:
            audience.head = entry.seq - 1
        if entry.seq <= audience.head:
            return
        audience.waiting[entry.seq] = entry.frames
        ready = self._advance(audience)
        if ready:
            frames.setdefault(entry.audience, []).extend(ready)
        if audience.waiting:
            self._fill(entry.audience, audience)

    @staticmethod
    def _advance(audience: _Audience) -> list[bytes]:
        """The frames of the messages that are next, which then count as delivered."""
        ready: list[bytes] = []
        assert audience.head is not None
        while (found := audience.waiting.pop(audience.head + 1, None)) is not None:
            ready += found
            audience.head += 1
            if audience.removed and (gone := audience.removed.pop(audience.head, None)):
                ready.append(gone)
        return ready

    def _message_removed(self, entry: envelope.Removed) -> None:
        """Tell those who have the message; the others are told after it, should it still come."""
        self._note_head(entry.audience, entry.seq)
        audience = self._audiences.get(entry.audience)
        if audience is None:
            return
        if audience.head is None or entry.seq <= audience.head:
            self._write(entry.audience, [entry.frame])
        else:
            audience.removed[entry.seq] = entry.frame
            self._fill(entry.audience, audience)

    def _flush(self, frames: dict[str, list[bytes]]) -> None:
        for audience, ready in frames.items():
            self._write(audience, ready)
        frames.clear()

    def _write(self, name: str, frames: list[bytes], skip: int | None = None) -> None:
        audience = self._audiences.get(name)
        if audience is None:
            return
        batch = Batch(frames)
        metrics.DELIVERIES.inc(len(frames) * len(audience.connections))
        if skip is None:
            for connection in audience.connections:
                connection.write(batch)
        else:
            for connection in audience.connections:
                if connection.user_id != skip:
                    connection.write(batch)

    @staticmethod
    def _send(connections: Iterable[Connection], frame: bytes) -> None:
        batch = Batch([frame])
        for connection in connections:
            connection.write(batch)

    def _end_enrollments(self, group: str, entry: envelope.Unenrolled) -> None:
        for connection in self._sockets_of(entry.users):
            connection.ended += 1
            connection.courses = {
                slug: its for slug, its in connection.courses.items() if its != group
            }
            for pattern in [one for one, its in connection.topics.items() if its == group]:
                self.unsubscribe_topic(connection, pattern)

    def _members_join(self, entry: envelope.Join) -> None:
        self._note_head(entry.audience, entry.head)
        for connection in self._sockets_of(entry.users):
            self.join(connection, entry.audience, entry.group, entry.head)
            connection.send(entry.frame)
            if entry.group not in connection.groups:
                self._start(self._listen_late(connection, entry))

    async def _listen_late(self, connection: Connection, entry: envelope.Join) -> None:
        """Subscribe for a connection that is in an audience of the group already."""
        if not await self.subscribe(connection, [entry.group]):
            return
        if str(connection.id) not in self.connections:
            self._release(connection)
            return
        audience = self._audiences.get(entry.audience)
        if audience is not None and audience.head is not None:
            # What was published before the subscription stood was missed, if there was anything.
            self._note_head(entry.audience, audience.head + 1)
            self._fill(entry.audience, audience)

    def _members_leave(self, entry: envelope.Leave) -> None:
        for connection in self._sockets_of(entry.users):
            if entry.audience in connection.audiences:
                self.leave(connection, entry.audience)
                connection.send(entry.frame)

    def _close(self, entry: envelope.Close) -> None:
        audience = self._audiences.get(entry.audience)
        for connection in list(audience.connections) if audience is not None else ():
            if connection.user_id == entry.user and entry.credential in (
                None,
                connection.credential,
            ):
                connection.close(entry.code)

    def _sockets_of(self, users: list[int]) -> list[Connection]:
        return [
            connection
            for user in users
            if (audience := self._audiences.get(groups.user(user))) is not None
            for connection in audience.connections
        ]

    # --- gaps ------------------------------------------------------------------------------

    def _note_head(self, audience: str, seq: int) -> None:
        if seq > self._heads.get(audience, 0):
            self._heads[audience] = seq
            self._heads.move_to_end(audience)
            if len(self._heads) > HEADS_KEPT:
                self._heads.popitem(last=False)
            for future, after in self._waiting.get(audience, {}).items():
                if seq > after and not future.done():
                    future.set_result(True)

    def _fill(self, name: str, audience: _Audience) -> None:
        if audience.filling is None:
            audience.filling = self._start(self._fill_gap(name, audience))

    async def _fill_gap(self, name: str, audience: _Audience) -> None:
        wait = GRACE
        try:
            while True:
                await asyncio.sleep(wait)
                assert audience.head is not None
                if audience.head >= self._heads.get(name, 0) and not audience.waiting:
                    return
                try:
                    rows = await self._fetch(name, audience.head, FILL_PAGE)
                except Exception as error:
                    logger.warning(
                        "cannot fill the gap after %s in %s: %s", audience.head, name, error
                    )
                    wait = min(wait * 2, 5.0)
                    continue
                metrics.GAPS.inc(len(rows))
                for seq, frames in rows:
                    if seq > audience.head:
                        audience.waiting[seq] = frames
                ready = self._advance(audience)
                if ready:
                    self._write(name, ready)
                    wait = FILL_PAUSE
                elif audience.waiting:
                    # What is missing was not visible yet to the query: ask again, more slowly.
                    wait = min(max(wait, GRACE) * 2, 5.0)
                else:
                    # The number was only heard of, and there is no such message.
                    self._heads[name] = audience.head
        finally:
            audience.filling = None

    # --- channel layer ---------------------------------------------------------------------

    def _start(self, job: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self.loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _receive(self) -> None:
        wait = 0.1
        while not self._channel.done():
            try:
                self._channel.set_result(await self._layer.new_channel())
            except Exception as error:
                logger.warning("the channel layer does not answer: %s", error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)
        channel = self._channel.result()
        while True:
            try:
                message = await self._layer.receive(channel)
                if message["origin"] != self.origin:
                    self.deliver(message["group"], envelope.unpack(message))
                elif "probe" in message:
                    self._probed(message["group"], message["probe"])
            except Exception:
                # What was lost is found by its missing number.
                metrics.LAYER_ERRORS.labels("receive").inc()
                logger.exception("an event of the channel layer could not be delivered")
                await asyncio.sleep(0.1)

    def _subscription(self, name: str, linger: float) -> _Subscription:
        known = self._subscriptions.get(name)
        if known is None:
            known = self._subscriptions[name] = _Subscription(linger)
            self._start(self._keep(name, known))
        return known

    @staticmethod
    def _unwanted(subscription: _Subscription) -> None:
        subscription.leaving = None
        subscription.unwanted.set()

    async def _keep(self, name: str, subscription: _Subscription) -> None:
        """Subscribe and, when nobody is left, unsubscribe: one task, so that the two never cross.

        Whoever comes while the unsubscription is under way waits for the next turn.
        """
        channel = await asyncio.shield(self._channel)
        while not subscription.unwanted.is_set():
            await self._subscribe(name, subscription, channel)
            while not subscription.unwanted.is_set():
                # Somebody may have come between the event and this task's turn.
                await subscription.unwanted.wait()
            subscription.probe = ""
            subscription.stands.clear()
            try:
                await self._layer.group_discard(name, channel)
            except Exception as error:
                metrics.LAYER_ERRORS.labels("unsubscribe").inc()
                logger.warning("cannot unsubscribe from %s: %s", name, error)
        del self._subscriptions[name]

    async def _subscribe(self, name: str, subscription: _Subscription, channel: str) -> None:
        """Subscribe, and see that it stands. Gives up when nobody wants it any more.

        The layer does not wait for Redis to take note, so we wait for an event of our own.
        """
        wait = CONFIRM_WITHIN
        subscription.probe = uuid.uuid4().hex
        probe = {**envelope.pack(self.origin, name, []), "probe": subscription.probe}
        while not subscription.unwanted.is_set():
            try:
                await self._layer.group_add(name, channel)
                await self._layer.group_send(name, probe)
            except Exception as error:
                metrics.LAYER_ERRORS.labels("subscribe").inc()
                logger.warning("cannot subscribe to %s: %s", name, error)
                await asyncio.sleep(wait)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await subscription.stands.wait()
                        return
            wait = min(wait * 2, 5.0)

    def _probed(self, name: str, probe: str) -> None:
        subscription = self._subscriptions.get(name)
        if subscription is not None and subscription.probe == probe:
            subscription.stands.set()

    async def close_all(self, code: int, within: float) -> None:
        """Close all connections, a few at a time, and wait until they are gone.

        After `within` seconds it waits no longer.
        """
        self._closing = True
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_result(False)
        async with asyncio.timeout(within):
            for connection in list(self.connections.values()):
                connection.close(code)
                await asyncio.sleep(0.001)
            if self.connections:
                self._empty = asyncio.Event()
                await self._empty.wait()

    async def stop(self) -> None:
        """Stop receiving."""
        for subscription in self._subscriptions.values():
            if subscription.leaving is not None:
                subscription.leaving.cancel()
        tasks = set(self._tasks)
        while tasks:
            # More than once: the Redis client loses a cancellation now and then.
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.5)
