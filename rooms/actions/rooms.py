"""Creating, joining, leaving, archiving and reading rooms."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import people
from accounts.people import User
from accounts.text import plain_name, shows
from rooms import frames, permissions
from rooms.actions import pseudonyms, tell, uselog
from rooms.conf import limits
from rooms.models import Course, Enrollment, Membership, Room, StandIn
from rooms.queries.pseudonyms import shared_by_name
from rooms.queries.reports import write_no_more
from rooms.wire.errors import InvalidRoom, PermissionDenied, TextTooLong
from rooms.wire.text import clean_text

TITLE_LIMIT = 200
"""The most characters in the title of a room."""
TOPIC_LIMIT = 500
"""The most characters in the topic of a room."""


@transaction.atomic
def create_room(*, user: User, course: str, title: str, topic: str = "") -> Room:
    """Create an open room of a course, with the user as its first member.

    Raises PermissionDenied for a user outside the course, a muted student, and a student who has
    created as many rooms as allowed. Also raises EmptyText and TextTooLong.
    """
    enrollment = permissions.enrolled(user, course)
    permissions.in_use(enrollment.course)
    pseudonyms.check_other_rooms(enrollment.course, leads=enrollment.leads)
    title = clean_text(plain_name(title), TITLE_LIMIT)
    topic = _clean_topic(topic)
    _lock_user(user)
    if not enrollment.leads:
        _not_muted(enrollment)
        most = limits["OPEN_ROOMS_PER_STUDENT"]
        own = Room.objects.filter(course=enrollment.course, created_by=user, archived_at=None)
        if own.count() >= most:
            told = f"You already have {most} rooms in this course. Archive one to create another."
            raise PermissionDenied(told, most=most)
    _may_be_in_one_more(user)
    room = Room.objects.create(
        course=enrollment.course,
        kind=Room.Kind.OPEN,
        title=title,
        topic=topic,
        created_by=user,
    )
    Membership.objects.create(room=room, user=user)
    _log(user, "join", room)
    tell.joined(room.course, room, [user.pk], members=1)
    tell.present(room, user, here=True)
    return room


@transaction.atomic
def join_room(*, user: User, room: str) -> Room:
    """Make the user a member of an open room of their course.

    Raises InvalidRoom, and PermissionDenied if the user is in as many rooms as allowed.
    """
    found = permissions.joinable(user, room)
    _lock_user(user)
    if Membership.objects.filter(room=found, user=user).exists():
        return found
    permissions.in_use(found.course)
    leads = permissions.enrolled(user, found.course.slug).leads
    pseudonyms.check_other_rooms(found.course, leads=leads)
    _may_be_in_one_more(user)
    # The lock prevents joining a room that is being archived, whose members are already told.
    found = _lock_room(found)
    Membership.objects.create(room=found, user=user)
    _log(user, "join", found)
    members = Membership.objects.filter(room=found).count()
    tell.joined(found.course, found, [user.pk], members=members)
    tell.present(found, user, here=True)
    return found


@transaction.atomic
def leave_room(*, user: User, room: str) -> Room:
    """Take the user out of an open room.

    Raises InvalidRoom, and PermissionDenied for rooms of other kinds: those of courses and
    partners, and direct rooms.
    """
    membership = permissions.member(user, room)
    found = membership.room
    if found.kind != Room.Kind.OPEN:
        raise PermissionDenied("This room cannot be left.")
    permissions.in_use(found.course)
    membership.delete()
    _log(user, "leave", found)
    tell.left(found, [user.pk])
    tell.present(found, user, here=False)
    return found


@transaction.atomic
def change_topic(*, user: User, room: str, topic: str) -> Room:
    """Set the topic of an open room, which may be empty.

    The room's creator and those who lead the course may do this. Those who lead the course may also
    set the topic of its own room. Raises InvalidRoom, PermissionDenied and TextTooLong.
    """
    found = _run_by(user, room, (Room.Kind.OPEN, Room.Kind.COURSE))
    found.topic = _clean_topic(topic)
    found.save(update_fields=["topic"])
    _log_act(user, f"topic:{found.id}:{found.topic}", found)
    return found


@transaction.atomic
def archive_room(*, user: User, room: str) -> Room:
    """Close an open room for good. All memberships end, and the history stays.

    The room's creator and those who lead the course may do this. Raises InvalidRoom and
    PermissionDenied.
    """
    found = _lock_room(_run_by(user, room, (Room.Kind.OPEN,)))
    found.archived_at = timezone.now()
    found.save(update_fields=["archived_at"])
    members = list(Membership.objects.filter(room=found).values_list("user_id", flat=True))
    _log_act(user, f"archive:{found.id}", found)
    tell.left(found, members)
    return found


def open_direct_room(*, user: User, to: str) -> Room:
    """Return the direct room of two users who share a course, and create it if needed.

    Raises PermissionDenied if there is no such user or they share no course, or only courses in
    which both have pseudonyms. A new room needs a course that is in use.
    """
    other = people.find(to)
    if other is None or not other.is_active or other == user:
        raise PermissionDenied("You share no course with a user of that name.")
    courses = (
        Course.objects.filter(enrollments__user=user)
        .filter(enrollments__user=other)
        .order_by(F("archived_at").asc(nulls_first=True), "pk")
    )
    shared = next(iter(shared_by_name(courses, [user.pk, other.pk])), None)
    if (
        shared is None
        or write_no_more(user.pk, other.pk)
        or StandIn.objects.filter(user=other).exists()
    ):
        # It is the same answer for a name that nobody has, so it does not tell who is in a course.
        raise PermissionDenied("You share no course with a user of that name.")
    low, high = sorted((user.pk, other.pk))
    pair = f"{low}:{high}"
    found = Room.objects.filter(pair=pair).first()
    if found is not None:
        return found
    permissions.in_use(shared)
    try:
        return _make_direct_room(user, other, shared, pair)
    except IntegrityError:
        # The other user created it at the same moment.
        found = Room.objects.filter(pair=pair).first()
        if found is None:
            raise
        return found


@transaction.atomic
def _make_direct_room(user: User, other: User, course: Course, pair: str) -> Room:
    room = Room.objects.create(course=course, kind=Room.Kind.DIRECT, pair=pair)
    Membership.objects.bulk_create(Membership(room=room, user=who) for who in (user, other))
    for one, another in ((user, other), (other, user)):
        tell.joined(course, room, [one.pk], members=2, title=frames.direct_title(another))
    return room


def mark_read(*, user: User, room: str, seq: int) -> tuple[Room, int]:
    """Record how far the user has read, never backwards or beyond the newest message.

    Returns the room and the number that now holds. Raises InvalidRoom.
    """
    membership = permissions.member(user, room)
    seq = min(seq, membership.room.last_seq)
    if seq > membership.last_read_seq:
        Membership.objects.filter(pk=membership.pk).update(
            last_read_seq=Greatest("last_read_seq", seq)
        )
        tell.read(membership.room, user, seq)
    return membership.room, max(seq, membership.last_read_seq)


def _run_by(user: User, room: str, kinds: tuple[str, ...]) -> Room:
    """Return a room of these kinds that the user created or whose course they lead.

    Raises InvalidRoom, PermissionDenied and CourseArchived.
    """
    found, leads = permissions.visible(user, room)
    if found.kind not in kinds:
        raise PermissionDenied("This room cannot be changed or archived.")
    if not leads:
        if found.created_by_id != user.pk:
            raise PermissionDenied(
                "Only the room's creator and the course's instructors can do this."
            )
        _not_muted(permissions.enrolled(user, found.course.slug))
    permissions.in_use(found.course)
    return found


def _not_muted(enrollment: Enrollment) -> None:
    if enrollment.muted_until is not None and enrollment.muted_until > timezone.now():
        raise PermissionDenied(
            "You cannot do this while you are muted in this course.",
            until=enrollment.muted_until.timestamp(),
        )


def _lock_user(user: User) -> None:
    """Lock the user, so that no other transaction counts and changes their rooms."""
    people.everybody().select_for_update(no_key=True).get(pk=user.pk)


def _lock_room(room: Room) -> Room:
    """Lock the room and return its current row. Raises InvalidRoom if it was archived meanwhile."""
    found = (
        Room.objects.select_related("course")
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=room.pk, archived_at=None)
        .first()
    )
    if found is None:
        raise InvalidRoom
    return found


def _may_be_in_one_more(user: User) -> None:
    most = limits["ROOMS_PER_SOCKET"]
    mine = Membership.objects.filter(user=user, room__kind=Room.Kind.OPEN, room__archived_at=None)
    if mine.count() >= most:
        told = f"You are already in {most} open rooms. Leave one to join another."
        raise PermissionDenied(told, most=most)


def _clean_topic(topic: str) -> str:
    topic = plain_name(topic)
    if not shows(topic):
        return ""
    if len(topic) > TOPIC_LIMIT:
        raise TextTooLong(f"The topic is too long: {TOPIC_LIMIT} characters at most.")
    return topic


def _log_act(user: User, act: str, room: Room) -> None:
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="moderate",
                act=act,
                course_id=room.course.slug,
                course=room.course_id,
            )
        ]
    )


def _log(user: User, event: str, room: Room) -> None:
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event=event,
                act=room.title,
                course_id=room.course.slug,
                course=room.course_id,
            )
        ]
    )
