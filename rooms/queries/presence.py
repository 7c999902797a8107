"""Presence of users: their open connections and who is online."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import people
from rooms.conf import limits
from rooms.models import Connection, Course, Enrollment, Membership
from rooms.queries import pseudonyms


def open_connections() -> QuerySet[Connection]:
    """Return the open connections of workers that are alive, including silent ones."""
    alive = timezone.now() - timedelta(seconds=limits["PRESENCE_EXPIRY"])
    return Connection.objects.filter(closed_at=None, worker__seen_at__gte=alive)


def online_connections() -> QuerySet[Connection]:
    """Return the open connections that are not silent. A user with one of these is online."""
    return open_connections().filter(silent_since=None)


def online_students(course: Course | int) -> set[people.Key]:
    """Return the students of a course who are online."""
    return set(online_connections().filter(_of_students(course)).values_list("user_id", flat=True))


def students_here_since(course: Course | int, moment: datetime) -> set[people.Key]:
    """Return the students of a course with a socket that closed after the moment.

    Some of them may be online by another socket.
    """
    closed = Connection.objects.filter(_of_students(course), closed_at__gte=moment)
    return set(closed.values_list("user_id", flat=True))


def _of_students(course: Course | int) -> Q:
    return Q(
        user__peerchat_enrollments__course=course,
        user__peerchat_enrollments__role=Enrollment.Role.STUDENT,
    )


Names = dict[UUID, dict[people.Key, str]]
"""The usernames by which users come and go, by room, in rooms where these are not their own."""


def presence(
    rooms: Sequence[UUID], users: Sequence[people.Key]
) -> tuple[dict[UUID, tuple[int, int, int]], set[tuple[UUID, people.Key]], Names]:
    """Return ({room: (course, members, online)}, {(room, user), ...} of those who are here, names).

    The names are those of `pseudonyms.present`, in rooms that are small enough for names.
    """
    members = Membership.objects.filter(room__in=rooms, room__archived_at=None).annotate(
        here=Exists(online_connections().filter(user=OuterRef("user")))
    )
    counts = members.values_list("room_id", "room__course_id").annotate(
        members=Count("id"), online=Count("id", filter=Q(here=True))
    )
    here = members.filter(here=True, user__in=users).values_list("room_id", "user_id")
    found = {room: (course, all_, online) for room, course, all_, online in counts}
    most = limits["PRESENCE_NAMES"]
    named = {room: course for room, (course, all_, _) in found.items() if all_ <= max(most, 2)}
    return found, set(here), pseudonyms.present(named, users) if named else {}
