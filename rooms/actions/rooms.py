"""Joining, leaving and reading rooms."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest

from accounts.models import User
from rooms import frames, groups, permissions, publish
from rooms.actions import uselog
from rooms.envelope import Join, Leave
from rooms.errors import PermissionDenied
from rooms.models import Course, Membership, Room


@transaction.atomic
def join_room(*, user: User, room: str) -> Room:
    """Make the user a member of an open room of their course. Raises InvalidRoom."""
    found = permissions.joinable(user, room)
    _, new = Membership.objects.get_or_create(room=found, user=user)
    if new:
        _log(user, "join", found)
        _announce_join(found, {user.pk: found.title}, Membership.objects.filter(room=found).count())
    return found


@transaction.atomic
def leave_room(*, user: User, room: str) -> Room:
    """Take the user out of an open room.

    Raises InvalidRoom, and PermissionDenied for a room one is in for another reason: a course's,
    a direct one, or that of one's partners.
    """
    membership = permissions.member(user, room)
    found = membership.room
    if found.kind != Room.Kind.OPEN:
        raise PermissionDenied("This room cannot be left.")
    membership.delete()
    _log(user, "leave", found)
    publish.send(
        groups.course(found.course_id),
        Leave([user.pk], groups.room(found.id), frames.room_removed(found)),
    )
    return found


def open_direct_room(*, user: User, to: str) -> Room:
    """The direct room of two users who share a course, made if need be.

    Raises PermissionDenied where there is no such user or they share no course.
    """
    other = User.objects.filter(username=to, is_active=True).first()
    if other is None or other == user:
        raise PermissionDenied("You share no course with such a user.")
    shared = (
        Course.objects.filter(enrollments__user=user)
        .filter(enrollments__user=other)
        .order_by("pk")
        .first()
    )
    if shared is None:
        raise PermissionDenied("You share no course with such a user.")
    low, high = sorted((user.pk, other.pk))
    pair = f"{low}:{high}"
    found = Room.objects.filter(pair=pair).first()
    if found is not None:
        return found
    try:
        return _make_direct_room(user, other, shared, pair)
    except IntegrityError:
        # The other one made it in the same moment.
        found = Room.objects.filter(pair=pair).first()
        if found is None:
            raise
        return found


@transaction.atomic
def _make_direct_room(user: User, other: User, course: Course, pair: str) -> Room:
    room = Room.objects.create(course=course, kind=Room.Kind.DIRECT, pair=pair)
    Membership.objects.bulk_create(Membership(room=room, user=who) for who in (user, other))
    titles = {user.pk: frames.direct_title(other), other.pk: frames.direct_title(user)}
    _announce_join(room, titles, 2)
    return room


def mark_read(*, user: User, room: str, seq: int) -> tuple[Room, int]:
    """Note how far the user has read; never backwards, and not beyond the newest message.

    Returns the room and the number that stands. Raises InvalidRoom.
    """
    membership = permissions.member(user, room)
    seq = min(seq, membership.room.last_seq)
    if seq > membership.last_read_seq:
        Membership.objects.filter(pk=membership.pk).update(
            last_read_seq=Greatest("last_read_seq", seq)
        )
    return membership.room, max(seq, membership.last_read_seq)


def _announce_join(room: Room, titles: dict[int, str], members: int) -> None:
    for user_id, title in titles.items():
        frame = frames.room_added(room, title=title, course=room.course.slug, members=members)
        publish.send(
            groups.course(room.course_id),
            Join([user_id], groups.room(room.id), room.last_seq, frame),
        )


def _log(user: User, event: str, room: Room) -> None:
    uselog.record(
        [uselog.row(sid=user.username, event=event, act=room.title, course_id=room.course.slug)]
    )
