"""Revalidation of the sockets of this process against the database.

The end of a log-in, an enrolment or a membership is announced to the processes. But an announcement
may be lost, and nothing announces changes made in the database by hand. So each process compares
its sockets with the database at intervals. It closes sockets without a valid token or session, and
dashboards of users who no longer lead the course. It removes sockets from rooms and topics that
their users have left, and adds them to rooms that they miss, with the messages since.

Sockets keep the names of their users, and clients go by the slugs of courses. Both may change, so
each check renews the names and tells each client of the slugs that it knows by another name.

A check takes a few queries, whatever the number of sockets. On PostgreSQL, the first one finds the
sockets for which nothing has changed since the last check. Those, which are nearly all, are left
alone.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import people
from accounts.credentials import Credential
from rooms.actions import enrollment, partners
from rooms.conf import limits
from rooms.delivery import names, notices
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.delivery.tasks import Tasks
from rooms.process.threads import Threads
from rooms.queries import entitlements, unchanged
from rooms.queries.entitlements import Facts, RoomOf
from rooms.wire import events
from rooms.wire.errors import PeerError
from rooms.wire.events import CourseRenamed, RoomRemoved

logger = logging.getLogger(__name__)

EXPIRED_EVERY = 1.0
"""Seconds between two checks for expired tokens and sessions."""
RECHECK_AFTER = 0.5
"""Seconds from a notice to the check. After a change of password, the session gets its new key in
this time."""
CONFIRM_AFTER = 1.0
"""Seconds in which the notice of a new membership may still arrive."""


@dataclass(slots=True)
class _Watched:
    """A socket with its credential.

    `renew` takes the user of the socket as read by the check `renewed`, which is a number. `begun`
    is the last check that looked at the socket. If that found nothing to do, `mark` stands for what
    the database had then, and `state` for the state of the socket.
    """

    credential: Credential
    expires: datetime | None
    renew: Callable[[people.User], None]
    renewed: int = 0
    begun: int = 0
    mark: str = ""
    state: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The state of a socket at the time of the query.

    `rooms` is None if the socket is not for rooms, or is still being set up. `slugs` has the slugs
    of the courses as the client knew them.
    """

    connection: LiveConnection
    credential: Credential
    state: tuple[int, ...]
    moves: int
    rooms: frozenset[str] | None
    dashboards: frozenset[str]
    courses: frozenset[str]
    slugs: Mapping[int, str]


