"""Who is here: the rooms are told who came or went, and the database that this process lives."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from rooms.actions import presence
from rooms.conf import limits
from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.delivery.notices import Passing, PresenceChange
from rooms.process.threads import Threads
from rooms.queries import presence as presence_queries
from rooms.wire import events

FORGET_EVERY = 60.0
"""Seconds between two deletions of connections that closed long ago."""


class Presence:
    """Tell the rooms of this process who came or went. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads, on_changed: Callable[[str], None]) -> None:
        """`on_changed` gets the dashboards here that show how many are online."""
        self._hub = hub
        self._threads = threads
        self._on_changed = on_changed
        # The users who came (True) or went (False), by room.
        self._seen: dict[UUID, dict[int, bool]] = {}
        self._names: dict[int, str] = {}

    def seen(self, entry: PresenceChange) -> None:
        """A user is here now in some rooms, or is not: those of them in rooms here are told.

        Each process tells its own sockets, so that they are told in order, and not by several.
        """
        for audience in filter(self._hub.has, entry.audiences):
            self._names[entry.user] = entry.username
            seen = self._seen.setdefault(names.room_id(audience), {})
            if seen.get(entry.user, entry.here) != entry.here:
                # Away and back again, or the other way round: nothing to tell.
                del seen[entry.user]
            else:
                seen[entry.user] = entry.here

    async def tell(self) -> None:
        """Tell the rooms who was seen to come or go since the last time."""
        changed, usernames = self._seen, self._names
        self._seen, self._names = {}, {}
        if not changed:
            return
        counts, present = await self._threads.run(
            presence_queries.presence, list(changed), list(usernames)
        )
        most = limits["PRESENCE_NAMES"]
        for room, seen in changed.items():
            if room not in counts:
                continue
            course, members, online = counts[room]
            dashboards = names.dashboards(course)
            if self._hub.has(dashboards):
                # Also for who was away for a moment: the figures may have been read in it.
                self._on_changed(dashboards)
            if not seen:
                continue
            fields: dict[str, Any] = {}
            if members <= most:
                for key, here in (("joined", True), ("left", False)):
                    # Somebody may have come back since, of which is told the next time.
                    who = sorted(
                        usernames[user]
                        for user, came in seen.items()
                        if came is here and ((room, user) in present) is here
                    )
                    if who:
                        fields[key] = who
            frame = events.encode(events.Presence(room=str(room), online=online, **fields))
            self._hub.deliver("", [Passing(names.room(room), frame)])


class Heartbeat:
    """Show the database that this process is alive, and see which other one is not.

    It has a thread of its own: nobody takes this process for dead, whatever else waits for the
    database.
    """

    def __init__(
        self, *, worker: UUID, threads: Threads, on_beat: Callable[[frozenset[UUID]], None]
    ) -> None:
        """`on_beat` gets, at each beat, the sockets here that the database has as silent."""
        self._worker = worker
        self._threads = threads
        self._on_beat = on_beat
        self._pulse = Threads(1)
        # When this process had beaten before its last beat, and whether that was in time.
        self._beaten: datetime | None = None
        self._steady = True

    def is_steady(self) -> bool:
        """Whether the last beat came in time after the one before it."""
        return self._steady

    async def beat(self) -> None:
        """Note that this process is alive."""
        beat = await self._pulse.run(presence.beat, worker=self._worker)
        self._beaten = beat.before
        late = timedelta(seconds=2 * presence.beat_every())
        self._steady = beat.before is None or timezone.now() - beat.before < late
        self._on_beat(beat.silent)

    async def mind_the_dead(self) -> None:
        """Make the connections of processes that beat no more silent, and close them in time."""
        if self._beaten is not None:
            await self._threads.run(presence.mind_the_dead, before=self._beaten)

    async def forget_closed(self) -> None:
        """Delete what is long closed."""
        await self._threads.run(presence.forget_closed)

    async def stop(self) -> None:
        """Beat no more, and have the database know that this process is gone."""
        self._pulse.stop()
        await self._threads.run(presence.retire, worker=self._worker)
