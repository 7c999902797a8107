"""Moderation: removing and restoring messages, muting students and slowing rooms down."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import tell, uselog
from rooms.models import Course, Enrollment, Message, Room
from rooms.queries import visits
from rooms.queries.pseudonyms import student as student_named
from rooms.wire.errors import InvalidMessageFormat, NoSuchMessage, PermissionDenied

MUTE_LIMIT = 30 * 86_400
"""The longest time that a student can be muted, in seconds."""
SLOW_LIMIT = 3600
"""The longest time between two messages of a student in a slow room, in seconds."""


@transaction.atomic
def remove_message(*, user: User, room: str, seq: int) -> Message:
    """Hide the text of a message from everybody but the admin. The message keeps its number.

    Its sender and those who lead the course may do this. A message that was removed before stays as
    it is. Raises InvalidRoom, NoSuchMessage and PermissionDenied.
    """
    found, leads = permissions.visible(user, room)
    message = (
        Message.objects.filter(room=found, seq=seq)
        .select_for_update(no_key=True, of=("self",))
        .select_related("sender")
        .first()
    )
    if message is None:
        raise NoSuchMessage
    permissions.in_use(found.course)
    if not leads and message.sender_id != user.pk:
        raise PermissionDenied("Only the sender and the instructors can remove a message.")
    if message.kind == Message.Kind.CONTROL:
        raise PermissionDenied("Class transitions cannot be removed.")
    if visits.is_visit(message):
        raise PermissionDenied("What tells of a visit cannot be removed.")
    if message.removed_at is not None:
        return message
    message.removed_at, message.removed_by = timezone.now(), user
    message.save(update_fields=["removed_at", "removed_by"])
    _log(user, f"remove:{found.id}:{seq}", found.course)
    tell.removed(found, message)
    # An announcement or an argument of the hall goes at once.
    tell.screens_changed(found.course_id)
    return message


@transaction.atomic
def restore_message(*, user: User, room: str, seq: int) -> Message:
    """Show the text of a message again that somebody who leads the course has removed.

    Those who lead the course may do this, but not with what its sender took back. A message that is
    not removed stays as it is. Raises InvalidRoom, NoSuchMessage and PermissionDenied.
    """
    found, leads = permissions.visible(user, room)
    if not leads:
        raise PermissionDenied("Only the instructors can restore a message.")
    message = (
        Message.objects.filter(room=found, seq=seq)
        .select_for_update(no_key=True, of=("self",))
        .select_related("sender")
        .first()
    )
    if message is None:
        raise NoSuchMessage
    permissions.in_use(found.course)
    if message.removed_at is None:
        return message
    if message.removed_by_id == message.sender_id:
        raise PermissionDenied("What its sender has taken back stays removed.")
    message.removed_at = message.removed_by = None
    message.save(update_fields=["removed_at", "removed_by"])
    _log(user, f"restore:{found.id}:{seq}", found.course)
    tell.restored(found, message)
    tell.screens_changed(found.course_id)
    return message


@transaction.atomic
def mute(*, user: User, course: str, username: str, seconds: int) -> Enrollment:
    """Forbid a student to post in the rooms of a course for a number of seconds.

    Their votes still count. Raises PermissionDenied if the user does not lead the course, and
    InvalidMessageFormat if the course has no such student.
    """
    if not 1 <= seconds <= MUTE_LIMIT:
        raise InvalidMessageFormat(f"A mute must last 1 to {MUTE_LIMIT} seconds.")
    until = timezone.now() + timedelta(seconds=seconds)
    return _set_mute(user, course, username, until, "mute", seconds)


@transaction.atomic
def unmute(*, user: User, course: str, username: str) -> Enrollment:
    """Let a student post again. Raises as `mute` does."""
    return _set_mute(user, course, username, None, "unmute")


def _set_mute(
    user: User, course: str, username: str, until: datetime | None, *act: object
) -> Enrollment:
    led = permissions.leading(user, course)
    permissions.in_use(led.course)
    student = (
        Enrollment.objects.filter(
            course=led.course,
            user=student_named(led.course, username),
            role=Enrollment.Role.STUDENT,
        )
        .select_related("user", "course")
        .first()
    )
    if student is None:
        raise InvalidMessageFormat("The course has no such student.")
    student.muted_until = until
    student.save(update_fields=["muted_until"])
    tell.muted(student)
    verb, *rest = act
    told = ":".join(map(str, (verb, people.username(student.user), *rest)))
    _log(user, told, led.course, named=[student.user_id])
    return student


@transaction.atomic
def set_slow_mode(*, user: User, room: str, seconds: int) -> Room:
    """Set the least time between two messages of a student in a room; 0 for none.

    Those who lead the course may do this, in its own room and its open rooms. Raises InvalidRoom,
    PermissionDenied and InvalidMessageFormat.
    """
    if not 0 <= seconds <= SLOW_LIMIT:
        raise InvalidMessageFormat(f"`slow_seconds` must be 0 to {SLOW_LIMIT}.")
    found, leads = permissions.visible(user, room)
    if not leads or found.kind not in (Room.Kind.COURSE, Room.Kind.OPEN):
        raise PermissionDenied("Only instructors can slow down course and open rooms.")
    permissions.in_use(found.course)
    found.slow_seconds = seconds
    found.save(update_fields=["slow_seconds"])
    _log(user, f"slow:{found.id}:{seconds}", found.course)
    return found


def _log(user: User, act: str, course: Course, named: Sequence[people.Key] = ()) -> None:
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="moderate",
                act=act,
                named=named,
                course_id=course.slug,
                course=course.pk,
            )
        ]
    )
