"""Jobs that a process does again and again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

LEAST_PAUSE = 0.01
"""Seconds between two turns at the least, however long a turn takes."""


async def repeat(job: Callable[[], Awaitable[None]], every: float, *, rest: bool = False) -> None:
    """Do a job every so many seconds; with `rest`, so many seconds after the last turn was done.

    One turn never begins before the last one is done. A turn that fails is logged and hinders no
    other one.
    """
    while True:
        started = time.monotonic()
        try:
            await job()
        except PeerError:
            # The database is away, which was logged where it was noticed.
            pass
        except Exception:
            logger.exception("a background job failed")
        worked = 0.0 if rest else time.monotonic() - started
        await asyncio.sleep(max(every - worked, LEAST_PAUSE))
