"""Flags: a member of a room points a message out to those who lead the course."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import tell
from rooms.models import Flag, Message, Room
from rooms.wire import replies
from rooms.wire.commands import FlagMessage
from rooms.wire.errors import NoSuchMessage, PermissionDenied

FLAGGED_KINDS = (Room.Kind.COURSE, Room.Kind.OPEN, Room.Kind.PARTNERS)
"""The kinds of rooms whose messages may be flagged. What two people say in private is theirs."""
ROUNDED = timedelta(milliseconds=1)
"""By how much a time may differ that a client got as a number and sends back."""


@transaction.atomic
def flag_message(*, user: User, room: str, seq: int, flagged: bool) -> Message:
    """Flag a message of a room that the user is in, or take the user's flag back.

    Those who lead the course can then read it. A flag that somebody has settled stays settled. A
    muted student may flag. Raises InvalidRoom, NoSuchMessage, RateLimited, and PermissionDenied in
    a direct room and for one's own messages and those of the class.
    """
    found = permissions.member(user, room).room
    ratelimit.flags.take(user.pk)
    permissions.in_use(found.course)
    if found.kind not in FLAGGED_KINDS:
        raise PermissionDenied("Messages of direct rooms cannot be flagged.")
    message = Message.objects.filter(room=found, seq=seq).first()
    if message is None:
        raise NoSuchMessage
    if message.kind != Message.Kind.TEXT or message.sender_id == user.pk:
        raise PermissionDenied("Only texts of others can be flagged.")
    if flagged:
        Flag.objects.get_or_create(
            message=message, user=user, defaults={"raised_at": timezone.now()}
        )
    else:
        Flag.objects.filter(message=message, user=user, settled_at=None).delete()
    tell.figures_changed(found.course_id)
    return message


def flag(*, user: User, command: FlagMessage) -> replies.Flagged:
    """Carry out a command as `flag_message` does, and return its reply."""
    message = flag_message(user=user, room=command.room, seq=command.seq, flagged=command.flagged)
    return replies.Flagged(room=str(message.room_id), seq=message.seq, flagged=command.flagged)


@transaction.atomic
def settle_flags(
    *, user: User, course: str, message: UUID, settled: bool, since: datetime | None = None
) -> int:
    """Note that the flags of a message are seen to, or take that back. Return their number.

    Flags that were raised before `since`, when the first one was that was open then, stay settled,
    as somebody saw to them before. Without it, what was settled last is open again if nothing else
    is. Raises PermissionDenied if the user does not lead the course, and NoSuchMessage if it has no
    flagged message with this id.
    """
    led = permissions.leading(user, course).course
    permissions.in_use(led)
    flags = Flag.objects.filter(message=message, message__room__course=led)
    changed = flags.count()
    if not changed:
        raise NoSuchMessage
    if settled:
        flags.filter(settled_at=None).update(settled_at=timezone.now())
    elif since is not None:
        flags.filter(raised_at__gte=since - ROUNDED).update(settled_at=None)
    elif not flags.filter(settled_at=None).exists():
        last = flags.aggregate(last=Max("settled_at"))["last"]
        flags.filter(settled_at=last).update(settled_at=None)
    tell.figures_changed(led.pk)
    return changed
