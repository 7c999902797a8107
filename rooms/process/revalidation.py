"""Whether what sockets stand on still stands.

Whatever ends a log-in, an enrolment or a membership tells the processes, which is a hint: it may be
lost, and nobody tells of a change made in the database by hand. So each process compares its
sockets with the database now and then: sockets without a valid token or session are closed, as are
dashboards of those who lead the course no more; rooms and topics that one is not in any more are
left, and rooms that one should be in are joined, with the messages since.

A check takes a few queries, whatever the number of sockets.
"""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.credentials import Credential
from rooms.actions import enrollment, partners
from rooms.conf import limits
from rooms.delivery import names, notices
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.delivery.tasks import Tasks
from rooms.process.threads import Threads
from rooms.queries import entitlements
from rooms.queries.entitlements import Facts, RoomOf
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.events import RoomRemoved

logger = logging.getLogger(__name__)

EXPIRED_EVERY = 1.0
"""Seconds between two looks for tokens and sessions whose time is over."""
RECHECK_AFTER = 0.5
"""Seconds from a notice to the check: who changes their password gets a new session in them."""
CONFIRM_AFTER = 1.0
"""Seconds in which the notice of a room may still arrive by itself."""


@dataclass(slots=True)
class _Watched:
    credential: Credential
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What a socket had when the database was asked; `rooms` is None where it is not for rooms, or
    not all set up yet."""

    connection: LiveConnection
    credential: Credential
    moves: int
    rooms: frozenset[str] | None
    dashboards: frozenset[str]
    courses: frozenset[str]


class Revalidation:
    """The sockets of this process and what they stand on. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads) -> None:
        self._hub = hub
        self._threads = threads
        self._watched: dict[LiveConnection, _Watched] = {}
        # The users to be checked soon, and whether for a change of their password; and those who
        # are being checked for such a reason.
        self._doubted: dict[int, bool] = {}
        self._checked: dict[int, bool] = {}
        self._rechecking: asyncio.Task[None] | None = None
        self._all_doubted = False
        self._rechecking_all: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def watch(
        self, connection: LiveConnection, credential: Credential, expires: datetime | None
    ) -> None:
        """See that the connection ends with what it stands on."""
        self._watched[connection] = _Watched(credential, expires)

    def forget(self, connection: LiveConnection) -> None:
        """The connection is gone."""
        self._watched.pop(connection, None)

    def recheck(self, entry: notices.Recheck) -> None:
        """Check the sockets of some users soon."""
        for user in entry.users:
            self._doubted[user] = entry.password or self._doubted.get(user, False)
        if self._rechecking is None or self._rechecking.done():
            self._rechecking = self._tasks.start(_logged(self._recheck()))

    async def check_all(self) -> None:
        """Compare all sockets with the database. Raises Unavailable where that does not answer."""
        # Who is to be checked soon is left to that check, which knows why.
        doubted = self._doubted.keys() | self._checked.keys()
        await self._check({c: w for c, w in self._watched.items() if _user(w) not in doubted})

    def check_soon(self) -> None:
        """Compare all sockets with the database soon: notices may have been lost."""
        self._all_doubted = True
        if self._rechecking_all is None or self._rechecking_all.done():
            self._rechecking_all = self._tasks.start(_logged(self._recheck_all()))

    async def check_expired(self) -> None:
        """Check the sockets whose token or session ends by now, unless it was prolonged."""
        now = timezone.now()
        await self._check(
            {c: w for c, w in self._watched.items() if w.expires is not None and w.expires <= now}
        )

    async def stop(self) -> None:
        """Check no more."""
        await self._tasks.stop()

    async def _recheck(self) -> None:
        while self._doubted:
            await asyncio.sleep(RECHECK_AFTER)
            self._checked, self._doubted = self._doubted, {}
            concerned = {c: w for c, w in self._watched.items() if _user(w) in self._checked}
            await _logged(self._check(concerned))
            self._checked = {}

    async def _recheck_all(self) -> None:
        while self._all_doubted:
            await asyncio.sleep(RECHECK_AFTER)
            self._all_doubted = False
            await _logged(self.check_all())

    # --- one check -------------------------------------------------------------------------

    async def _check(self, watched: Mapping[LiveConnection, _Watched]) -> None:
        seen = [_look(c, w.credential) for c, w in watched.items() if not c.closed]
        if not seen:
            return
        most = limits["ROOMS_PER_SOCKET"]
        facts = await self._threads.run(
            entitlements.read,
            {one.credential for one in seen},
            {one.credential.user for one in seen if one.rooms is not None or one.dashboards},
        )
        left: set[UUID] = set()
        missing: list[tuple[LiveConnection, RoomOf]] = []
        for one in seen:
            connection, user = one.connection, one.credential.user
            if connection.closed or connection not in self._watched:
                continue
            if user in self._doubted and user not in self._checked:
                # It was told meanwhile that this is out of date: to be read again.
                continue
            if one.credential not in facts.checked.valid:
                self._end(one, facts)
                continue
            self._watched[connection].expires = facts.checked.valid[one.credential]
            if not one.dashboards <= facts.led[user]:
                connection.close(4403)
                continue
            for group in one.courses - facts.courses[user]:
                self._hub.end_course(connection, group)
            if one.rooms is None or connection.moves != one.moves:
                # What came meanwhile is newer than what was read.
                continue
            mine = facts.rooms[user]
            for audience in one.rooms - mine.keys():
                room = names.room_id(audience)
                self._hub.leave(connection, audience)
                connection.send(events.encode(RoomRemoved(room=str(room))))
                left.add(room)
            free = max(most - len(one.rooms & mine.keys()), 0)
            due = [room for room in islice(mine.values(), most) if room.audience not in one.rooms]
            missing += [(connection, room) for room in due[:free]]
        if left or missing or facts.strangers:
            self._tasks.start(_logged(self._mend(left, missing, facts.strangers)))

    def _end(self, one: _Snapshot, facts: Facts) -> None:
        """Close a socket whose token or session does not stand."""
        # Who changed the password goes on with the key that their session got for it.
        renewed = self._checked.get(one.credential.user) and one.credential in facts.checked.gone
        logger.info("the credential of a socket of user %s has ended", one.credential.user)
        one.connection.close(4503 if renewed else 4401)

    async def _mend(
        self,
        left: set[UUID],
        missing: list[tuple[LiveConnection, RoomOf]],
        strangers: Mapping[int, Collection[int]],
    ) -> None:
        """Do what takes longer: nobody waits for it who is to be closed."""
        for course, users in strangers.items():
            await self._threads.run(enrollment.expel_strangers, course=course, users=users)
        joined = await self._join_late(missing)
        if left or joined:
            # Those who are in such a room missed who came and went.
            await self._threads.run(partners.tell_again, left | joined)

    async def _join_late(self, missing: list[tuple[LiveConnection, RoomOf]]) -> set[UUID]:
        """Join rooms; returns which of them were joined."""
        joined: set[UUID] = set()
        if missing:
            await asyncio.sleep(CONFIRM_AFTER)
        missing = [(c, room) for c, room in missing if self._lacks(c, room)]
        if not missing:
            return joined
        moves = {connection: connection.moves for connection, _ in missing}
        # What is said from here on is heard, and what was said until then is read.
        unheard = {(c, room.group) for c, room in missing if room.group not in c.groups}
        await asyncio.gather(*(self._hub.listen(c, group) for c, group in unheard))
        found = await self._threads.run(
            entitlements.read_late, {(room.user, room.id) for _, room in missing}
        )
        for connection, room in missing:
            late = found.get((room.user, room.id))
            if late is None or not self._lacks(connection, room):
                continue
            if connection.moves == moves[connection]:
                connection.send(late.added)
                self._hub.join_late(
                    connection, room.audience, room.group, since=late.since, reached=late.reached
                )
                joined.add(room.id)
        return joined

    def _lacks(self, connection: LiveConnection, room: RoomOf) -> bool:
        return (
            connection in self._watched
            and not connection.closed
            and room.audience not in connection.audiences
        )


def _user(watched: _Watched) -> int:
    return watched.credential.user


async def _logged(job: Coroutine[Any, Any, None]) -> None:
    try:
        await job
    except PeerError:
        # The database is away, which was logged; the next check of all sockets makes up for it.
        pass
    except Exception:
        logger.exception("could not check the sockets")


def _look(connection: LiveConnection, credential: Credential) -> _Snapshot:
    audiences = connection.audiences
    for_rooms = not connection.held and names.user(credential.user) in audiences
    return _Snapshot(
        connection=connection,
        credential=credential,
        moves=connection.moves,
        rooms=frozenset(filter(names.is_room, audiences)) if for_rooms else None,
        dashboards=frozenset(filter(names.is_dashboards, audiences)),
        courses=frozenset(connection.topics.values()) | frozenset(connection.courses.values()),
    )
