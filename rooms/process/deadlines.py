"""The jobs that close rounds and find partners for lonely students.

Those that close rounds at their deadline and seat students have a thread each. So rounds close on
time and students get partners soon, even if other work waits for the database.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from rooms.actions import session
from rooms.delivery import names
from rooms.peer.phases import OPEN_PHASES, SEATING_PHASES
from rooms.process.silence import Silence
from rooms.process.threads import Threads
from rooms.queries import classroom
from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

DEADLINE_EVERY = 1.0
"""Seconds between two checks for deadlines. The job waits precisely for an earlier one."""
EARLY_EVERY = 1.0
"""Seconds between two checks for rounds in which most students have voted."""
SEAT_EVERY = 1.0
"""Seconds between two checks for students without company."""
SEEN_FOR = 3.0
"""Seconds for which the other checks rely on the phases that the check for deadlines has seen."""


class Phases:
    """The phases that classes were in when they were last looked at.

    The queries of the other checks would take most of the CPU of a process without a class.
    """

    def __init__(self) -> None:
        self._seen: frozenset[str] = frozenset()
        self._at = -SEEN_FOR

    def see(self, phases: Iterable[str]) -> None:
        """Remember the phases that classes are in."""
        self._seen, self._at = frozenset(phases), time.monotonic()

    def may_include(self, some: Iterable[str]) -> bool:
        """Return whether a class may be in one of these phases: yes, if nobody looked lately."""
        return time.monotonic() > self._at + SEEN_FOR or not self._seen.isdisjoint(some)


class Deadlines:
    """The job that closes the rounds of all classes at their deadline."""

    def __init__(self, *, phases: Phases) -> None:
        """`phases` gets what each check sees."""
        self._phases = phases
        self._threads = Threads(1)

    async def close_due_rounds(self) -> None:
        """Close the rounds that are due within `DEADLINE_EVERY`, each at its time."""
        # A round that is due within this turn closes at its deadline, not at the end of the turn.
        started = time.monotonic()
        while True:
            deadlines = await self._threads.run(classroom.phases_now)
            self._phases.see(deadlines)
            deadline = min(filter(None, deadlines.values()), default=None)
            left = DEADLINE_EVERY - (time.monotonic() - started)
            if left <= 0 or deadline is None or deadline > timezone.now() + timedelta(seconds=left):
                return
            await asyncio.sleep(max((deadline - timezone.now()).total_seconds(), 0))
            await self._threads.run(session.close_due_rounds)

    def stop(self) -> None:
        """Stop closing rounds."""
        self._threads.stop()


class EarlyCloses:
    """The job that lets rounds close early when most students have voted."""

    def __init__(self, *, threads: Threads, phases: Phases, is_idle: Callable[[], bool]) -> None:
        """`is_idle` tells whether nobody is connected to this process."""
        self._threads = threads
        self._phases = phases
        self._is_idle = is_idle

    async def close_early_rounds(self) -> None:
        """Start the countdown of the rounds that need not go on."""
        if not self._is_idle() and self._phases.may_include(OPEN_PHASES):
            await self._threads.run(session.close_early_rounds)


class Seating:
    """The job that seats students of discussing classes here, so that nobody stays alone."""

    def __init__(
        self,
        *,
        worker: UUID,
        silence: Silence,
        phases: Phases,
        is_idle: Callable[[], bool],
        is_steady: Callable[[], bool],
    ) -> None:
        """Set up the job.

        `is_idle` tells whether nobody is connected to this process. `is_steady` tells whether the
        database knows reliably which users are online.
        """
        self._worker = worker
        self._silence = silence
        self._phases = phases
        self._is_idle = is_idle
        self._is_steady = is_steady
        self._threads = Threads(1)

    async def seat_students(self) -> None:
        """Seat late students and move those without company. Ask the others for signs of life."""
        if self._is_idle() or not self._phases.may_include(SEATING_PHASES):
            self._silence.ask(())
            return
        # The query covers only classes with connections here, so a class that has left costs
        # nothing.
        sessions = await self._threads.run(classroom.discussing_sessions, self._worker)
        self._silence.ask(map(names.course, sessions.values()))
        if not self._is_steady():
            # The database was away, perhaps for all workers. The next beat shows who is online.
            return
        for pk in sessions:
            try:
                await self._threads.run(session.seat_students, session=pk)
            except PeerError:
                # The database was slow for this class, but the others may have better luck.
                continue
            except Exception:
                logger.exception("the students of class %s could not be seated", pk)

    def stop(self) -> None:
        """Stop seating students."""
        self._threads.stop()
