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
from collections import defaultdict
from collections.abc import Collection, Coroutine, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Count, F
from django.utils import timezone

from accounts import credentials
from accounts.credentials import Credential
from rooms import envelope, frames, groups, protocol
from rooms.actions import enrollment, partners
from rooms.conf import limits
from rooms.connection import Connection
from rooms.errors import PeerError
from rooms.hub import Hub, LateRoom
from rooms.models import Enrollment, Membership, Message, Room
from rooms.threads import Threads

logger = logging.getLogger(__name__)

EXPIRED_EVERY = 1.0
"""Seconds between two looks for tokens and sessions whose time is over."""
RECHECK_AFTER = 0.5
"""Seconds from a notice to the check: who changes their password gets a new session in them."""
CONFIRM_AFTER = 1.0
"""Seconds in which the notice of a room may still arrive by itself."""
MISSED_LIMIT = 100
"""Messages that one who comes late to a room is sent; where more were missed, none are: the client
reads the history."""
TRIES = 3
"""Times that a room is read which gets messages meanwhile, before the next check has its turn."""


@dataclass(slots=True)
class _Watched:
    credential: Credential
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a socket had when the database was asked; `rooms` is None where it is not for rooms, or
    not all set up yet."""

    connection: Connection
    credential: Credential
    moves: int
    rooms: frozenset[str] | None
    dashboards: frozenset[str]
    courses: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Room:
    """A room of a user."""

    user: int
    id: UUID
    audience: str
    group: str


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the database says.

    `rooms` has each user's rooms by audience, those first that a socket gets; `courses` the groups
    of the courses that each user is in, `led` the dashboards they may have; `strangers`, by
    course, those who are in rooms of a course that they are not in.
    """

    checked: credentials.Checked
    rooms: Mapping[int, Mapping[str, _Room]]
    courses: Mapping[int, Set[str]]
    led: Mapping[int, Set[str]]
    strangers: Mapping[int, Collection[int]]


