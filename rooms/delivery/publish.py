"""The one place that sends to a group, after commit.

What one transaction, or several that commit in the same moment, have to tell is handed to this
process's sockets at once and to the other processes in one channel-layer message for each group.
Redis is a hint, not the truth: nobody waits for it. Where it does not answer, what the other
processes find in the database themselves, or what means nothing a moment later, is dropped; what
concerns single people waits for a while.
"""

import asyncio
import logging
import threading
import time
from functools import partial
from typing import NamedTuple

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from rooms import metrics
from rooms.delivery import names, notices
from rooms.delivery.hub import Hub

logger = logging.getLogger(__name__)

SEND_WITHIN = 5.0
"""Seconds that the channel layer has to take a message."""
RETRY_AFTER = 0.25
"""Seconds until it is tried again where it did not."""
PASSING_KEPT = 2.0
"""Seconds that an entry may wait for a channel layer that fails; then it is dropped, and found in
the database. Thus what is sent first when Redis is back is not what nobody needs any more."""
LASTING_KEPT = 30.0
"""The same for an entry that nobody looks for so soon."""
OUTGOING_LIMIT = 50_000
"""Entries that may wait for the channel layer; beyond that the older half is dropped."""
FORGET_EVERY = 0.5
"""Seconds between two looks for entries that have waited too long."""


class _Outgoing(NamedTuple):
    group: str
    entry: notices.Entry
    until: float


_lock = threading.Lock()
_waiting: list[tuple[str, notices.Entry]] = []
_hub: Hub | None = None
_outgoing: list[_Outgoing] = []
_sender: asyncio.Task[None] | None = None
_forgot = 0.0
_told = 0
# When the channel layer last did not take a message; None where it took the last one.
_failed: float | None = None


def attach(hub: Hub | None) -> None:
    """Name the hub of this process; None when it stops."""
    global _hub, _sender
    if _sender is not None and not _sender.done() and not _sender.get_loop().is_closed():
        _sender.cancel()
    _hub, _sender = hub, None
    _outgoing.clear()


def send(group: str, entry: notices.Entry) -> None:
    """Publish an entry when the current transaction commits; at once where there is none."""
    send_all([(group, entry)])


def send_all(entries: list[tuple[str, notices.Entry]]) -> None:
    """Publish entries, each to its group, when the current transaction commits."""
    transaction.on_commit(partial(_committed, entries))


def now(group: str, entry: notices.Entry) -> None:
    """Publish an entry that has nothing to do with the database. Any thread may call it."""
    _committed([(group, entry)])


async def idle(within: float) -> None:
    """Wait until the channel layer has all that was published, `within` seconds at the most."""
    await asyncio.sleep(0)  # what was just published is taken up in the next turn of the loop
    if _sender is not None:
        await asyncio.wait({_sender}, timeout=within)


def _committed(entries: list[tuple[str, notices.Entry]]) -> None:
    if stored := sum(isinstance(entry, notices.Stored) for _, entry in entries):
        metrics.STORED.inc(stored)
    hub = _hub
    if hub is None or hub.loop.is_closed():
        # No sockets in this process: a management command, say. It does not wait for each entry.
        for group, those in _by_group(entries).items():
            if _failed is None or time.monotonic() > _failed + LASTING_KEPT:
                _from_outside(group, those)
        return
    with _lock:
        scheduled = bool(_waiting)
        _waiting.extend(entries)
    if scheduled:
        return
    try:
        here = asyncio.get_running_loop() is hub.loop
    except RuntimeError:
        here = False
    # From the loop itself there is no need to wake it up.
    (hub.loop.call_soon if here else hub.loop.call_soon_threadsafe)(_drain, hub)


def _from_outside(group: str, entries: list[notices.Entry]) -> None:
    send = partial(async_to_sync(_to_layer), "", group, entries)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        send()
    else:
        # Somebody uses the database in an event loop, as notebooks do.
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()


def _drain(hub: Hub) -> None:
    """Deliver what was committed, in the hub's loop."""
    global _sender
    with _lock:
        taken = _waiting.copy()
        _waiting.clear()
    for group, entries in _by_group(taken).items():
        hub.deliver(group, entries)
    now = time.monotonic()
    _outgoing.extend(_Outgoing(group, entry, now + _kept(entry)) for group, entry in taken)
    if _sender is None or _sender.done():
        _sender = hub.loop.create_task(_send_outgoing(hub))
        return
    if now > _forgot + FORGET_EVERY or len(_outgoing) > OUTGOING_LIMIT:
        _forget(now)
    _tell_queue()


def _kept(entry: notices.Entry) -> float:
    """The seconds for which an entry is worth sending."""
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
    """Whether nobody minds an entry that comes twice: Redis may have taken what it did not
    confirm."""
    match entry:
        case notices.Passing():
            return names.is_user(entry.audience)
        case notices.Topic() | notices.Direct() | notices.Seen():
            return False
        case _:
            return True


def _forget(now: float) -> None:
    """Drop what has waited too long for a layer that fails, and the older half of too much."""
    global _forgot
    _forgot = now
    kept = [one for one in _outgoing if _failed is None or one.until >= now]
    if len(kept) > OUTGOING_LIMIT:
        del kept[: len(kept) // 2]
    metrics.PUBLISH_DROPPED.inc(len(_outgoing) - len(kept))
    _outgoing[:] = kept


async def _send_outgoing(hub: Hub) -> None:
    while _outgoing:
        if _failed is not None or len(_outgoing) > OUTGOING_LIMIT:
            _forget(time.monotonic())
        taken: dict[str, list[_Outgoing]] = {}
        for one in _outgoing:
            taken.setdefault(one.group, []).append(one)
        _outgoing.clear()
        untold: list[_Outgoing] | None = None
        for group, ones in taken.items():
            if untold is not None:
                untold += ones
            elif not await _to_layer(hub.origin, group, [one.entry for one in ones]):
                untold = [one for one in ones if _may_repeat(one.entry)]
        if untold is not None:
            _outgoing[:0] = untold
            _tell_queue()
            await asyncio.sleep(RETRY_AFTER)
    _tell_queue()


def _tell_queue() -> None:
    """Have it in the metrics how much waits, where that has changed: mostly nothing does."""
    global _told
    if len(_outgoing) != _told:
        _told = len(_outgoing)
        metrics.PUBLISH_QUEUE.set(_told)


async def _to_layer(origin: str, group: str, entries: list[notices.Entry]) -> bool:
    """Whether the channel layer took it."""
    global _failed
    layer = get_channel_layer()
    assert layer is not None
    try:
        async with asyncio.timeout(SEND_WITHIN):
            await layer.group_send(group, notices.pack(origin, group, entries))
    except Exception as error:
        metrics.LAYER_ERRORS.labels("publish").inc()
        if _failed is None:
            logger.warning("could not publish %d entries for %s: %r", len(entries), group, error)
        _failed = time.monotonic()
        return False
    _failed = None
    return True


def _by_group(entries: list[tuple[str, notices.Entry]]) -> dict[str, list[notices.Entry]]:
    grouped: dict[str, list[notices.Entry]] = {}
    for group, entry in entries:
        grouped.setdefault(group, []).append(entry)
    return grouped
