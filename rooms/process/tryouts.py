"""Plays the simulated students of try-outs.

One worker plays those of a try-out. If it dies, a beat of another worker notices that, which goes
on or, when the try-out is over, removes it.
"""

import logging
from uuid import UUID

from rooms.actions import bots
from rooms.actions.bots import Troupe
from rooms.process.threads import Threads
from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

PLAY_EVERY = 0.5
"""Seconds between two looks at the classes of the try-outs that this process plays."""


class TryOuts:
    """The try-outs that this process plays. Used from its event loop only."""

    def __init__(self, *, worker: UUID) -> None:
        self._worker = worker
        # One thread, so the simulated students wait for each other and nobody else for them.
        self._threads = Threads(1)
        self._played: dict[int, Troupe] = {}

    def is_idle(self) -> bool:
        """Return whether this process plays no try-out."""
        return not self._played

    async def take_over(self) -> None:
        """Play from now on the try-outs that no worker plays, and remove those that are over."""
        for troupe in await self._threads.run(bots.take_over, worker=self._worker):
            self._played[troupe.try_out] = troupe

    async def play(self) -> None:
        """Let the simulated students do what is due. Does nothing if this process has none."""
        for try_out, troupe in list(self._played.items()):
            try:
                stays = await self._threads.run(bots.play, troupe=troupe, worker=self._worker)
            except PeerError:
                # The database is away for the moment.
                continue
            except Exception:
                logger.exception("the students of try-out %s could not act", try_out)
                continue
            if not stays:
                del self._played[try_out]

    async def stop(self) -> None:
        """Leave the try-outs to other workers."""
        if self._played:
            self._played.clear()
            await self._threads.run(bots.leave, worker=self._worker)
        self._threads.stop()
