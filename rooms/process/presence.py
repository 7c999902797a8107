"""Presence events for the rooms of this process, and its heartbeat in the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import people
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
    """The changes of presence that rooms of this process have to hear. For its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads, on_changed: Callable[[str], None]) -> None:
        """`on_changed` gets the dashboards and screens here that show how many are online."""
        self._hub = hub
        self._threads = threads
        self._on_changed = on_changed
        # The users who came (True) or went (False), by room.
        self._seen: dict[UUID, dict[people.Key, bool]] = {}
        self._names: dict[people.Key, str] = {}

    def seen(self, entry: PresenceChange) -> None:
        """Collect a change of presence for the sockets of its rooms in this process.

        Each process tells its own sockets, so the events come in order and from one process only.
        """
        for audience in filter(self._hub.has, entry.audiences):
            self._names[entry.user] = entry.username
            seen = self._seen.setdefault(names.room_id(audience), {})
            if seen.get(entry.user, entry.here) != entry.here:
                # The user is as before: away and back again, or the other way round.
                del seen[entry.user]
            else:
                seen[entry.user] = entry.here

    async def tell(self) -> None:
        """Tell the rooms which users came or went since the last call."""
        changed, usernames = self._seen, self._names
        self._seen, self._names = {}, {}
        if not changed:
            return
        counts, present, hidden = await self._threads.run(
            presence_queries.presence, list(changed), list(usernames)
        )
        most = limits["PRESENCE_NAMES"]
        for room, seen in changed.items():
            if room not in counts:
                continue
            course, members, online = counts[room]
            for board in (names.dashboards(course), names.screens(course)):
                if self._hub.has(board):
                    # Include users who were away for a moment, as it may have been read then.
                    self._on_changed(board)
            if not seen:
                continue
            fields: dict[str, Any] = {}
            known = hidden.get(room, usernames)
            if room in hidden and known.keys().isdisjoint(seen):
                # In a room of two, the number alone would tell who came.
                continue
            if members <= most:
                for key, here in (("joined", True), ("left", False)):
                    # The user may have come back since. The next call reports that.
                    who = sorted(
                        known[user]
                        for user, came in seen.items()
                        if came is here and user in known and ((room, user) in present) is here
                    )
                    if who:
                        fields[key] = who
            frame = events.encode(events.Presence(room=str(room), online=online, **fields))
            self._hub.deliver("", [Passing(names.room(room), frame)])


class Heartbeat:
    """The signs of life of this process in the database, and the check for dead processes.

    It has a thread of its own, so other work that waits for the database does not make this process
    look dead.
    """

    def __init__(
        self,
        *,
        worker: UUID,
        threads: Threads,
        on_beat: Callable[[frozenset[UUID]], None],
        on_unattended: Callable[[], None],
    ) -> None:
        """At each beat, `on_beat` gets the sockets here that the database lists as silent.

        `on_unattended` is called if a try-out waits for a worker.
        """
        self._worker = worker
        self._threads = threads
        self._on_beat = on_beat
        self._on_unattended = on_unattended
        self._pulse = Threads(1)
        # The time of the beat before the last one, and whether the last one followed in time.
        self._beaten: datetime | None = None
        self._steady = True

    def is_steady(self) -> bool:
        """Return whether the last beat followed the one before it in time."""
        return self._steady

    async def beat(self) -> None:
        """Record that this process is alive."""
        beat = await self._pulse.run(presence.beat, worker=self._worker)
        self._beaten = beat.before
        late = timedelta(seconds=2 * presence.beat_every())
        self._steady = beat.before is None or timezone.now() - beat.before < late
        self._on_beat(beat.silent)
        if beat.unattended:
            self._on_unattended()

    async def mind_the_dead(self) -> None:
        """Mark the connections of processes without beats as silent, and close them in time."""
        if self._beaten is not None:
            await self._threads.run(presence.mind_the_dead, before=self._beaten)

    async def forget_closed(self) -> None:
        """Delete connections that closed long ago."""
        await self._threads.run(presence.forget_closed)

    async def stop(self) -> None:
        """Stop beating, and record that this process is gone."""
        self._pulse.stop()
        await self._threads.run(presence.retire, worker=self._worker)
