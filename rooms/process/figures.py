"""Updates of the figures on the dashboards of this process."""

import asyncio
import logging
import time

from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Passing
from rooms.delivery.tasks import Tasks
from rooms.models import Course
from rooms.process.threads import Threads
from rooms.queries import results
from rooms.queries.results import Counted
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.figures import FiguresBody, figures_event

logger = logging.getLogger(__name__)

FIGURES_EVERY = 0.5
"""Seconds between two `figures` events of a course."""
RECOUNTED_FOR = 2.0
"""Seconds for which votes alone are counted anew. Then everything else is read again, too."""
REFRESH_EVERY = 5.0
"""Seconds between two checks for figures that changed without a notice."""


class Figures:
    """The figures on the dashboards of this process. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads, tasks: Tasks) -> None:
        """`tasks` holds the tasks that end with the process."""
        self._hub = hub
        self._threads = threads
        self._tasks = tasks
        # The courses whose figures have changed, with whether that may be more than the votes, and
        # those whose figures are being read.
        self._stale: dict[str, bool] = {}
        self._reading: set[str] = set()
        # The figures that were read last, and when all of them were.
        self._read: dict[str, tuple[Counted, float]] = {}
        # The figures that were sent last.
        self._shown: dict[str, bytes] = {}

    def changed(self, audience: str, *, votes: bool = False) -> None:
        """Update the dashboards of an audience, whose figures have changed.

        `votes` tells that nothing but votes has changed.
        """
        self._stale[audience] = self._stale.get(audience, False) or not votes
        if audience not in self._reading:
            self._reading.add(audience)
            self._tasks.start(self._send(audience))

    async def refresh(self) -> None:
        """Update the dashboards whose figures changed without a notice."""
        here = self._hub.audiences(names.is_dashboards)
        self._shown = {audience: self._shown.get(audience, b"") for audience in here}
        self._read = {audience: read for audience, read in self._read.items() if audience in here}
        for audience in here:
            if audience not in self._reading:
                began = time.monotonic()
                counted = await self._threads.run(_figures, names.course_id(audience))
                self._show(audience, counted.body, again=False)
                if self._read.get(audience, (counted, 0.0))[1] < began:
                    self._read[audience] = counted, began

    async def _send(self, audience: str) -> None:
        try:
            while audience in self._stale and self._hub.has(audience):
                everything = self._stale.pop(audience)
                started = time.monotonic()
                try:
                    body = await self._read_figures(audience, everything=everything)
                except PeerError as error:
                    logger.warning("no figures for %s: %s", audience, error.message)
                else:
                    self._show(audience, body)
                await asyncio.sleep(max(FIGURES_EVERY - (time.monotonic() - started), 0))
        finally:
            self._stale.pop(audience, None)
            self._reading.discard(audience)

    async def _read_figures(self, audience: str, *, everything: bool) -> FiguresBody:
        """Read figures: all of them, or only the votes if nothing else can have changed."""
        began = time.monotonic()
        before, at = self._read.pop(audience, (None, 0.0))
        counted = None
        if before is not None and not everything and began < at + RECOUNTED_FOR:
            counted = await self._threads.run(results.recounted, before)
        if counted is None:
            counted = await self._threads.run(_figures, names.course_id(audience))
            at = began
        self._read[audience] = counted, at
        return counted.body

    def _show(self, audience: str, body: FiguresBody, *, again: bool = True) -> None:
        frame = events.encode(figures_event(body))
        if again or self._shown.get(audience) != frame:
            self._shown[audience] = frame
            self._hub.deliver("", [Passing(audience, frame)])


def _figures(course: int) -> Counted:
    return results.counted(Course.objects.get(pk=course))
