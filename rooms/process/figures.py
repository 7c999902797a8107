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
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.figures import FiguresBody, figures_event

logger = logging.getLogger(__name__)

FIGURES_EVERY = 0.5
"""Seconds between two `figures` events of a course."""
REFRESH_EVERY = 5.0
"""Seconds between two checks for figures that changed without a notice."""


class Figures:
    """The figures on the dashboards of this process. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads, tasks: Tasks) -> None:
        """`tasks` holds the tasks that end with the process."""
        self._hub = hub
        self._threads = threads
        self._tasks = tasks
        # The courses whose figures have changed, and those whose figures are being read.
        self._stale: set[str] = set()
        self._reading: set[str] = set()
        # The figures that were sent last.
        self._shown: dict[str, bytes] = {}

    def changed(self, audience: str) -> None:
        """Update the dashboards of an audience, whose figures have changed."""
        self._stale.add(audience)
        if audience not in self._reading:
            self._reading.add(audience)
            self._tasks.start(self._send(audience))

    async def refresh(self) -> None:
        """Update the dashboards whose figures changed without a notice."""
        here = self._hub.audiences(names.is_dashboards)
        self._shown = {audience: self._shown.get(audience, b"") for audience in here}
        for audience in here:
            if audience not in self._reading:
                body = await self._threads.run(_figures, names.course_id(audience))
                self._show(audience, body, again=False)

    async def _send(self, audience: str) -> None:
        try:
            while audience in self._stale and self._hub.has(audience):
                self._stale.discard(audience)
                started = time.monotonic()
                try:
                    body = await self._threads.run(_figures, names.course_id(audience))
                except PeerError as error:
                    logger.warning("no figures for %s: %s", audience, error.message)
                else:
                    self._show(audience, body)
                await asyncio.sleep(max(FIGURES_EVERY - (time.monotonic() - started), 0))
        finally:
            self._stale.discard(audience)
            self._reading.discard(audience)

    def _show(self, audience: str, body: FiguresBody, *, again: bool = True) -> None:
        frame = events.encode(figures_event(body))
        if again or self._shown.get(audience) != frame:
            self._shown[audience] = frame
            self._hub.deliver("", [Passing(audience, frame)])


def _figures(course: int) -> FiguresBody:
    return results.figures(Course.objects.get(pk=course))
