"""Which courses of this process have pseudonyms now, for commands that ask with each keystroke."""

import time
from uuid import UUID

from accounts.people import User
from rooms import frames
from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.process.threads import Threads
from rooms.queries import pseudonyms
from rooms.wire.events import Person

ASKED_EVERY = 1.0
"""Seconds for which an answer of the database holds, unless the class moves on."""
KEPT = 1_000
"""Courses whose answer is remembered."""


class Pseudonyms:
    """The courses whose students have pseudonyms. Used from the event loop of its process only."""

    def __init__(self, *, hub: Hub, threads: Threads) -> None:
        self._hub = hub
        self._threads = threads
        # By channel-layer group: the revision of the class, the time of the question, the answer.
        self._known: dict[str, tuple[int, float, bool]] = {}

    async def typist(self, user: User, room: UUID, group: str) -> Person | None:
        """Return as whom a member of a room is seen to type there, or None for nobody.

        `group` is the channel-layer group of the room's course.
        """
        if not await self.hide(group):
            return frames.person(user)
        return await self._threads.run(pseudonyms.typist, user, str(room))

    async def check_publisher(self, user: User, slug: str, group: str) -> None:
        """Raise PermissionDenied for a student in a course with pseudonyms."""
        if await self.hide(group):
            await self._threads.run(pseudonyms.check_publisher, user, slug)

    async def hide(self, group: str) -> bool:
        """Return whether the students of the course of a channel-layer group have pseudonyms."""
        revision, now = self._hub.revisions.heard(group), time.monotonic()
        known = self._known.get(group)
        if known is not None and known[0] == revision and now - known[1] < ASKED_EVERY:
            return known[2]
        course = names.course_id(group)
        found = course in await self._threads.run(pseudonyms.veiled, [course])
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[group] = revision, now, found
        return found
