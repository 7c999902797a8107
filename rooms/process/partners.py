"""Repetition of `partners` events that sockets of this process missed."""

import asyncio
from functools import partial

from rooms.actions import partners
from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Passing
from rooms.delivery.tasks import Tasks
from rooms.process.threads import Threads
from rooms.wire.errors import PeerError

MAKE_UP_AFTER = 0.2
"""Seconds from noticing a missed or late `partners` event to sending it again."""
MAKE_UP_AGAIN = 2.0
"""Seconds until the next try if the database did not answer."""


class Partners:
    """The missed `partners` events of this process. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads, tasks: Tasks) -> None:
        """`tasks` holds the tasks that end with the process."""
        self._hub = hub
        self._threads = threads
        self._tasks = tasks
        # The channel-layer groups of courses in which a notice of partners was missed, each with
        # the audiences of the users concerned; None stands for all users.
        self._untold: dict[str, set[str] | None] = {}
        self._telling: asyncio.Task[None] | None = None

    def missed(self, channel_group: str, audience: str | None = None) -> None:
        """Send users of this process their current partners in the class of a course.

        They missed the event, or it arrived after its successor. `audience` is that of the only
        user concerned; without it all users of the course are.
        """
        if audience is None:
            self._untold[channel_group] = None
        elif (known := self._untold.setdefault(channel_group, set())) is not None:
            known.add(audience)
        if self._telling is None or self._telling.done():
            self._telling = self._tasks.start(self._tell())

    async def _tell(self) -> None:
        while self._untold:
            await asyncio.sleep(MAKE_UP_AFTER)
            channel_group, audiences = self._untold.popitem()
            try:
                told = await self._hub.revisions.read(partial(self._read, channel_group))
            except PeerError:
                for audience in (None,) if audiences is None else audiences:
                    self.missed(channel_group, audience)
                await asyncio.sleep(MAKE_UP_AGAIN)
                continue
            self._hub.deliver(
                channel_group,
                [one for one in told if audiences is None or one.audience in audiences],
            )

    async def _read(self, channel_group: str) -> tuple[str, int, list[Passing]]:
        course = names.course_id(channel_group)
        return channel_group, *await self._threads.run(partners.partners_told, course)
