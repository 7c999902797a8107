"""The only place that sends to a channel-layer group, after commit.

The entries of one transaction, or of several that commit at the same moment, go to this process's
sockets at once, and to the other processes in one channel-layer message for each group. Redis is a
hint, not the truth, and nothing waits for it. While it does not answer, entries that the other
processes find in the database or that soon lose their meaning are dropped. Entries for single users
wait for a while.

A process with sockets has an `Outgoing` and attaches it. In other processes, such as management
commands, the functions here send to the channel layer only.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from rooms import metrics
from rooms.delivery import names, notices
from rooms.delivery.hub import Hub
from rooms.delivery.tasks import Tasks

logger = logging.getLogger(__name__)

SEND_WITHIN = 5.0
"""The time in seconds that the channel layer has to take a message."""
RETRY_AFTER = 0.25
"""Seconds until the next try if it did not."""
PASSING_KEPT = 2.0
"""Seconds that an entry may wait for a failing channel layer before it is dropped. The other
processes find its content in the database. So when Redis is back, it gets current entries first."""
LASTING_KEPT = 30.0
"""The same for entries that no process looks for in the database so soon."""
OUTGOING_LIMIT = 50_000
"""Entries that may wait for the channel layer. Beyond that, the older half is dropped."""
FORGET_EVERY = 0.5
"""Seconds between two checks for entries that have waited too long."""


Entries = list[tuple[str, notices.Entry]]
"""Entries, each with the channel-layer group that it is for."""


class _Waiting(NamedTuple):
    group: str
    entry: notices.Entry
    until: float


class Layer:
    """The sending side of the channel layer in this process."""

    def __init__(self) -> None:
        self.failed: float | None = None
        """The time of the last refusal; None if the layer took the last message."""

    def publish(self, entries: Entries) -> None:
        """Publish from a process without sockets, and wait until it is done.

        Any thread may call it.
        """
        for group, those in _by_group(entries).items():
            # For a while after a failure, entries are dropped, so that no caller waits for each.
            if self.failed is None or time.monotonic() > self.failed + LASTING_KEPT:
                self._send_and_wait(group, those)

    async def send(self, origin: str, group: str, entries: list[notices.Entry]) -> bool:
        """Send entries, and return whether the channel layer took them."""
        layer = get_channel_layer()
        assert layer is not None
        try:
            async with asyncio.timeout(SEND_WITHIN):
                await layer.group_send(group, notices.pack(origin, group, entries))
        except Exception as error:
            metrics.LAYER_ERRORS.labels("publish").inc()
            if self.failed is None:
                logger.warning(
                    "%d entries for %s were not published: %r", len(entries), group, error
                )
            self.failed = time.monotonic()
            return False
        self.failed = None
        return True

    def _send_and_wait(self, group: str, entries: list[notices.Entry]) -> None:
        send = partial(async_to_sync(self.send), "", group, entries)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            send()
        else:
            # The caller uses the database in an event loop, as notebooks do.
            thread = threading.Thread(target=send)
            thread.start()
            thread.join()


class Outgoing:
    """The outgoing entries of a process with sockets, including those that wait for the layer.

    Any thread may call `publish`. Only the hub's event loop may call the other methods.
    """

    def __init__(self, hub: Hub) -> None:
        self.layer = Layer()
        self._hub = hub
        self._loop = hub.loop
        self._lock = threading.Lock()
        # Committed entries that the loop has not taken yet; then those that the layer has not.
        self._committed: Entries = []
        self._waiting: list[_Waiting] = []
        self._tasks = Tasks()
        self._sender: asyncio.Task[None] | None = None
        self._forgot = 0.0
        self._told = 0

    def publish(self, entries: Entries) -> None:
        """Send entries to the sockets here and to the other processes."""
        if self._loop.is_closed():
            self.layer.publish(entries)
            return
        with self._lock:
            scheduled = bool(self._committed)
            self._committed.extend(entries)
        if scheduled:
            return
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        # The loop does not have to wake itself up.
        (self._loop.call_soon if here else self._loop.call_soon_threadsafe)(self._drain)

    async def idle(self, within: float) -> None:
        """Wait until the channel layer has all entries, at most `within` seconds."""
        await asyncio.sleep(0)  # the loop takes up new entries in its next turn
        await self._tasks.finish(within)

    def stop(self) -> None:
        """Stop sending the entries that wait."""
        self._tasks.cancel()
        self._waiting.clear()
        self._tell_queue()

    def _drain(self) -> None:
        """Deliver committed entries, in the hub's loop."""
        with self._lock:
            taken = self._committed.copy()
            self._committed.clear()
        for group, entries in _by_group(taken).items():
            self._hub.deliver(group, entries)
        now = time.monotonic()
        self._waiting.extend(_Waiting(group, entry, now + _kept(entry)) for group, entry in taken)
        if self._sender is None or self._sender.done():
            self._sender = self._tasks.start(self._send_waiting())
            return
        if now > self._forgot + FORGET_EVERY or len(self._waiting) > OUTGOING_LIMIT:
            self._forget(now)
        self._tell_queue()

    def _forget(self, now: float) -> None:
        """Drop entries that have waited too long, and the older half of too many."""
        self._forgot = now
        failed = self.layer.failed is not None
        kept = [one for one in self._waiting if not failed or one.until >= now]
        if len(kept) > OUTGOING_LIMIT:
            del kept[: len(kept) // 2]
        metrics.PUBLISH_DROPPED.inc(len(self._waiting) - len(kept))
        self._waiting[:] = kept

    async def _send_waiting(self) -> None:
        waiting, layer, origin = self._waiting, self.layer, self._hub.origin
        while waiting:
            if layer.failed is not None or len(waiting) > OUTGOING_LIMIT:
                self._forget(time.monotonic())
            taken: dict[str, list[_Waiting]] = {}
            for one in waiting:
                taken.setdefault(one.group, []).append(one)
            waiting.clear()
            untold: list[_Waiting] | None = None
            for group, ones in taken.items():
                if untold is not None:
                    untold += ones
                elif not await layer.send(origin, group, [one.entry for one in ones]):
                    untold = [one for one in ones if _may_repeat(one.entry)]
            if untold is not None:
                waiting[:0] = untold
                self._tell_queue()
                await asyncio.sleep(RETRY_AFTER)
        self._tell_queue()

    def _tell_queue(self) -> None:
        """Update the metric of waiting entries, if it has changed. Mostly nothing waits."""
        if len(self._waiting) != self._told:
            self._told = len(self._waiting)
            metrics.PUBLISH_QUEUE.set(self._told)


_current: Outgoing | Layer = Layer()


def attach(outgoing: Outgoing) -> None:
    """Publish through `outgoing` from now on."""
    global _current
    _current = outgoing


def detach(outgoing: Outgoing) -> None:
    """Stop publishing through `outgoing`, as the process has no sockets any more."""
    global _current
    if _current is outgoing:
        _current = outgoing.layer


def send(group: str, entry: notices.Entry) -> None:
    """Publish an entry when the current transaction commits, or at once outside a transaction."""
    send_all([(group, entry)])


def send_all(entries: Entries) -> None:
    """Publish entries, each to its group, when the current transaction commits."""
    transaction.on_commit(partial(_committed, entries))


def now(group: str, entry: notices.Entry) -> None:
    """Publish an entry at once, without regard to a transaction. Any thread may call it."""
    _current.publish([(group, entry)])


class _Held(threading.local):
    """The entries that the transactions of this thread have published, while they are held back."""

    entries: Entries | None = None


_held = _Held()


@contextmanager
def held() -> Iterator[Entries]:
    """Hold back what the transactions of this thread publish; the caller lets it go afterwards.

    So one turn of the event loop takes everything of a batch together with its results: the
    process wakes up once, and Redis gets one message. Without sockets nothing is held back.
    """
    entries: Entries = []
    _held.entries = entries
    try:
        yield entries
    finally:
        _held.entries = None


def let_go(entries: Entries) -> None:
    """Publish entries that were held back. Any thread may call it."""
    if entries:
        taken = entries.copy()
        entries.clear()
        _current.publish(taken)


def let_go_at_once() -> None:
    """Publish what this thread holds back, as it is about to do something that may take long."""
    if _held.entries is not None:
        let_go(_held.entries)


def _committed(entries: Entries) -> None:
    if stored := sum(isinstance(entry, notices.Stored) for _, entry in entries):
        metrics.STORED.inc(stored)
    if _held.entries is not None and isinstance(_current, Outgoing):
        _held.entries += entries
    else:
        _current.publish(entries)


def _kept(entry: notices.Entry) -> float:
    """Return the seconds for which an entry is worth sending."""
    match entry:
        case notices.Join() | notices.Leave() | notices.Unenrolled():
            return LASTING_KEPT
        case notices.Close() | notices.Recheck():
            return LASTING_KEPT
        case notices.Passing() if names.is_user(entry.audience):
            return LASTING_KEPT
        case _:
            return PASSING_KEPT


def _may_repeat(entry: notices.Entry) -> bool:
    """Return whether an entry may arrive twice without harm.

    Redis may have taken an entry that it did not confirm.
    """
    match entry:
        case notices.Passing():
            return names.is_user(entry.audience)
        case notices.Topic() | notices.Direct() | notices.PresenceChange():
            return False
        case _:
            return True


def _by_group(entries: Entries) -> dict[str, list[notices.Entry]]:
    grouped: dict[str, list[notices.Entry]] = {}
    for group, entry in entries:
        grouped.setdefault(group, []).append(entry)
    return grouped
