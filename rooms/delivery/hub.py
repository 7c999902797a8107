"""The live connections of this process, by audience.

A frame that arrives is prepared once and written to every socket of its audience. The messages of a
room are written once each, in the order of their numbers. A gap is filled from the database before
the messages after it are written.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable

from rooms import metrics
from rooms.delivery import names, notices
from rooms.delivery.audience import Audience
from rooms.delivery.connection import Batch, LiveConnection
from rooms.delivery.order import Compare, Fetch, Order
from rooms.delivery.revisions import Revisions
from rooms.delivery.subscriptions import LINGER, GroupSubscriptions, Subscriber
from rooms.delivery.tasks import Tasks
from rooms.delivery.topics import Subscriptions, within

NEWS_KEPT = 60.0
"""Seconds for which the hub remembers news of a class; clients ask again sooner than that."""


class Hub:
    """All live connections of this process. Used from its event loop only."""

    def __init__(
        self,
        *,
        fetch: Fetch,
        compare: Compare,
        compare_every: float,
        on_changed: Callable[[notices.Changed], None],
        on_seen: Callable[[notices.PresenceChange], None],
        on_recheck: Callable[[notices.Recheck], None],
        on_restored: Callable[[], None],
        on_late: Callable[[str, str], None],
    ) -> None:
        """Set up an empty hub.

        `compare_every` is the time between two comparisons with the database, in seconds.
        `on_restored` is called when the channel layer works again after notices may have been lost.
        `on_late` is called with the group and the audience of a frame on partners that arrived
        after a newer one.
        """
        self.loop = asyncio.get_running_loop()
        self.origin = uuid.uuid4().hex
        self.connections: dict[str, LiveConnection] = {}
        self._on_changed = on_changed
        self._on_seen = on_seen
        self._on_recheck = on_recheck
        self._on_restored = on_restored
        self._on_late = on_late
        self.revisions = Revisions()
        self._audiences: dict[str, Audience] = {}
        self._topics: dict[str, Subscriptions[LiveConnection]] = {}
        self._order = Order(self._audiences, fetch=fetch, compare=compare, every=compare_every)
        # The times of the last news of a class for rooms and users, oldest first. For a group, and
        # for `EVERYONE`, it is the time until which notices may have been missed.
        self._news: OrderedDict[str, float] = OrderedDict()
        self.closing = False
        """Set once no request may wait for a message any more."""
        self._tasks = Tasks()
        self._subscriptions = GroupSubscriptions(
            origin=self.origin, deliver=self.deliver, on_restored=self._restored
        )

    # --- connections -----------------------------------------------------------------------

    async def subscribe(
        self, subscriber: Subscriber, names: Iterable[str], *, linger: float = LINGER
    ) -> bool:
        """Subscribe this process to the groups; see `GroupSubscriptions.subscribe`."""
        groups = list(names)
        new = await self._subscriptions.subscribe(subscriber, groups, linger=linger)
        if new:
            for group in groups:
                self._note_news(group)
        return new

    def join(
        self, connection: LiveConnection, audience: str, group: str, head: int | None = None
    ) -> None:
        """Add the connection to the audience.

        For a room, `head` is the number of its newest message in the database. The connection gets
        the frames that follow it.
        """
        known = self._audiences.get(audience)
        if known is None:
            known = self._audiences[audience] = Audience(audience, group, head, self.loop.time())
        connection.audiences.add(audience)
        self._order.join(connection, known, head)

    def join_late(
        self, connection: LiveConnection, audience: str, group: str, *, since: int, reached: int
    ) -> None:
        """Add the connection to a room and send it the messages after `since`.

        `reached` is the number of the newest message.
        """
        self.join(connection, audience, group, since)
        self._order.heard(audience, reached)

    def leave(self, connection: LiveConnection, audience: str) -> None:
        """Remove the connection from the audience."""
        connection.audiences.discard(audience)
        known = self._audiences.get(audience)
        if known is None:
            return
        known.connections.pop(connection, None)
        known.joining.pop(connection, None)
        if not known:
            if known.filling is not None:
                known.filling.cancel()
            del self._audiences[audience]

    def add(self, connection: LiveConnection) -> None:
        """Register a connection that has just been accepted."""
        self.connections[str(connection.id)] = connection
        metrics.CONNECTIONS.set(len(self.connections))

    def identify(self, connection: LiveConnection, user: Hashable, most: int) -> None:
        """Note the user of the connection.

        If the user has more than `most` connections, the oldest are closed with 4429.
        """
        connection.user_id = user
        account = names.account(user)
        self.join(connection, account, names.EVERYONE)
        still_open = [one for one in self._audiences[account].connections if not one.closed]
        for one in still_open[:-most]:
            one.close(4429)

    def drop(self, connection: LiveConnection) -> None:
        """Forget a connection that is gone."""
        self.connections.pop(str(connection.id), None)
        metrics.CONNECTIONS.set(len(self.connections))
        for audience in list(connection.audiences):
            self.leave(connection, audience)
        for pattern in list(connection.topics):
            self.unsubscribe_topic(connection, pattern)
        self._subscriptions.release(connection)

    async def wait_for(
        self,
        audience: str,
        group: str,
        after: int,
        within: float,
        *,
        user: Hashable,
        since: float | None = None,
    ) -> bool:
        """Wait for a message of a room with a higher number than `after`.

        Returns True if there may be one. That includes the case that this process did not listen to
        the group until now. Also returns True if `has_news` would, now or while it waits.
        Returns False after `within` seconds and when the process stops.
        """
        if self.closing:
            return False
        if since is not None and self.has_news(since, audience, group, user):
            return True
        subscriber = Subscriber()
        metrics.WAITING_REQUESTS.inc()
        subscribing = self.loop.create_task(self.subscribe(subscriber, [group]))
        try:
            with self._order.expecting(audience, names.user(user), after=after) as there:
                async with asyncio.timeout(within):
                    await asyncio.wait((subscribing, there), return_when=asyncio.FIRST_COMPLETED)
                    if subscribing.done() and subscribing.result():
                        return True
                    return await there
        except TimeoutError:
            return False
        finally:
            subscribing.cancel()
            metrics.WAITING_REQUESTS.dec()
            self._subscriptions.release(subscriber)

    def has_news(self, since: float, room: str, group: str, user: Hashable) -> bool:
        """Return whether there may be news of a class for a room or a user since a time.

        `since` is in seconds since the epoch. That includes the case that this process missed
        notices to the group since then, or no longer remembers the time. Any thread may ask.
        """
        if since < time.time() - NEWS_KEPT:
            return True
        known = (room, group, names.user(user), names.EVERYONE)
        return max(self._news.get(name, 0.0) for name in known) > since

    def _note_news(self, name: str) -> None:
        now = time.time()
        self._news[name] = now
        self._news.move_to_end(name)
        while next(iter(self._news.values())) < now - NEWS_KEPT:
            self._news.popitem(last=False)

    def subscribe_topic(self, connection: LiveConnection, pattern: str, group: str) -> None:
        """Subscribe the connection to the topics of the group that match the pattern."""
        self._topics.setdefault(group, Subscriptions()).insert(within(pattern), connection)
        connection.topics[pattern] = group

    def unsubscribe_topic(self, connection: LiveConnection, pattern: str) -> None:
        """End a subscription, if there is one."""
        group = connection.topics.pop(pattern, None)
        if group is None:
            return
        # The client may have subscribed to the same topics under a former slug of the course.
        same = (its for one, its in connection.topics.items() if within(one) == within(pattern))
        if group not in same:
            topics = self._topics[group]
            topics.remove(within(pattern), connection)
            if not topics:
                del self._topics[group]

    def group_of(self, audience: str) -> str | None:
        """Return the channel-layer group of an audience that has sockets here."""
        known = self._audiences.get(audience)
        return known.group if known is not None else None

    def rooms_of(self, connection: LiveConnection) -> dict[str, list[str]]:
        """Return the audiences of the rooms whose events a connection gets, by group."""
        found: dict[str, list[str]] = {}
        for name in connection.audiences:
            if names.is_room(name):
                found.setdefault(self._audiences[name].group, []).append(name)
        return found

    def has(self, audience: str) -> bool:
        """Return whether the audience has sockets here."""
        return audience in self._audiences

    def audiences(self, which: Callable[[str], bool]) -> list[str]:
        """Return the audiences of some kind that have sockets here."""
        return list(filter(which, self._audiences))

    # --- delivery --------------------------------------------------------------------------

    def deliver(self, group: str, entries: list[notices.Entry]) -> None:
        """Deliver the entries published to a group to the sockets of this process."""
        frames: dict[str, list[bytes]] = {}
        for entry in entries:
            match entry:
                case notices.Stored():
                    if entry.revision:
                        self.revisions.hear(group, entry.revision)
                    if ready := self._order.stored(entry):
                        frames.setdefault(entry.audience, []).extend(ready)
                case notices.Removed():
                    self._flush(frames)
                    self._order.removed(entry)
                case notices.Passing(skip=None):
                    if entry.wakes:
                        self._note_news(entry.audience)
                        self._order.wake(entry.audience)
                    if (audience := self._audiences.get(entry.audience)) is None:
                        continue
                    if entry.revision and not self.revisions.hear(group, entry.revision):
                        self._on_late(group, entry.audience)
                    else:
                        frames.setdefault(entry.audience, []).append(entry.frame)
                        audience.write_later([entry.frame])
                case notices.Passing():
                    self._flush(frames)
                    if (audience := self._audiences.get(entry.audience)) is not None:
                        audience.write([entry.frame], skip=entry.skip)
                        audience.write_later([entry.frame], skip=entry.skip)
                case notices.Topic():
                    if (topics := self._topics.get(group)) is not None:
                        self._send(topics.match(within(entry.topic)), entry.frame)
                case notices.Direct():
                    self._send(
                        [
                            self.connections[name]
                            for name in entry.connections
                            if name in self.connections
                        ],
                        entry.frame,
                    )
                case notices.Join():
                    self._flush(frames)
                    self._members_join(entry)
                case notices.Leave():
                    self._flush(frames)
                    self._members_leave(entry)
                case notices.Unenrolled():
                    self._end_enrollments(group, entry)
                case notices.Close():
                    self._flush(frames)
                    self._close(entry)
                case notices.Changed():
                    if entry.audience in self._audiences:
                        self._on_changed(entry)
                case notices.PresenceChange():
                    self._on_seen(entry)
                case notices.Recheck():
                    self._on_recheck(entry)
        self._flush(frames)

    def _flush(self, frames: dict[str, list[bytes]]) -> None:
        for name, ready in frames.items():
            if (audience := self._audiences.get(name)) is not None:
                audience.write(ready)
        frames.clear()

    @staticmethod
    def _send(connections: Iterable[LiveConnection], frame: bytes) -> None:
        batch = Batch([frame])
        for connection in connections:
            connection.write(batch)

    def _end_enrollments(self, group: str, entry: notices.Unenrolled) -> None:
        for connection in self._sockets_of(entry.users):
            self.end_course(connection, group)

    def end_course(self, connection: LiveConnection, group: str) -> None:
        """End the connection's subscriptions to topics of a course."""
        connection.ended += 1
        connection.courses = {slug: its for slug, its in connection.courses.items() if its != group}
        for pattern in [one for one, its in connection.topics.items() if its == group]:
            self.unsubscribe_topic(connection, pattern)

    def _members_join(self, entry: notices.Join) -> None:
        self._order.heard(entry.audience, entry.head)
        for connection in self._sockets_of(entry.users):
            connection.moves += 1
            if entry.audience in connection.audiences:
                continue
            connection.send(entry.frame)
            self.join(connection, entry.audience, entry.group, entry.head)
            if entry.group not in connection.groups:
                self._tasks.start(self._listen_late(connection, entry))

    async def listen(self, connection: LiveConnection, group: str) -> bool:
        """Subscribe for a connection that may close meanwhile, and return what `subscribe` does."""
        new = await self.subscribe(connection, [group])
        if str(connection.id) not in self.connections:
            self._subscriptions.release(connection)
        return new

    async def _listen_late(self, connection: LiveConnection, entry: notices.Join) -> None:
        """Subscribe for a connection that is already in an audience of the group."""
        if await self.listen(connection, entry.group):
            # Entries published before the subscription was confirmed were missed.
            self._order.compare_soon()

    def _members_leave(self, entry: notices.Leave) -> None:
        for connection in self._sockets_of(entry.users):
            connection.moves += 1
            if entry.audience in connection.audiences:
                self.leave(connection, entry.audience)
                connection.send(entry.frame)

    def _close(self, entry: notices.Close) -> None:
        audience = self._audiences.get(entry.audience)
        for connection in list(audience.connections) if audience is not None else ():
            if entry.user in (None, connection.user_id) and entry.connection in (
                None,
                str(connection.id),
            ):
                connection.close(entry.code)

    def _sockets_of(self, users: Iterable[Hashable]) -> list[LiveConnection]:
        return [
            connection
            for user in users
            if (audience := self._audiences.get(names.user(user))) is not None
            for connection in audience.connections
        ]

    def _restored(self) -> None:
        self._note_news(names.EVERYONE)
        self._order.compare_soon()
        self._on_restored()

    # --- the end ---------------------------------------------------------------------------

    def release_waiting(self) -> None:
        """End all waits for messages and allow no new ones."""
        self.closing = True
        self._order.release_expecting()

    def owes(self, connection: LiveConnection) -> bool:
        """Return whether a message for the connection waits here for an earlier one."""
        return any(
            audience.waiting or connection in audience.joining
            for audience in map(self._audiences.__getitem__, connection.audiences)
        )

    async def stop(self) -> None:
        """Stop receiving."""
        await self._tasks.stop()
        await self._order.stop()
        await self._subscriptions.stop()
