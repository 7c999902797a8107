"""Updates of the screens of the hall of this process."""

import asyncio
import logging
import time

import msgspec.structs

from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Close, Passing
from rooms.delivery.tasks import Tasks
from rooms.models import Course
from rooms.process.threads import Threads
from rooms.queries import screen as queries
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.screen import ScreenBody, ScreenEvent

logger = logging.getLogger(__name__)

SHOWN_EVERY = 0.5
"""Seconds between two `screen` events of a course."""
REFRESH_EVERY = 5.0
"""Seconds between two checks for changes without a notice, and for links that have expired."""


class Screens:
    """The screens of the hall of this process. Used from its event loop only.

    All screens of a course get the same frames. Each frame is read after the one before it was
    sent, so no screen goes back to an earlier state.
    """

    def __init__(self, *, hub: Hub, threads: Threads, tasks: Tasks) -> None:
        """`tasks` holds the tasks that end with the process."""
        self._hub = hub
        self._threads = threads
        self._tasks = tasks
        # The screens that are out of date, and those whose state is being read.
        self._stale: set[str] = set()
        self._reading: set[str] = set()
        # The screens with a socket that has not got anything yet, and what was sent last.
        self._new: set[str] = set()
        self._shown: dict[str, ScreenBody] = {}

    def arrived(self, audience: str) -> None:
        """Update the screens of an audience, as one has just come."""
        self._new.add(audience)
        self.changed(audience)

    def changed(self, audience: str) -> None:
        """Update the screens of an audience, as what they show has changed."""
        self._stale.add(audience)
        if audience not in self._reading:
            self._reading.add(audience)
            self._tasks.start(self._send(audience))

    async def refresh(self) -> None:
        """Update the screens that changed without a notice, and close those of ended links."""
        links = self._hub.audiences(names.is_screen_link)
        if links:
            nonces = {names.link_nonce(audience) for audience in links}
            still_open = await self._threads.run(queries.open_links, nonces)
            for audience in links:
                if names.link_nonce(audience) not in still_open:
                    self._hub.deliver("", [Close(4403, audience)])
        here = self._hub.audiences(names.is_screens)
        self._shown = {name: body for name, body in self._shown.items() if name in here}
        for audience in here:
            self.changed(audience)

    async def _send(self, audience: str) -> None:
        try:
            while audience in self._stale and self._hub.has(audience):
                self._stale.discard(audience)
                is_new = audience in self._new
                self._new.discard(audience)
                started = time.monotonic()
                try:
                    body = await self._threads.run(_screen, names.course_id(audience))
                except PeerError as error:
                    logger.warning("nothing for %s: %s", audience, error.message)
                    if is_new:
                        # The next check tries again.
                        self._new.add(audience)
                else:
                    self._show(audience, body, is_new=is_new)
                await asyncio.sleep(max(SHOWN_EVERY - (time.monotonic() - started), 0))
        finally:
            self._stale.discard(audience)
            self._reading.discard(audience)

    def _show(self, audience: str, body: ScreenBody | None, *, is_new: bool) -> None:
        if body is None:
            return
        before = self._shown.get(audience)
        if not is_new and before is not None and _at(before, body.server_time) == body:
            return
        self._shown[audience] = body
        frame = events.encode(ScreenEvent(**msgspec.structs.asdict(body)))
        self._hub.deliver("", [Passing(audience, frame)])


def _at(body: ScreenBody, server_time: float) -> ScreenBody:
    return msgspec.structs.replace(body, server_time=server_time)


def _screen(course: int) -> ScreenBody | None:
    found = Course.objects.filter(pk=course).first()
    return None if found is None else queries.screen(found)