class Revalidation:
    """The sockets of this process and their credentials. Used from its event loop only."""

    def __init__(self, *, hub: Hub, threads: Threads) -> None:
        self._hub = hub
        self._threads = threads
        self._watched: dict[LiveConnection, _Watched] = {}
        # The users to check soon, with True after a change of password, and those who are being
        # checked for such a reason.
        self._doubted: dict[people.Key, bool] = {}
        self._checked: dict[people.Key, bool] = {}
        self._rechecking: asyncio.Task[None] | None = None
        self._all_doubted = False
        self._rechecking_all: asyncio.Task[None] | None = None
        self._checks = 0
        self._tasks = Tasks()

    def watch(
        self,
        connection: LiveConnection,
        credential: Credential,
        expires: datetime | None,
        renew: Callable[[people.User], None],
    ) -> None:
        """Close the connection once its credential has ended. Until then, renew its user."""
        self._watched[connection] = _Watched(credential, expires, renew)

    def forget(self, connection: LiveConnection) -> None:
        """Stop watching a connection that is gone."""
        self._watched.pop(connection, None)

    def recheck(self, entry: notices.Recheck) -> None:
        """Check the sockets of some users soon."""
        for user in entry.users:
            self._doubted[user] = entry.password or self._doubted.get(user, False)
        if self._rechecking is None or self._rechecking.done():
            self._rechecking = self._tasks.start(_logged(self._recheck()))

    async def check_all(self) -> None:
        """Compare all sockets with the database. Raises Unavailable if that does not answer."""
        # The users in doubt are left to their own check, which knows the reason.
        doubted = self._doubted.keys() | self._checked.keys()
        looked = [(c, w) for c, w in self._watched.items() if _user(w) not in doubted]
        known = [(w.credential, w.mark if w.state == _state(c) else "") for c, w in looked]
        if not known:
            return
        # Of most sockets nothing has changed since the last check, which one query tells.
        changed = await self._threads.run(unchanged.changed, known)
        await self._check(
            dict(looked[number] for number in changed),
            {looked[number][0]: mark for number, mark in changed.items()},
        )

    def check_soon(self) -> None:
        """Compare all sockets with the database soon, as notices may have been lost."""
        self._all_doubted = True
        if self._rechecking_all is None or self._rechecking_all.done():
            self._rechecking_all = self._tasks.start(_logged(self._recheck_all()))

    async def check_expired(self) -> None:
        """Check the sockets whose token or session has expired, as it may have been prolonged."""
        now = timezone.now()
        await self._check(
            {c: w for c, w in self._watched.items() if w.expires is not None and w.expires <= now}
        )

    async def stop(self) -> None:
        """Stop all checks."""
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

    async def _check(
        self,
        watched: Mapping[LiveConnection, _Watched],
        new: Mapping[LiveConnection, str] = MappingProxyType({}),
    ) -> None:
        """Compare sockets with the database. `new` has their marks, read before."""
        seen = [_look(c, w.credential) for c, w in watched.items() if not c.closed]
        if not seen:
            return
        most = limits["ROOMS_PER_SOCKET"]
        self._checks += 1
        number = self._checks
        for one in seen:
            known = watched[one.connection]
            known.begun, known.mark = number, ""
        facts = await self._threads.run(
            entitlements.read,
            {one.credential for one in seen},
            {one.credential.user for one in seen if one.rooms is not None or one.dashboards},
        )
        left: set[UUID] = set()
        unsettled: set[LiveConnection] = set()
        missing: list[tuple[LiveConnection, RoomOf]] = []
        valid: list[_Snapshot] = []
        for one in seen:
            connection, user = one.connection, one.credential.user
            if connection.closed or connection not in self._watched:
                continue
            if user in self._doubted and user not in self._checked:
                # A notice came meanwhile, so these facts are out of date. They are read again.
                continue
            if one.credential not in facts.checked.valid:
                self._end(one, facts)
                continue
            self._watched[connection].expires = facts.checked.valid[one.credential]
            if not one.dashboards <= facts.led[user]:
                connection.close(4403)
                continue
            valid.append(one)
            if not self._tell_slugs(one, facts.slugs[user]):
                unsettled.add(connection)
            for group in one.courses - facts.courses[user]:
                self._hub.end_course(connection, group)
            if one.rooms is None or connection.moves != one.moves:
                # A notice that came meanwhile is newer than these facts.
                continue
            mine = facts.rooms[user]
            for audience in one.rooms - mine.keys():
                room = names.room_id(audience)
                self._hub.leave(connection, audience)
                connection.send(events.encode(RoomRemoved(room=str(room))))
                left.add(room)
                unsettled.add(connection)
            free = max(most - len(one.rooms & mine.keys()), 0)
            due = [room for room in islice(mine.values(), most) if room.audience not in one.rooms]
            missing += [(connection, room) for room in due[:free]]
        if left or missing or facts.strangers:
            self._tasks.start(_logged(self._mend(left, missing, facts.strangers)))
        await self._renew(valid, facts, number)
        if facts.strangers:
            return
        unsettled.update(connection for connection, _ in missing)
        for one in valid:
            connection, known = one.connection, watched[one.connection]
            is_settled = connection not in unsettled and _state(connection) == one.state
            if is_settled and not connection.held and known.begun == number:
                known.mark, known.state = new.get(connection, ""), one.state

    @staticmethod
    def _tell_slugs(one: _Snapshot, slugs: Mapping[int, str]) -> bool:
        """Tell a client of courses that it knows by another slug.

        Returns False if it was told something newer than these facts meanwhile.
        """
        connection = one.connection
        if connection.slugs != one.slugs:
            return False
        if one.rooms is not None and slugs != one.slugs:
            # The user may have come to a course since, or left one.
            connection.slugs = dict(slugs)
        for course, former in one.slugs.items():
            slug = slugs.get(course, former)
            if slug != former:
                connection.slugs[course] = slug
                connection.send(events.encode(CourseRenamed(course=slug, former=former)))
        return True

    async def _renew(self, valid: Iterable[_Snapshot], facts: Facts, number: int) -> None:
        """Give the sockets the users as they are now, with their names."""
        users = {one.credential.user: facts.checked.users[one.credential.user] for one in valid}
        named = await self._threads.run(_named, users)
        for one in valid:
            watched = self._watched.get(one.connection)
            user = named.get(one.credential.user)
            if watched is None or user is None or watched.renewed > number:
                continue
            watched.renewed = number
            watched.renew(user)

    def _end(self, one: _Snapshot, facts: Facts) -> None:
        """Close a socket whose token or session is not valid any more."""
        # The session that changed the password got a new key and may reconnect with it.
        renewed = self._checked.get(one.credential.user) and one.credential in facts.checked.gone
        logger.info("the credential of a socket has ended")
        one.connection.close(4503 if renewed else 4401)

    async def _mend(
        self,
        left: set[UUID],
        missing: list[tuple[LiveConnection, RoomOf]],
        strangers: Mapping[int, Collection[people.Key]],
    ) -> None:
        """Carry out the slow corrections, after the sockets that must close are closed."""
        for course, users in strangers.items():
            await self._threads.run(enrollment.expel_strangers, course=course, users=users)
        joined = await self._join_late(missing)
        if left or joined:
            # The members of such a room missed changes of its membership.
            await self._threads.run(partners.tell_again, left | joined)

    async def _join_late(self, missing: list[tuple[LiveConnection, RoomOf]]) -> set[UUID]:
        """Add connections to rooms that they miss, and return the ids of these rooms."""
        joined: set[UUID] = set()
        if missing:
            await asyncio.sleep(CONFIRM_AFTER)
        missing = [(c, room) for c, room in missing if self._lacks(c, room)]
        if not missing:
            return joined
        moves = {connection: connection.moves for connection, _ in missing}
        # From here on this process receives new messages. The earlier ones are read.
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


