"""This process's live connections, by audience.

A frame that arrives is prepared once and written to every socket of its audience; the messages of
a room are written in the order of their numbers, each once, and a gap is filled from the database
before what comes after it.
"""

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rooms import envelope, groups, metrics
from rooms.connection import Batch, Connection
from rooms.subscriptions import LINGER, GroupSubscriptions, Subscriber
from rooms.topics import Subscriptions

logger = logging.getLogger(__name__)

GRACE = 0.05
"""Seconds in which a missing message may still arrive by itself, from a slower process."""
HEADS_KEPT = 20_000
"""Rooms whose newest number is remembered although nobody here is in them."""
FILL_PAGE = 50
"""Missing messages fetched at a time: so few that a page of the longest texts stays below the limit
of unsent bytes."""
FILL_PAUSE = 0.02
"""Seconds between two pages, in which those who read have read the one before."""

Fetch = Callable[[str, int, int], Awaitable[list[tuple[int, list[bytes]]]]]
"""(audience, after, limit) -> the numbers and frames of the messages that follow."""


@dataclass(frozen=True, slots=True)
class LateRoom:
    """A room as one gets it who was not told in time of being in it.

    `added` is the frame that tells so; `missed` are the numbers and frames of the messages since
    then, without a gap up to `reached`.
    """

    audience: str
    group: str
    added: bytes
    missed: list[tuple[int, list[bytes]]]
    reached: int


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


class Hub:
    """All live connections of this process. Used from its event loop only."""

    def __init__(
        self,
        *,
        fetch: Fetch,
        on_changed: Callable[[str], None],
        on_seen: Callable[[envelope.Seen], None],
        on_recheck: Callable[[envelope.Recheck], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.origin = uuid.uuid4().hex
        self.connections: dict[str, Connection] = {}
        self._fetch = fetch
        self._on_changed = on_changed
        self._on_seen = on_seen
        self._on_recheck = on_recheck
        self._audiences: dict[str, _Audience] = {}
        self._topics: dict[str, Subscriptions[Connection]] = {}
        self._heads: OrderedDict[str, int] = OrderedDict()
        # Who waits for a message of a room: done with True when one comes after the number.
        self._waiting: dict[str, dict[asyncio.Future[bool], int]] = {}
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions = GroupSubscriptions(origin=self.origin, deliver=self.deliver)

    # --- connections -----------------------------------------------------------------------

    async def subscribe(
        self, subscriber: Subscriber, names: Iterable[str], *, linger: float = LINGER
    ) -> bool:
        """See that this process receives what is published to the groups: GroupSubscriptions."""
        return await self._subscriptions.subscribe(subscriber, names, linger=linger)

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

    def join_late(self, connection: Connection, room: LateRoom) -> bool:
        """Let the connection have a room that it should have been in for a while, with what it
        missed. False where the room has got further than that: what was missed is to be read again.
        """
        known = self._audiences.get(room.audience)
        head = room.reached if known is None or known.head is None else known.head
        if head > room.reached:
            return False
        missed = [frame for seq, frames in room.missed if seq <= head for frame in frames]
        connection.write(Batch([room.added, *missed]))
        self._note_head(room.audience, room.reached)
        self.join(connection, room.audience, room.group, head)
        return True

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

    def identify(self, connection: Connection, user: int, most: int) -> None:
        """The connection is this user's. Of more than `most` of theirs the oldest get 4429."""
        connection.user_id = user
        account = groups.account(user)
        self.join(connection, account, groups.EVERYONE)
        standing = [one for one in self._audiences[account].connections if not one.closed]
        for one in standing[:-most]:
            one.close(4429)

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self.connections.pop(str(connection.id), None)
        metrics.CONNECTIONS.set(len(self.connections))
        for audience in list(connection.audiences):
            self.leave(connection, audience)
        for pattern in list(connection.topics):
            self.unsubscribe_topic(connection, pattern)
        self._subscriptions.release(connection)

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
            self._subscriptions.release(subscriber)

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
                case envelope.Recheck():
                    self._on_recheck(entry)
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
            self.end_course(connection, group)

    def end_course(self, connection: Connection, group: str) -> None:
        """End what the connection has of the topics of a course."""
        connection.ended += 1
        connection.courses = {slug: its for slug, its in connection.courses.items() if its != group}
        for pattern in [one for one, its in connection.topics.items() if its == group]:
            self.unsubscribe_topic(connection, pattern)

    def _members_join(self, entry: envelope.Join) -> None:
        self._note_head(entry.audience, entry.head)
        for connection in self._sockets_of(entry.users):
            connection.moves += 1
            self.join(connection, entry.audience, entry.group, entry.head)
            connection.send(entry.frame)
            if entry.group not in connection.groups:
                self._start(self._listen_late(connection, entry))

    async def listen(self, connection: Connection, group: str) -> bool:
        """Subscribe for a connection that may close meanwhile; answers as `subscribe`."""
        new = await self.subscribe(connection, [group])
        if str(connection.id) not in self.connections:
            self._subscriptions.release(connection)
        return new

    async def _listen_late(self, connection: Connection, entry: envelope.Join) -> None:
        """Subscribe for a connection that is in an audience of the group already."""
        if not await self.listen(connection, entry.group):
            return
        audience = self._audiences.get(entry.audience)
        if audience is not None and audience.head is not None:
            # What was published before the subscription stood was missed, if there was anything.
            self._note_head(entry.audience, audience.head + 1)
            self._fill(entry.audience, audience)

    def _members_leave(self, entry: envelope.Leave) -> None:
        for connection in self._sockets_of(entry.users):
            connection.moves += 1
            if entry.audience in connection.audiences:
                self.leave(connection, entry.audience)
                connection.send(entry.frame)

    def _close(self, entry: envelope.Close) -> None:
        audience = self._audiences.get(entry.audience)
        for connection in list(audience.connections) if audience is not None else ():
            if entry.user in (None, connection.user_id) and entry.connection in (
                None,
                str(connection.id),
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

    # --- the end ---------------------------------------------------------------------------

    def release_waiting(self) -> None:
        """Let nobody wait for a message any more."""
        self._closing = True
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_result(False)

    def owes(self, connection: Connection) -> bool:
        """Whether a message is here for the connection that waits for one before it."""
        return any(self._audiences[name].waiting for name in connection.audiences)

    async def stop(self) -> None:
        """Stop receiving."""
        for task in self._tasks:
            task.cancel()
        await self._subscriptions.stop()

    def _start(self, job: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self.loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
