"""Rooms, their members, and the data that a new socket needs."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from msgspec import UNSET

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.conf import limits
from rooms.delivery import names
from rooms.models import Course, Enrollment, Membership, Message, Room
from rooms.permissions import enrolled, joinable, leading, parse_room
from rooms.queries import pseudonyms
from rooms.queries.presence import online_connections
from rooms.wire import replies
from rooms.wire.errors import InvalidRoom
from rooms.wire.events import MyCourse, RoomInfo

USERS_LIMIT = 5_000
"""The most people in an answer to `list_users`, and rooms in one to `list_rooms`."""

Entry = tuple[list[MyCourse], list[int], list[tuple[UUID, int, int]]]
"""(courses, their ids, (room, course, newest number) of each room)."""

# One query is enough, as everyone enrolled in a course is a member of its room. It is written in
# SQL, because the ORM takes longer to build it than the database takes to answer for a few users.
_ENTRIES = """
SELECT place, id, course_id, last_seq, kind, slug, title, role, archived, session
FROM (
    SELECT u.place, r.id, r.course_id, r.last_seq, r.kind, c.slug, c.title, e.role,
        c.archived_at IS NOT NULL AS archived, s.id AS session,
        row_number() OVER (
            PARTITION BY u.place
            ORDER BY
                CASE r.kind WHEN 'course' THEN 0 ELSE 1 END,
                CASE r.kind WHEN 'course' THEN c.title END,
                m.joined_at DESC
        ) AS number
    FROM {users}
    JOIN peerchat_rooms_membership m ON m.user_id = u.id
    JOIN peerchat_rooms_room r ON r.id = m.room_id
    JOIN peerchat_rooms_course c ON c.id = r.course_id
    LEFT JOIN peerchat_rooms_enrollment e ON e.course_id = r.course_id AND e.user_id = m.user_id
    LEFT JOIN peerchat_rooms_classsession s
        ON s.course_id = r.course_id AND s.ended_at IS NULL AND s.has_pseudonyms
            AND r.kind = 'course'
    WHERE r.archived_at IS NULL
) found
WHERE number <= %(most)s
ORDER BY place, number
"""
_ARRAY = "(SELECT id, n - 1 AS place FROM unnest(%(users)s::{type}[]) WITH ORDINALITY a(id, n)) u"
_JSON = "(SELECT value AS id, key AS place FROM json_each(%(users)s)) u"


def entries(users: Sequence[User], most: int) -> list[Entry]:
    """Return what a chat socket of each user needs at its start: their courses and rooms.

    The rooms of courses come first, then the most recently joined ones, at most `most` together.
    """
    table, keys = _numbered(users)
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES.format(users=table), {"users": keys, "most": most})
        found = cursor.fetchall()
    asked: dict[tuple[int, int], list[people.Key]] = defaultdict(list)
    for place, _, course, _, _, _, _, role, _, session in found:
        if session is not None and role is not None and role not in Enrollment.LEADING:
            asked[course, session].append(users[place].pk)
    # The pseudonyms of the users in each class that has some.
    given = {
        course: pseudonyms.each_mine(those, Course(pk=course), session)
        for (course, session), those in asked.items()
    }
    answers: list[Entry] = [([], [], []) for _ in users]
    for place, room_id, course, head, kind, slug, title, role, archived, _ in found:
        mine, courses, heads = answers[place]
        room = room_id if isinstance(room_id, UUID) else UUID(room_id)  # SQLite keeps text
        heads.append((room, course, head))
        if kind == Room.Kind.COURSE and role is not None:
            me = given[course].get(users[place].pk, UNSET) if course in given else UNSET
            mine.append(MyCourse(slug, title, role, str(room), True if archived else UNSET, me))
            courses.append(course)
    return answers


def _numbered(users: Sequence[User]) -> tuple[str, Any]:
    """Return SQL of a table with the key and the place of each user, and its parameter."""
    keys = [people.for_statement(user.pk, connection) for user in users]
    if connection.vendor == "postgresql":
        return _ARRAY.format(type=people.key_column_type(connection)), keys
    return _JSON, json.dumps(keys)


@dataclass(frozen=True, slots=True)
class DashboardEntry:
    """The data that an instructor's socket needs at its start."""

    course_id: int
    course: MyCourse
    room: UUID
    head: int


