"""Enrolling users in a course and taking them out."""

from collections.abc import Collection, Sequence

from django.db import transaction

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import pseudonyms, seating, signals, tell
from rooms.actions.pairing_rules import leave_rules
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Membership,
    Room,
    TryOutStudent,
    course_room,
)
from rooms.wire.errors import PermissionDenied


@transaction.atomic
def enroll(*, course: Course, users: Sequence[User], role: str = Enrollment.Role.STUDENT) -> int:
    """Enrol the users and make them members of the course's room. Their sockets get it at once.

    Users who are enrolled already get the role. Returns the number of new enrolments. Raises
    CourseArchived, and PermissionDenied for students of a try-out of another course.
    """
    permissions.in_use(_lock_course(course))
    # They are removed with their try-out, and what they left elsewhere would stand against it.
    if TryOutStudent.objects.filter(user__in=users).exclude(try_out__course=course).exists():
        raise PermissionDenied("Students of a try-out come into no other course.")
    room = course_room(course)
    known = set(
        Enrollment.objects.filter(course=course, user__in=users).values_list("user_id", flat=True)
    )
    changed = Enrollment.objects.filter(course=course, user__in=known).exclude(role=role)
    if role == Enrollment.Role.STUDENT:
        tell.close_dashboards(course, list(changed.values_list("user_id", flat=True)))
    promoted = list(changed.values_list("user_id", flat=True))
    changed.update(role=role)
    if role != Enrollment.Role.STUDENT:
        leave_rules(course=course, users=promoted)
    tell.role_changed(course, promoted, role)
    new = [user for user in users if user.pk not in known]
    Enrollment.objects.bulk_create(Enrollment(course=course, user=user, role=role) for user in new)
    Membership.objects.bulk_create(
        (Membership(room=room, user=user) for user in new), ignore_conflicts=True
    )
    if new:
        members = Membership.objects.filter(room=room).count()
        # Processes without other users of the course do not listen to its group.
        tell.joined(course, room, [user.pk for user in new], members=members, everywhere=True)
    pseudonyms.welcome(course)
    if role == Enrollment.Role.STUDENT:
        joined = [{"course": course.slug, "user": user} for user in new]
        signals.send_each(signals.student_joined, joined)
    return len(new)


@transaction.atomic
def unenroll(*, course: Course, users: Sequence[User]) -> None:
    """Take the users out of the course and all its rooms. Their sockets lose these at once."""
    _lock_course(course)
    ids = [user.pk for user in users]
    tell.close_dashboards(course, ids)
    _leave_rooms(course, ids)
    leave_rules(course=course, users=ids)
    for enrollment in Enrollment.objects.filter(course=course, user__in=ids):
        enrollment.delete()


@transaction.atomic
def expel_strangers(*, course: int, users: Collection[people.Key]) -> None:
    """Take users out of the rooms of a course if they are not enrolled in it.

    There are no such users unless the database was changed by hand.
    """
    found = Course.objects.filter(pk=course).first()
    if found is None:
        return
    _lock_course(found)
    enrolled = Enrollment.objects.filter(course=found, user__in=users)
    _leave_rooms(found, sorted(set(users) - set(enrolled.values_list("user_id", flat=True))))


def _lock_course(course: Course) -> Course:
    """Block other enrolments, transitions and seating in the course until the transaction ends.

    Returns the course as it is now.
    """
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    sessions = ClassSession.objects.filter(course=course, ended_at=None)
    list(sessions.select_for_update(no_key=True).values_list("pk"))
    return locked


def _leave_rooms(course: Course, users: Sequence[people.Key]) -> None:
    members = Membership.objects.filter(room__course=course, user__in=users)
    # A post changes memberships under the lock of its room.
    rooms = list(
        Room.objects.filter(pk__in=members.values("room"))
        .select_for_update(no_key=True)
        .order_by("id")
    )
    members.delete()
    seating.leave_partner_groups(course, users)
    for room in rooms:
        tell.left(room, users)
    tell.unenrolled(course, users)
