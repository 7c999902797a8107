"""Pairs students who wait outside class, and ends talks whose time is over."""

from rooms.actions import night
from rooms.process.threads import Threads
from rooms.queries.night import waited_for

LOOK_EVERY = 5.0
"""Seconds between two looks. Pages that wait also look themselves."""


class Night:
    """The job of a worker. All workers do it; the database lets one of them pair at a release."""

    def __init__(self, *, threads: Threads) -> None:
        self._threads = threads

    async def look(self) -> None:
        """Pair those who wait, and end the talks of releases that are over."""
        await self._threads.run(_look)


def _look() -> None:
    for release in waited_for():
        night.pair_waiting(release=release)
    night.end_overdue()
