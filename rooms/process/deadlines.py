"""What a class waits for: its rounds close at their deadline, and nobody stays alone.

Each has a thread of its own: a round is closed at its time, and nobody waits long for a partner,
whatever else waits for the database.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from rooms.actions import session
from rooms.delivery import names
from rooms.process.silence import Silence
from rooms.process.threads import Threads
from rooms.queries import classroom
from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

DEADLINE_EVERY = 1.0
"""Seconds between two looks for deadlines; one that comes sooner is waited for exactly."""
SEAT_EVERY = 1.0
"""Seconds between two looks for students who have no company."""


class Deadlines:
    """Close the rounds of all classes at their deadline."""

    def __init__(self) -> None:
        self._threads = Threads(1)

    async def close_due_rounds(self) -> None:
        """Close the rounds that are due within `DEADLINE_EVERY`, each at its time."""
        # What is due within this turn is closed at its time and not at the end of the turn.
        started = time.monotonic()
        while True:
            deadline = await self._threads.run(classroom.next_deadline)
            left = DEADLINE_EVERY - (time.monotonic() - started)
            if left <= 0 or deadline is None or deadline > timezone.now() + timedelta(seconds=left):
                return
            await asyncio.sleep(max((deadline - timezone.now()).total_seconds(), 0))
            await self._threads.run(session.close_due_rounds)

    def stop(self) -> None:
        """Close no more rounds."""
        self._threads.stop()


class Seating:
    """Seat the students of the classes here that discuss, so that nobody stays alone."""

    def __init__(
        self,
        *,
        worker: UUID,
        silence: Silence,
        is_idle: Callable[[], bool],
        is_steady: Callable[[], bool],
    ) -> None:
        """`is_idle` tells whether nobody is connected to this process, `is_steady` whether it is
        known who is online."""
        self._worker = worker
        self._silence = silence
        self._is_idle = is_idle
        self._is_steady = is_steady
        self._threads = Threads(1)

    async def seat_students(self) -> None:
        """Seat who came late, and move who is without company; ask the others for signs of life."""
        if self._is_idle():
            self._silence.ask(())
            return
        # Of a class that left nobody is here, and nothing is asked about it again and again.
        sessions = await self._threads.run(classroom.discussing_sessions, self._worker)
        self._silence.ask(map(names.course, sessions.values()))
        if not self._is_steady():
            # The database was away, perhaps for all: who is online is known after the next beat.
            return
        for pk in sessions:
            try:
                await self._threads.run(session.seat_students, session=pk)
            except PeerError:
                # The database was slow for this class; the other ones may have better luck.
                continue
            except Exception:
                logger.exception("the students of class %s could not be seated", pk)

    def stop(self) -> None:
        """Seat nobody any more."""
        self._threads.stop()
