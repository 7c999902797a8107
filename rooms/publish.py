"""The one place that sends to a group, after commit.

What one transaction, or several that commit in the same moment, have to tell is handed to this
process's sockets at once and to the other processes in one channel-layer message for each group.
Redis is a hint, not the truth: where it does not answer the entries are dropped for the other
processes, which find what they miss by the gap in the numbers.
"""

import asyncio
import logging
import threading
from functools import partial

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from rooms import envelope, metrics
from rooms.hub import Hub

logger = logging.getLogger(__name__)

SEND_WITHIN = 5.0
"""Seconds that the channel layer has to take a message."""
OUTGOING_LIMIT = 50_000
"""Entries that may wait for the channel layer; beyond that the oldest are dropped."""

_lock = threading.Lock()
_waiting: list[tuple[str, envelope.Entry]] = []
_hub: Hub | None = None
_outgoing: list[tuple[str, envelope.Entry]] = []
_sender: asyncio.Task[None] | None = None


def attach(hub: Hub | None) -> None:
    """Name the hub of this process; None when it stops."""
    global _hub, _sender
    if _sender is not None and not _sender.done() and not _sender.get_loop().is_closed():
        _sender.cancel()
    _hub, _sender = hub, None
    _outgoing.clear()


def send(group: str, entry: envelope.Entry) -> None:
    """Publish an entry when the current transaction commits; at once where there is none."""
    send_all([(group, entry)])


def send_all(entries: list[tuple[str, envelope.Entry]]) -> None:
    """Publish entries, each to its group, when the current transaction commits."""
    transaction.on_commit(partial(_committed, entries))


def now(group: str, entry: envelope.Entry) -> None:
    """Publish an entry that has nothing to do with the database. Any thread may call it."""
    _committed([(group, entry)])


async def idle(within: float) -> None:
    """Wait until the channel layer has all that was published, `within` seconds at the most."""
    await asyncio.sleep(0)  # what was just published is taken up in the next turn of the loop
    if _sender is not None:
        await asyncio.wait({_sender}, timeout=within)


def _committed(entries: list[tuple[str, envelope.Entry]]) -> None:
    if stored := sum(isinstance(entry, envelope.Stored) for _, entry in entries):
        metrics.STORED.inc(stored)
    hub = _hub
    if hub is None or hub.loop.is_closed():
        # No sockets in this process: a management command, say.
        for group, those in _by_group(entries).items():
            _from_outside(group, those)
        return
    with _lock:
        scheduled = bool(_waiting)
        _waiting.extend(entries)
    if not scheduled:
        hub.loop.call_soon_threadsafe(_drain, hub)


def _from_outside(group: str, entries: list[envelope.Entry]) -> None:
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
    _outgoing.extend(taken)
    del _outgoing[:-OUTGOING_LIMIT]
    if _sender is None or _sender.done():
        _sender = hub.loop.create_task(_send_outgoing(hub))


async def _send_outgoing(hub: Hub) -> None:
    while _outgoing:
        metrics.PUBLISH_QUEUE.set(len(_outgoing))
        taken = _outgoing.copy()
        _outgoing.clear()
        for group, entries in _by_group(taken).items():
            await _to_layer(hub.origin, group, entries)
    metrics.PUBLISH_QUEUE.set(0)


async def _to_layer(origin: str, group: str, entries: list[envelope.Entry]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    try:
        async with asyncio.timeout(SEND_WITHIN):
            await layer.group_send(group, envelope.pack(origin, group, entries))
    except Exception as error:
        metrics.LAYER_ERRORS.labels("publish").inc()
        logger.warning("%d entries for %s were not published: %r", len(entries), group, error)


def _by_group(entries: list[tuple[str, envelope.Entry]]) -> dict[str, list[envelope.Entry]]:
    grouped: dict[str, list[envelope.Entry]] = {}
    for group, entry in entries:
        grouped.setdefault(group, []).append(entry)
    return grouped
