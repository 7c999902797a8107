"""The courses of rehearsals: the names by which they are known, and their removal."""

import re
from collections.abc import Sequence

from django.db import transaction

from accounts import people
from accounts.people import User
from rooms.actions import tryouts
from rooms.models import ClassSession, Course, Enrollment, Guest, Room, UseLog
from rooms.peer.phases import Phase
from rooms.queries import tryouts as queries
from rooms.wire.errors import InvalidMessageFormat

TITLE = "Rehearsal"
INSTRUCTOR = "instructor"


def usernames(slug: str, students: int) -> list[str]:
    """Return the names of the people of a rehearsal, that of the instructor first."""
    return [_username(slug, INSTRUCTOR), *(_username(slug, n + 1) for n in range(students))]


def is_rehearsal(course: Course) -> bool:
    """Return whether a rehearsal made the course, and nobody gave it another title since.

    A try-out is a rehearsal, too, whatever its title is.
    """
    if queries.in_course(course) is not None:
        return True
    leading = Enrollment.objects.filter(course=course, role=Enrollment.Role.INSTRUCTOR)
    name = {f"user__{people.by_name()}": _username(course.slug, INSTRUCTOR)}
    return course.title == TITLE and leading.filter(**name).exists()


def made_up(course: Course) -> list[User]:
    """Return the people whom a rehearsal made for this course, and who are in no other.

    Guests who joined it are among them.
    """
    tried = queries.in_course(course)
    if tried is not None:
        return list(people.everybody().filter(peerchat_tried_out__try_out=tried))
    pattern = re.compile(
        re.escape(f"{course.slug}-")
        + f"({INSTRUCTOR}|[1-9][0-9]*)"
        + re.escape(people.sample_name(""))
    )
    elsewhere = Enrollment.objects.exclude(course=course).values("user")
    found = people.everybody().filter(peerchat_enrollments__course=course)
    guests = set(
        Guest.objects.filter(user__peerchat_enrollments__course=course).values_list(
            "user_id", flat=True
        )
    )
    return [
        user
        for user in found.exclude(pk__in=elsewhere)
        if user.pk in guests or pattern.fullmatch(people.username(user))
    ]


def left_behind(slug: str) -> Sequence[Course]:
    """Return the courses that remain of the rehearsal in `slug`, which may have had several."""
    pattern = re.compile(re.escape(slug) + r"(-log-in|-[0-9]+)?")
    courses = Course.objects.filter(slug__startswith=slug)
    return [one for one in courses if pattern.fullmatch(one.slug) and is_rehearsal(one)]


@transaction.atomic
def remove_rehearsal(*, course: Course) -> int:
    """Remove the course of a rehearsal with everything in it and the people made for it.

    Returns the number of these people. Raises InvalidMessageFormat for any other course.
    """
    if not is_rehearsal(course):
        raise InvalidMessageFormat(f"The course {course.slug} is not one of a rehearsal.")
    users = made_up(course)
    tried = queries.in_course(course)
    if tried is not None:
        tryouts.remove(try_out=tried.pk)
        return len(users)
    sessions = ClassSession.objects.filter(course=course)
    # A class that stopped in the middle of a question has a round, which goes before it.
    sessions.update(phase=Phase.IDLE.value, current_round=None, deadline=None)
    # In this order: votes and messages protect those whom they are of.
    sessions.delete()
    Room.objects.filter(course=course).delete()
    UseLog.objects.filter(in_course=course).delete()
    UseLog.objects.filter(user__in=[user.pk for user in users]).delete()
    course.delete()
    people.everybody().filter(pk__in=[user.pk for user in users]).delete()
    return len(users)


def _username(slug: str, who: str | int) -> str:
    return people.sample_name(f"{slug}-{who}")
