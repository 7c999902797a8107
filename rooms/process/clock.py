"""What a process does by itself: it closes rounds at their deadline, sees that nobody stays alone,
tells who is online, keeps the dashboards up to date, sees that what sockets stand on still stands,
and shows that it is alive.

With several workers each of them does all of it; the database sees to it that what must happen
once happens once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from rooms.actions import partners, presence, session
from rooms.conf import limits
from rooms.delivery import names as group_names
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Passing, Seen
from rooms.models import Course
from rooms.process.revalidation import EXPIRED_EVERY, Revalidation
from rooms.process.silence import Silence, look_every
from rooms.process.threads import Threads
from rooms.queries import classroom, results
from rooms.queries import presence as presence_queries
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.events import FiguresBody, Presence

logger = logging.getLogger(__name__)

DEADLINE_EVERY = 1.0
"""Seconds between two looks for deadlines; one that comes sooner is waited for exactly."""
SEAT_EVERY = 1.0
FIGURES_EVERY = 0.5
"""Seconds between two `figures` events of a course."""
REFRESH_EVERY = 5.0
"""Seconds between two looks for figures that changed without anybody telling."""
MAKE_UP_AFTER = 0.2
"""Seconds from noticing that partners were not told, or too late, to telling them."""
MAKE_UP_AGAIN = 2.0
"""Seconds until that is tried again where the database had no answer."""


class Clock:
    """The background tasks of a process. Used from its event loop only."""

    hub: Hub

    def __init__(
        self,
        *,
        worker: UUID,
        threads: Threads,
        revalidation: Revalidation,
        silence: Silence,
        on_beat: Callable[[frozenset[UUID]], None],
    ) -> None:
        """`on_beat` gets, at each beat, the sockets here that the database has as silent."""
        self._worker = worker
        self._threads = threads
        # A round is closed at its time, nobody waits long for a partner, and nobody takes this
        # process for dead, whatever else waits for the database.
        self._punctual = Threads(1)
        self._seating = Threads(1)
        self._pulse = Threads(1)
        self._revalidation = revalidation
        self._silence = silence
        self._on_beat = on_beat
        # When this process had beaten before its last beat, and whether that was in time.
        self._beaten: datetime | None = None
        self._steady = True
        self._tasks: list[asyncio.Task[None]] = []
        # The courses whose figures changed, and whose are being read.
        self._stale: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}
        # The figures last told.
        self._shown: dict[str, bytes] = {}
        # The courses' groups in which it was not heard who is whose partner, and the audiences of
        # the users concerned; None for all.
        self._untold: dict[str, set[str] | None] = {}
        self._telling: asyncio.Task[None] | None = None
        # The users who came (True) or went (False), by room.
        self._seen: dict[UUID, dict[int, bool]] = {}
        self._names: dict[int, str] = {}

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        for job, every in (
            (self._close_due_rounds, DEADLINE_EVERY),
            (self._seat_students, SEAT_EVERY),
            (self._beat, presence.beat_every()),
            (self._mind_the_dead, presence.beat_every()),
            (self._silence.look, look_every()),
            (self._refresh_figures, REFRESH_EVERY),
            (self._revalidation.check_all, limits["RECHECK_EVERY"]),
            (self._revalidation.check_expired, EXPIRED_EVERY),
        ):
            self._tasks.append(loop.create_task(_repeat(job, every)))
        interval = limits["PRESENCE_INTERVAL"]
        self._tasks.append(loop.create_task(_repeat(self._tell_presence, interval, rest=True)))

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._reading.values()]
        if self._telling is not None:
            tasks.append(self._telling)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for threads in (self._punctual, self._seating, self._pulse):
            threads.stop()
        await self._threads.run(presence.retire, worker=self._worker)

    # --- presence --------------------------------------------------------------------------

    def seen(self, entry: Seen) -> None:
        """A user is here now in some rooms, or is not: those of them in rooms here are told.

        Each process tells its own sockets, so that they are told in order, and not by several.
        """
        for audience in filter(self.hub.has, entry.audiences):
            self._names[entry.user] = entry.username
            seen = self._seen.setdefault(group_names.room_id(audience), {})
            if seen.get(entry.user, entry.here) != entry.here:
                # Away and back again, or the other way round: nothing to tell.
                del seen[entry.user]
            else:
                seen[entry.user] = entry.here

    async def _tell_presence(self) -> None:
        changed, names = self._seen, self._names
        self._seen, self._names = {}, {}
        if not changed:
            return
        counts, present = await self._threads.run(
            presence_queries.presence, list(changed), list(names)
        )
        most = limits["PRESENCE_NAMES"]
        for room, seen in changed.items():
            if room not in counts:
                continue
            course, members, online = counts[room]
            dashboards = group_names.dashboards(course)
            if self.hub.has(dashboards):
                # Also for who was away for a moment: the figures may have been read in it.
                self.figures_changed(dashboards)
            if not seen:
                continue
            fields: dict[str, Any] = {}
            if members <= most:
                for key, here in (("joined", True), ("left", False)):
                    # Somebody may have come back since, of which is told the next time.
                    who = sorted(
                        names[user]
                        for user, came in seen.items()
                        if came is here and ((room, user) in present) is here
                    )
                    if who:
                        fields[key] = who
            frame = events.encode(Presence(room=str(room), online=online, **fields))
            self.hub.deliver("", [Passing(group_names.room(room), frame)])

    async def _beat(self) -> None:
        beat = await self._pulse.run(presence.beat, worker=self._worker)
        self._beaten = beat.before
        late = timedelta(seconds=2 * presence.beat_every())
        self._steady = beat.before is None or timezone.now() - beat.before < late
        self._on_beat(beat.silent)

    async def _mind_the_dead(self) -> None:
        if self._beaten is not None:
            await self._threads.run(presence.mind_the_dead, before=self._beaten)

    # --- the class -------------------------------------------------------------------------

    async def _close_due_rounds(self) -> None:
        # What is due within this turn is closed at its time and not at the end of the turn.
        started = time.monotonic()
        while True:
            deadline = await self._punctual.run(classroom.next_deadline)
            left = DEADLINE_EVERY - (time.monotonic() - started)
            if left <= 0 or deadline is None or deadline > timezone.now() + timedelta(seconds=left):
                return
            await asyncio.sleep(max((deadline - timezone.now()).total_seconds(), 0))
            await self._punctual.run(session.close_due_rounds)

    async def _seat_students(self) -> None:
        # Of a class that left nobody is here, and nothing is asked about it again and again.
        sessions = await self._seating.run(classroom.discussing_sessions, self._worker)
        self._silence.ask(map(group_names.course, sessions.values()))
        if not self._steady:
            # The database was away, perhaps for all: who is online is known after the next beat.
            return
        for pk in sessions:
            try:
                await self._seating.run(session.seat_students, session=pk)
            except PeerError:
                # The database was slow for this class; the other ones may have better luck.
                continue
            except Exception:
                logger.exception("could not seat the students of class %s", pk)

    def partners_missed(self, group: str, audience: str | None = None) -> None:
        """Tell users of this process who their partners in the class of a course are now.

        That was not heard, or came after what followed it. `audience`: that of the only user
        concerned; without it all are.
        """
        if audience is None:
            self._untold[group] = None
        elif (known := self._untold.setdefault(group, set())) is not None:
            known.add(audience)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_partners())

    async def _tell_partners(self) -> None:
        while self._untold:
            await asyncio.sleep(MAKE_UP_AFTER)
            group, audiences = self._untold.popitem()
            try:
                told = await self.hub.revisions.read(partial(self._read_partners, group))
            except PeerError:
                for audience in (None,) if audiences is None else audiences:
                    self.partners_missed(group, audience)
                await asyncio.sleep(MAKE_UP_AGAIN)
                continue
            self.hub.deliver(
                group, [one for one in told if audiences is None or one.audience in audiences]
            )

    async def _read_partners(self, group: str) -> tuple[str, int, list[Passing]]:
        course = group_names.course_id(group)
        return group, *await self._threads.run(partners.partners_told, course)

    # --- figures ---------------------------------------------------------------------------

    def figures_changed(self, audience: str) -> None:
        """The figures of a course changed that dashboards of this process show."""
        self._stale.add(audience)
        if audience not in self._reading:
            task = asyncio.get_running_loop().create_task(self._send_figures(audience))
            self._reading[audience] = task

    async def _send_figures(self, audience: str) -> None:
        try:
            while audience in self._stale and self.hub.has(audience):
                self._stale.discard(audience)
                started = time.monotonic()
                try:
                    body = await self._threads.run(_figures, group_names.course_id(audience))
                except PeerError as error:
                    logger.warning("no figures for %s: %s", audience, error.message)
                else:
                    self._show(audience, body)
                await asyncio.sleep(max(FIGURES_EVERY - (time.monotonic() - started), 0))
        finally:
            self._stale.discard(audience)
            del self._reading[audience]

    async def _refresh_figures(self) -> None:
        here = self.hub.audiences(group_names.is_dashboards)
        self._shown = {audience: self._shown.get(audience, b"") for audience in here}
        for audience in here:
            if audience not in self._reading:
                body = await self._threads.run(_figures, group_names.course_id(audience))
                self._show(audience, body, again=False)

    def _show(self, audience: str, body: FiguresBody, *, again: bool = True) -> None:
        frame = events.encode(events.figures_event(body))
        if again or self._shown.get(audience) != frame:
            self._shown[audience] = frame
            self.hub.deliver("", [Passing(audience, frame)])


def _figures(course: int) -> FiguresBody:
    return results.figures(Course.objects.get(pk=course))


async def _repeat(job: Callable[[], Awaitable[None]], every: float, *, rest: bool = False) -> None:
    """Do a job every so many seconds; with `rest`, so many seconds after the last one was done."""
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
        await asyncio.sleep(max(every - worked, 0.01))