def _named(users: Mapping[people.Key, people.User]) -> dict[people.Key, people.User]:
    """Return the users whose shown name is known now. A function of the site may give it."""
    named = {}
    for key, user in users.items():
        try:
            people.shown_name(user)
        except Exception:
            logger.exception("could not read the name of a user")
        else:
            named[key] = user
    return named


def _user(watched: _Watched) -> people.Key:
    return watched.credential.user


async def _logged(job: Coroutine[Any, Any, None]) -> None:
    try:
        await job
    except PeerError:
        # The database is away, which has been logged. The next check of all sockets follows up.
        pass
    except Exception:
        logger.exception("could not check the sockets")


def _state(connection: LiveConnection) -> tuple[int, ...]:
    """Return what changes whenever the rooms, courses and topics of a connection do."""
    return (
        connection.moves,
        connection.ended,
        len(connection.audiences),
        len(connection.courses),
        len(connection.topics),
        connection.held,
    )


def _look(connection: LiveConnection, credential: Credential) -> _Snapshot:
    audiences = connection.audiences
    for_rooms = not connection.held and names.user(credential.user) in audiences
    return _Snapshot(
        connection=connection,
        credential=credential,
        state=_state(connection),
        moves=connection.moves,
        rooms=frozenset(filter(names.is_room, audiences)) if for_rooms else None,
        dashboards=frozenset(filter(names.is_led, audiences)),
        courses=frozenset(connection.topics.values()) | frozenset(connection.courses.values()),
        slugs=dict(connection.slugs),
    )
