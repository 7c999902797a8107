"""The people who lead a course. Its instructors decide who they are."""

from django.db import transaction

from accounts import people
from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import tell
from rooms.actions.course_making import record
from rooms.actions.enrollment import enroll, unenroll
from rooms.models import Course, Enrollment
from rooms.queries import leaders
from rooms.wire.errors import InvalidMessageFormat, LastInstructor, NamedThemselves


@transaction.atomic
def add_leader(*, user: User, course: str, person: str, role: str) -> Enrollment:
    """Let a person lead a course, as `assistant` or `instructor`.

    `person` is a username or an e-mail address. A student of the course gets the role, too. Raises
    PermissionDenied for those who are no instructor, CourseArchived, RateLimited, and
    InvalidMessageFormat for another role, and unless just one active account has the name.
    """
    found = _lock(user, course)
    ratelimit.searches.take(user.pk)
    return _set(user, found, leaders.named(person), role)


@transaction.atomic
def change_role(*, user: User, course: str, username: str, role: str) -> Enrollment:
    """Give somebody who leads a course the other role, `assistant` or `instructor`.

    Raises PermissionDenied for those who are no instructor, CourseArchived, InvalidMessageFormat
    for another role and for somebody who does not lead the course, and LastInstructor.
    """
    found = _lock(user, course)
    return _set(user, found, leaders.leader(found, username).user, role)


@transaction.atomic
def remove_leader(*, user: User, course: str, username: str) -> None:
    """Take somebody who leads a course out of it and its rooms. What they wrote stays.

    Raises as `change_role` does.
    """
    found = _lock(user, course)
    gone = leaders.leader(found, username)
    if gone.role == Enrollment.Role.INSTRUCTOR:
        _needs_another(found, gone.user)
    record(user, found, f"remove:{people.username(gone.user)}", gone.user_id)
    unenroll(course=found, users=[gone.user])
    tell.leaders_changed(found)


@transaction.atomic
def hand_over(*, user: User, course: str, to: str, leave: bool) -> Enrollment:
    """Make somebody else an instructor, and the user an assistant, or let the user leave.

    `to` is a username or an e-mail address. Returns the enrolment of the new instructor. Raises as
    `add_leader` does, and NamedThemselves.
    """
    found = _lock(user, course)
    ratelimit.searches.take(user.pk)
    successor = leaders.named(to)
    if successor.pk == user.pk:
        raise NamedThemselves
    new = _set(user, found, successor, Enrollment.Role.INSTRUCTOR)
    if leave:
        record(user, found, f"remove:{people.username(user)}", user.pk)
        unenroll(course=found, users=[user])
    else:
        _set(user, found, user, Enrollment.Role.ASSISTANT)
    return new


def _lock(user: User, course: str) -> Course:
    """Lock a course in use that the user is an instructor of, so that one always remains."""
    found = permissions.instructing(user, course).course
    locked = Course.objects.select_for_update(no_key=True).get(pk=found.pk)
    # Somebody else may have taken the role away meanwhile.
    permissions.instructing(user, locked.slug)
    permissions.in_use(locked)
    permissions.lasting(locked)
    return locked


def _set(user: User, course: Course, person: User, role: str) -> Enrollment:
    if role not in Enrollment.LEADING:
        raise InvalidMessageFormat("`role` must be `assistant` or `instructor`.")
    if role == Enrollment.Role.ASSISTANT:
        _needs_another(course, person)
    enroll(course=course, users=[person], role=role)
    tell.leaders_changed(course)
    record(user, course, f"role:{people.username(person)}:{role}", person.pk)
    return Enrollment.objects.select_related("user", "course").get(course=course, user=person)


def _needs_another(course: Course, person: User) -> None:
    """Raise LastInstructor if nobody but this person is an instructor of the course."""
    instructors = Enrollment.objects.filter(course=course, role=Enrollment.Role.INSTRUCTOR)
    if not instructors.exclude(user=person).exists():
        raise LastInstructor
