"""Who is in a course."""

from collections.abc import Collection, Sequence

from django.db import transaction

from accounts.models import User
from rooms import frames
from rooms.actions import partners
from rooms.delivery import names, publish
from rooms.delivery.notices import Close, Join, Leave, Unenrolled
from rooms.models import ClassSession, Course, Enrollment, Membership, Room


@transaction.atomic
def enroll(*, course: Course, users: Sequence[User], role: str = Enrollment.Role.STUDENT) -> int:
    """Enrol the users, who become members of the course's room; their sockets get it at once.

    Who is enrolled already gets the role. Returns how many are new.
    """
    _lock_course(course)
    room = Room.objects.get(course=course, kind=Room.Kind.COURSE)
    known = set(
        Enrollment.objects.filter(course=course, user__in=users).values_list("user_id", flat=True)
    )
    changed = Enrollment.objects.filter(course=course, user__in=known).exclude(role=role)
    if role == Enrollment.Role.STUDENT:
        _close_dashboards(course, list(changed.values_list("user_id", flat=True)))
    changed.update(role=role)
    new = [user for user in users if user.pk not in known]
    Enrollment.objects.bulk_create(Enrollment(course=course, user=user, role=role) for user in new)
    Membership.objects.bulk_create(
        (Membership(room=room, user=user) for user in new), ignore_conflicts=True
    )
    if new:
        frame = frames.room_added(
            room,
            title=room.title,
            course=course.slug,
            members=Membership.objects.filter(room=room).count(),
        )
        users_ = [user.pk for user in new]
        publish.send(
            # Their processes may have nobody else of the course, and not listen to its group.
            names.EVERYONE,
            Join(users_, names.room(room.id), names.course(course.pk), room.last_seq, frame),
        )
    return len(new)


@transaction.atomic
def unenroll(*, course: Course, users: Sequence[User]) -> None:
    """Take the users out of the course and of all its rooms; their sockets lose them at once."""
    _lock_course(course)
    ids = [user.pk for user in users]
    _close_dashboards(course, ids)
    _leave_rooms(course, ids)
    for enrollment in Enrollment.objects.filter(course=course, user__in=ids):
        enrollment.delete()


@transaction.atomic
def expel_strangers(*, course: int, users: Collection[int]) -> None:
    """Take those of the users out of the rooms of a course who are not enrolled in it.

    There are none, unless somebody changed the database by hand.
    """
    found = Course.objects.filter(pk=course).first()
    if found is None:
        return
    _lock_course(found)
    enrolled = Enrollment.objects.filter(course=found, user__in=users)
    _leave_rooms(found, sorted(set(users) - set(enrolled.values_list("user_id", flat=True))))


def _lock_course(course: Course) -> None:
    """Let nobody else enrol, and no class move or seat anybody, until the transaction ends."""
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    sessions = ClassSession.objects.filter(course=course, ended_at=None)
    list(sessions.select_for_update(no_key=True).values_list("pk"))


def _leave_rooms(course: Course, users: Sequence[int]) -> None:
    members = Membership.objects.filter(room__course=course, user__in=users)
    # A post changes memberships under the lock of its room.
    rooms = list(
        Room.objects.filter(pk__in=members.values("room"))
        .select_for_update(no_key=True)
        .order_by("id")
    )
    members.delete()
    partners.leave_groups(course, users)
    for room in rooms:
        publish.send(
            names.course(course.pk),
            Leave(list(users), names.room(room.id), frames.room_removed(room)),
        )
    publish.send(names.course(course.pk), Unenrolled(list(users)))


def _close_dashboards(course: Course, users: Sequence[int]) -> None:
    """Close the instructors' sockets of those who do not lead the course any more."""
    for user_id in users:
        publish.send(names.course(course.pk), Close(4403, names.dashboards(course.pk), user_id))
