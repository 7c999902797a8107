"""Jobs that a process repeats."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

LEAST_PAUSE = 0.01
"""The least pause between two turns in seconds, however long a turn takes."""


async def repeat(job: Callable[[], Awaitable[None]], every: float, *, rest: bool = False) -> None:
    """Run a job at intervals of `every` seconds; with `rest`, the interval starts after each turn.

    A turn never begins before the last one is done. A turn that fails is logged and does not stop
    the next ones.
    """
    while True:
        started = time.monotonic()
        try:
            await job()
        except PeerError:
            # The database is away, which has been logged already.
            pass
        except Exception:
            logger.exception("a background job failed")
        worked = 0.0 if rest else time.monotonic() - started
        await asyncio.sleep(max(every - worked, LEAST_PAUSE))
