"""The orderly end of the sockets of a process that stops."""

import asyncio
import math
import time

from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.delivery.tasks import Tasks

DRAINING = 4503
BATCH_EVERY = 0.05
"""Seconds between two batches of sockets, so that their clients do not all reconnect at once."""
SMALLEST_BATCH = 20
SPREAD = 3.0
"""Seconds over which the batches are spread."""
ANSWER_WITHIN = 3.0
"""Seconds that the running commands of a batch may take."""
LEAVE_WITHIN = 2.0
"""Seconds that the last sockets have to answer the close frame."""


async def close_sockets(hub: Hub) -> None:
    """Close all sockets with 4503, a few at a time, and wait until they are gone.

    A socket whose turn has come accepts no more commands. Its earlier commands are carried out and
    answered before it is closed. So a command without an answer was either not begun, or it is
    recognised by its uuid when it is sent again. This takes at most the sum of `SPREAD`,
    `ANSWER_WITHIN` and `LEAVE_WITHIN`. Sockets that have not read the close frame by then are
    abandoned.
    """
    size = max(SMALLEST_BATCH, math.ceil(len(hub.connections) * BATCH_EVERY / SPREAD))
    finishing = Tasks()
    end = time.monotonic() + SPREAD + ANSWER_WITHIN + LEAVE_WITHIN
    while hub.connections and time.monotonic() < end:
        # Include the sockets whose handshake has ended only now.
        batch = [one for one in hub.connections.values() if one.taking][:size]
        if batch:
            finishing.start(_finish(hub, batch))
        elif all(one.closed for one in hub.connections.values()):
            end = min(end, time.monotonic() + LEAVE_WITHIN)
        await asyncio.sleep(BATCH_EVERY)
    finishing.cancel()


async def _finish(hub: Hub, batch: list[LiveConnection]) -> None:
    for connection in batch:
        connection.taking = False
    until = time.monotonic() + ANSWER_WITHIN
    while batch and time.monotonic() < until:
        for connection in batch:
            if not connection.under_way and not hub.owes(connection):
                connection.close(DRAINING)
        batch = [one for one in batch if not one.closed]
        if batch:
            await asyncio.sleep(0.01)
    for connection in batch:
        connection.close(DRAINING)