class Revalidation:
    """The sockets of this process and what they stand on. Used from its event loop only."""

    hub: Hub

    def __init__(self, *, threads: Threads) -> None:
        self._threads = threads
        self._watched: dict[Connection, _Watched] = {}
        # The users to be checked soon, and whether for a change of their password; and those who
        # are being checked for such a reason.
        self._doubted: dict[int, bool] = {}
        self._checked: dict[int, bool] = {}
        self._rechecking: asyncio.Task[None] | None = None
        self._all_doubted = False
        self._rechecking_all: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def watch(
        self, connection: Connection, credential: Credential, expires: datetime | None
    ) -> None:
        """See that the connection ends with what it stands on."""
        self._watched[connection] = _Watched(credential, expires)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._watched.pop(connection, None)

    def recheck(self, entry: envelope.Recheck) -> None:
        """Check the sockets of some users soon."""
        for user in entry.users:
            self._doubted[user] = entry.password or self._doubted.get(user, False)
        if self._rechecking is None or self._rechecking.done():
            self._rechecking = self._start(self._recheck())

    async def check_all(self) -> None:
        """Compare all sockets with the database. Raises Unavailable where that does not answer."""
        # Who is to be checked soon is left to that check, which knows why.
        doubted = self._doubted.keys() | self._checked.keys()
        await self._check({c: w for c, w in self._watched.items() if _user(w) not in doubted})

    def check_soon(self) -> None:
        """Compare all sockets with the database soon: notices may have been lost."""
        self._all_doubted = True
        if self._rechecking_all is None or self._rechecking_all.done():
            self._rechecking_all = self._start(self._recheck_all())

    async def check_expired(self) -> None:
        """Check the sockets whose token or session ends by now, unless it was prolonged."""
        now = timezone.now()
        await self._check(
            {c: w for c, w in self._watched.items() if w.expires is not None and w.expires <= now}
        )

    async def stop(self) -> None:
        """Check no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _recheck(self) -> None:
        while self._doubted:
            await asyncio.sleep(RECHECK_AFTER)
            self._checked, self._doubted = self._doubted, {}
            try:
                await self._check(
                    {c: w for c, w in self._watched.items() if _user(w) in self._checked}
                )
            finally:
                self._checked = {}

    async def _recheck_all(self) -> None:
        while self._all_doubted:
            await asyncio.sleep(RECHECK_AFTER)
            self._all_doubted = False
            await self.check_all()

    def _start(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_logged(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- one check -------------------------------------------------------------------------

    async def _check(self, watched: Mapping[Connection, _Watched]) -> None:
        seen = [_look(c, w.credential) for c, w in watched.items() if not c.closed]
        if not seen:
            return
        most = limits["ROOMS_PER_SOCKET"]
        facts = await self._threads.run(
            _read,
            {one.credential for one in seen},
            {one.credential.user for one in seen if one.rooms is not None or one.dashboards},
            most,
        )
        left: set[UUID] = set()
        missing: list[tuple[Connection, _Room]] = []
        for one in seen:
            connection, user = one.connection, one.credential.user
            if connection.closed or connection not in self._watched:
                continue
            if user in self._doubted and user not in self._checked:
                # It was told meanwhile that this is out of date: to be read again.
                continue
            if one.credential not in facts.checked.standing:
                self._end(one, facts)
                continue
            self._watched[connection].expires = facts.checked.standing[one.credential]
            if not one.dashboards <= facts.led[user]:
                connection.close(4403)
                continue
            for group in one.courses - facts.courses[user]:
                self.hub.end_course(connection, group)
            if one.rooms is None or connection.moves != one.moves:
                # What came meanwhile is newer than what was read.
                continue
            mine = facts.rooms[user]
            for audience in one.rooms - mine.keys():
                room = groups.room_id(audience)
                self.hub.leave(connection, audience)
                connection.send(protocol.encode(protocol.RoomRemoved(room=str(room))))
                left.add(room)
            free = max(most - len(one.rooms & mine.keys()), 0)
            due = [room for room in islice(mine.values(), most) if room.audience not in one.rooms]
            missing += [(connection, room) for room in due[:free]]
        if left or missing or facts.strangers:
            self._start(self._mend(left, missing, facts.strangers))

    def _end(self, one: _Seen, facts: _Facts) -> None:
        """Close a socket whose token or session does not stand."""
        # Who changed the password goes on with the key that their session got for it.
        renewed = self._checked.get(one.credential.user) and one.credential in facts.checked.gone
        logger.info("a socket of user %s stands on nothing any more", one.credential.user)
        one.connection.close(4503 if renewed else 4401)

    async def _mend(
        self,
        left: set[UUID],
        missing: list[tuple[Connection, _Room]],
        strangers: Mapping[int, Collection[int]],
    ) -> None:
        """Do what takes longer: nobody waits for it who is to be closed."""
        for course, users in strangers.items():
            await self._threads.run(enrollment.expel_strangers, course=course, users=users)
        joined = await self._join_late(missing)
        if left or joined:
            # Those who are in such a room missed who came and went.
            await self._threads.run(partners.tell_again, left | joined)

    async def _join_late(self, missing: list[tuple[Connection, _Room]]) -> set[UUID]:
        """Join rooms; returns which of them were joined."""
        joined: set[UUID] = set()
        if missing:
            await asyncio.sleep(CONFIRM_AFTER)
        for _ in range(TRIES):
            missing = [(c, room) for c, room in missing if self._lacks(c, room)]
            if not missing:
                break
            moves = {connection: connection.moves for connection, _ in missing}
            # What is said from here on is heard, and what was said until then is read.
            unheard = {(c, room.group) for c, room in missing if room.group not in c.groups}
            await asyncio.gather(*(self.hub.listen(c, group) for c, group in unheard))
            found = await self._threads.run(
                _read_late, {(room.user, room.id) for _, room in missing}
            )
            again = []
            for connection, room in missing:
                late = found.get((room.user, room.id))
                if late is None or not self._lacks(connection, room):
                    continue
                if connection.moves != moves[connection]:
                    continue
                if self.hub.join_late(connection, late):
                    joined.add(room.id)
                else:
                    again.append((connection, room))
            missing = again
        return joined

    def _lacks(self, connection: Connection, room: _Room) -> bool:
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
        logger.exception("sockets could not be checked")


def _look(connection: Connection, credential: Credential) -> _Seen:
    audiences = connection.audiences
    for_rooms = not connection.held and groups.user(credential.user) in audiences
    return _Seen(
        connection=connection,
        credential=credential,
        moves=connection.moves,
        rooms=frozenset(filter(groups.is_room, audiences)) if for_rooms else None,
        dashboards=frozenset(filter(groups.is_dashboards, audiences)),
        courses=frozenset(connection.topics.values()) | frozenset(connection.courses.values()),
    )


# --- reading, in a thread ------------------------------------------------------------------------


def _read(wanted: Collection[Credential], users: Collection[int], most: int) -> _Facts:
    checked = credentials.check(wanted)
    rooms: dict[int, dict[str, _Room]] = defaultdict(dict)
    courses: dict[int, set[str]] = defaultdict(set)
    led: dict[int, set[str]] = defaultdict(set)
    strangers: dict[int, set[int]] = defaultdict(set)
    facts = _Facts(checked, rooms, courses, led, strangers)
    if not users:
        return facts
    # Memberships first: whoever is enrolled after this has none among them.
    memberships = list(
        Membership.objects.filter(user__in=users, room__archived_at=None)
        .order_by()
        .values_list("user_id", "room_id", "room__course_id", "room__kind", "joined_at")
    )
    enrollments = Enrollment.objects.filter(user__in=users).order_by()
    for user, course, role in enrollments.values_list("user_id", "course_id", "role"):
        courses[user].add(groups.course(course))
        if role in Enrollment.LEADING:
            led[user].add(groups.dashboards(course))
    # In the order in which a new socket gets them: see queries.entry.
    memberships.sort(key=lambda row: row[4], reverse=True)
    memberships.sort(key=lambda row: row[3] != Room.Kind.COURSE)
    for user, room, course, _, _ in memberships:
        group = groups.course(course)
        if group in courses[user]:
            audience = groups.room(room)
            rooms[user][audience] = _Room(user, room, audience, group)
        else:
            strangers[course].add(user)
    return facts


def _read_late(wanted: Collection[tuple[int, UUID]]) -> dict[tuple[int, UUID], LateRoom]:
    """The rooms of users, as far as they are in them, with the messages since they came."""
    memberships = {
        (membership.user_id, membership.room_id): membership
        for membership in Membership.objects.filter(
            user__in={user for user, _ in wanted},
            room__in={room for _, room in wanted},
            room__archived_at=None,
            room__course__enrollments__user=F("user"),
        ).select_related("room__course")
        if (membership.user_id, membership.room_id) in wanted
    }
    ids = {room for _, room in memberships}
    members = dict(
        Membership.objects.filter(room__in=ids)
        .order_by()
        .values_list("room_id")
        .annotate(n=Count("id"))
    )
    titles = _direct_titles({m.room_id for m in memberships.values() if m.room.kind == "direct"})
    missed = _missed([membership.pk for membership in memberships.values()])
    found = {}
    for (user, room_id), membership in memberships.items():
        room = membership.room
        messages = missed[membership.pk]
        reached = max([room.last_seq, *(message.seq for message in messages)])
        if messages and len(messages) == reached - messages[0].seq + 1 < MISSED_LIMIT:
            room.last_seq = messages[0].seq - 1
        else:
            messages, room.last_seq = [], reached
        others = [title for member, title in titles.get(room_id, ()) if member != user]
        found[user, room_id] = LateRoom(
            audience=groups.room(room_id),
            group=groups.course(room.course_id),
            added=frames.room_added(
                room,
                title=others[0] if others else room.title,
                course=room.course.slug,
                members=members[room_id],
            ),
            missed=[(message.seq, frames.of_message(message)) for message in messages],
            reached=reached,
        )
    return found


def _direct_titles(rooms: Collection[UUID]) -> dict[UUID, list[tuple[int, str]]]:
    """The members of direct rooms, and what the room is called for the other one."""
    titles: dict[UUID, list[tuple[int, str]]] = defaultdict(list)
    for membership in Membership.objects.filter(room__in=rooms).select_related("user"):
        title = frames.direct_title(membership.user)
        titles[membership.room_id].append((membership.user_id, title))
    return titles


def _missed(memberships: Collection[int]) -> dict[int, list[Message]]:
    """The last messages since each membership began, in order."""
    rows = list(
        Membership.objects.filter(
            pk__in=memberships,
            room__messages__created_at__gt=F("joined_at"),
            room__messages__seq__gt=F("room__last_seq") - MISSED_LIMIT,
        )
        .order_by("room__messages__seq")
        .values_list("pk", "room__messages__pk")
    )
    messages = Message.objects.select_related("sender").in_bulk({message for _, message in rows})
    missed: dict[int, list[Message]] = defaultdict(list)
    for membership, message in rows:
        missed[membership].append(messages[message])
    return missed
