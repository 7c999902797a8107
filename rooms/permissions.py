"""Loaders that find a thing only for users who may have it."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.people import User
from rooms.conf import EVERYBODY, STAFF, group_of_lecturers, limits
from rooms.models import Course, Enrollment, FormerSlug, Guest, Membership, Room, TryOut
from rooms.wire.errors import CourseArchived, InvalidRoom, PermissionDenied


def may_make_courses(user: User) -> bool:
    """Return whether the user may make courses: superusers, and those whom `LECTURERS` names.

    Guests may not, as anybody can become one.
    """
    if not user.is_active or Guest.objects.filter(user=user).exists():
        return False
    if getattr(user, "is_superuser", False):
        return True
    if limits["LECTURERS"] == EVERYBODY:
        return True
    if limits["LECTURERS"] == STAFF:
        return bool(getattr(user, "is_staff", False))
    # A site's own model of users may do without groups.
    groups = getattr(user, "groups", None)
    return groups is not None and groups.filter(name=group_of_lecturers()).exists()


def enrolled(user: User, slug: str) -> Enrollment:
    """Return the user's enrolment in the course with this slug, or which had it before.

    Raises PermissionDenied, whether the course belongs to others or does not exist.
    """
    mine = Enrollment.objects.select_related("course").filter(user=user)
    found = mine.filter(course__slug=slug).first()
    if found is None:
        found = mine.filter(course__in=formerly_called([slug]).values("course")).first()
    if found is None:
        raise PermissionDenied("You are not enrolled in this course.")
    return found


def formerly_called(slugs: Collection[str]) -> QuerySet[FormerSlug]:
    """Return the former ones of these slugs, with their courses, that no course has now."""
    taken = Course.objects.filter(slug=OuterRef("slug"))
    return FormerSlug.objects.filter(~Exists(taken), slug__in=slugs)


def leading(user: User, slug: str) -> Enrollment:
    """Return the user's enrolment as instructor or assistant. Raises PermissionDenied."""
    found = enrolled(user, slug)
    if not found.leads:
        raise PermissionDenied("Only the course's instructors can do this.")
    return found


def instructing(user: User, slug: str) -> Enrollment:
    """Return the user's enrolment as instructor. Raises PermissionDenied, also for assistants."""
    found = leading(user, slug)
    if found.role != Enrollment.Role.INSTRUCTOR:
        raise PermissionDenied("Only an instructor of the course can do this.")
    return found


def in_use(course: Course) -> None:
    """Check that a course can be changed. Raises CourseArchived."""
    if course.archived_at is not None:
        raise CourseArchived


def lasting(course: Course) -> None:
    """Check that a course is no try-out, which is removed soon. Raises PermissionDenied."""
    if TryOut.objects.filter(course=course).exists():
        raise PermissionDenied("This is a try-out with simulated students, which ends by itself.")


def parse_room(room: str) -> UUID:
    """Parse the id of a room. Raises InvalidRoom."""
    try:
        return UUID(room)
    except ValueError:
        raise InvalidRoom from None


def member(user: User, room: str) -> Membership:
    """Return the user's membership of a room that is not archived, with the room and its course.

    Raises InvalidRoom, whether the room belongs to others or does not exist.
    """
    found = (
        Membership.objects.select_related("room__course")
        .filter(user=user, room=parse_room(room), room__archived_at=None)
        .first()
    )
    if found is None:
        raise InvalidRoom
    return found


class VisibleRoom(NamedTuple):
    """A room that a user may see, and whether they lead its course."""

    room: Room
    leads: bool


def visible(user: User, room: str) -> VisibleRoom:
    """Return a room that is not archived and that the user may see.

    Its members see it, and so do users who may join it or lead the course. A direct room is visible
    to its two members alone. Raises InvalidRoom for everybody else.
    """
    found = (
        Room.objects.select_related("course")
        .filter(id=parse_room(room), archived_at=None)
        .annotate(
            role=Subquery(
                Enrollment.objects.filter(course=OuterRef("course"), user=user).values("role")
            ),
            is_member=Exists(Membership.objects.filter(room=OuterRef("pk"), user=user)),
        )
        .first()
    )
    if found is None:
        raise InvalidRoom
    leads = found.role in Enrollment.LEADING
    may_see = (
        found.is_member
        or (found.kind == Room.Kind.OPEN and found.role is not None)
        or (found.kind != Room.Kind.DIRECT and leads)
    )
    if not may_see:
        raise InvalidRoom
    return VisibleRoom(found, leads)


def joinable(user: User, room: str) -> Room:
    """Return a room that the user is in, or an open room of their courses. Raises InvalidRoom."""
    found = (
        Room.objects.select_related("course")
        .filter(
            Q(memberships__user=user) | Q(kind=Room.Kind.OPEN, course__enrollments__user=user),
            id=parse_room(room),
            archived_at=None,
        )
        .distinct()
        .first()
    )
    if found is None:
        raise InvalidRoom
    return found