def dashboard_entry(user: User, slug: str) -> DashboardEntry:
    """Return the data for a dashboard. Raises PermissionDenied if the user does not lead."""
    enrollment = leading(user, slug)
    course = enrollment.course
    room = Room.objects.select_related("course").get(course=course, kind=Room.Kind.COURSE)
    mine = frames.my_course(room, enrollment.role)
    return DashboardEntry(course.pk, mine, room.id, room.last_seq)


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room as a user sees it; `last_read_seq` is None if they are not in it.

    `created_by` is None where others made it and students have pseudonyms.
    """

    room: Room
    title: str
    members: int
    last_read_seq: int | None
    created_by: User | None = None


def list_rooms(user: User) -> list[RoomInfo]:
    """Return the rooms that the user is in and the open rooms of their courses."""
    return [
        RoomInfo(
            room=str(seen.room.id),
            kind=seen.room.kind,
            title=seen.title,
            course=seen.room.course.slug,
            members=seen.members,
            last_seq=seen.room.last_seq,
            last_read_seq=seen.last_read_seq or 0,
        )
        for seen in rooms_seen(user)
    ]


def room_seen(user: User, room: str) -> RoomSeen:
    """Return one of the rooms that `list_rooms` returns. Raises InvalidRoom."""
    found = rooms_seen(user, only=parse_room(room))
    if not found:
        raise InvalidRoom
    return found[0]


def rooms_seen(user: User, *, only: UUID | None = None) -> list[RoomSeen]:
    """Return the rooms that the user is in and the open rooms of their courses, or only one."""
    mine = Membership.objects.filter(user=user, room__archived_at=None)
    if only is not None:
        mine = mine.filter(room=only)
    read = dict(mine.values_list("room_id", "last_read_seq"))
    rooms = (
        Room.objects.filter(
            Q(id__in=list(read)) | Q(kind=Room.Kind.OPEN, course__enrollments__user=user),
            archived_at=None,
            **({} if only is None else {"id": only}),
        )
        .select_related("course", "created_by")
        .distinct()
        .order_by("created_at")[:USERS_LIMIT]
    )
    counts = dict(
        Membership.objects.filter(room__in=[room.id for room in rooms])
        .values_list("room_id")
        .annotate(n=Count("id"))
    )
    others = _other_sides(user, [room.id for room in rooms if room.kind == Room.Kind.DIRECT])
    hidden = pseudonyms.veiled({room.course_id for room in rooms})
    return [
        RoomSeen(
            room,
            others.get(room.id, room.title),
            counts.get(room.id, 0),
            read.get(room.id),
            room.created_by if room.course_id not in hidden or room.created_by == user else None,
        )
        for room in rooms
    ]


NEWEST = 50
"""Messages of the course's room that `unread` looks at: those that a page loads."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Unread messages, counted as the pages count them."""

    course: Course
    here: int
    """Texts of others among the newest messages of the course's room."""
    elsewhere: int
    """Messages in the open rooms of the course that the user is in, and in all direct ones."""


def unread(user: User, slug: str) -> Unread:
    """Count the unread messages of a user. Raises PermissionDenied for a stranger."""
    course = enrolled(user, slug).course
    own = Membership.objects.select_related("room").get(
        user=user, room__course=course, room__kind=Room.Kind.COURSE
    )
    here = (
        Message.objects.filter(
            room=own.room, seq__gt=max(own.last_read_seq, own.room.last_seq - NEWEST)
        )
        .exclude(kind=Message.Kind.CONTROL)
        .exclude(sender=user)
        .count()
    )
    others = Membership.objects.filter(
        Q(room__kind=Room.Kind.OPEN, room__course=course) | Q(room__kind=Room.Kind.DIRECT),
        user=user,
        room__archived_at=None,
        room__last_seq__gt=F("last_read_seq"),
    ).aggregate(n=Sum(F("room__last_seq") - F("last_read_seq")))
    return Unread(course, here, others["n"] or 0)


def _other_sides(user: User, rooms: list[UUID]) -> dict[UUID, str]:
    memberships = (
        Membership.objects.filter(room__in=rooms).exclude(user=user).select_related("user")
    )
    return {m.room_id: frames.direct_title(m.user) for m in memberships}


def list_users(user: User, room: str) -> list[replies.User]:
    """Return the members of a room that the user is in or may join, with their presence."""
    found = joinable(user, room)
    members = (
        people.everybody()
        .filter(peerchat_memberships__room=found)
        .annotate(online=Exists(online_connections().filter(user=OuterRef("pk"))))
        .order_by(people.by_name())[:USERS_LIMIT]
    )
    return [
        replies.User(
            username=seen.username,
            display_name=seen.display_name,
            online=m.online,
            pseudonym=seen.pseudonym,
        )
        for m, seen in pseudonyms.members(found, members, user)
    ]


def audiences(user: people.Key) -> dict[str, list[str]]:
    """Return the audiences of the rooms that a user is in, by channel-layer group."""
    found: dict[str, list[str]] = defaultdict(list)
    rooms = (
        Membership.objects.filter(user=user, room__archived_at=None)
        .order_by("-joined_at")
        .values_list("room_id", "room__course_id")[: limits["ROOMS_PER_SOCKET"]]
    )
    for room, course in rooms:
        found[names.course(course)].append(names.room(room))
    return found
