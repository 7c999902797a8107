"""Reading the rooms of partner groups, by those who lead the course.

Nobody reads along unseen. A visit leaves a line in the room, and the room can be read for some
minutes after it, by the user who left the line. Then it takes another line.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.people import User
from rooms import frames
from rooms.models import ClassSession, Flag, Membership, Message, PartnerGroup, Room
from rooms.permissions import leading
from rooms.queries import classroom
from rooms.wire import replies
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied
from rooms.wire.fields import PAGE_LIMIT

VISIT_LASTS = timedelta(minutes=5)
"""The time for which the line of a visit allows its user to read the room."""
MARK = "visit-"
"""The first letters of the uuids of these lines. Clients do not choose uuids of system lines."""


def group_of(session: ClassSession, number: int) -> PartnerGroup:
    """Return a group of the current question with its room. Raises InvalidMessageFormat."""
    first, _ = classroom.rounds(session)
    found = (
        PartnerGroup.objects.filter(round=first, number=number, room__archived_at=None)
        .select_related("room")
        .first()
        if first is not None
        else None
    )
    if found is None:
        raise InvalidMessageFormat(f"The class has no group {number}.")
    return found


def is_visit(message: Message) -> bool:
    """Return whether a message is the line of a visit."""
    return message.kind == Message.Kind.SYSTEM and message.uuid.startswith(MARK)


def last_visit(user: User, room: UUID) -> datetime | None:
    """Return when the user's last visit of a room began, if it still allows to read there."""
    return (
        Message.objects.filter(
            room=room,
            sender=user,
            kind=Message.Kind.SYSTEM,
            uuid__startswith=MARK,
            created_at__gt=timezone.now() - VISIT_LASTS,
        )
        .order_by("-seq")
        .values_list("created_at", flat=True)
        .first()
    )


def may_read(user: User, message: Message) -> bool:
    """Return whether somebody who leads the course may be told the text of a message now.

    A text of a partner room is for its members, and for those who visit the room. Once a member has
    flagged it, everybody who leads has it.
    """
    if message.room.kind != Room.Kind.PARTNERS:
        return True
    return (
        Membership.objects.filter(room=message.room, user=user).exists()
        or last_visit(user, message.room_id) is not None
        or Flag.objects.filter(message=message).exists()
    )


def visited(user: User, slug: str, number: int, *, after: int | None = None) -> replies.Visited:
    """Return the newest messages of a group that the user visits, oldest first.

    With `after`, only messages with a higher number are returned, the first ones. Raises
    PermissionDenied if the user does not lead the course or has no visit there, and
    InvalidMessageFormat if there is no such group.
    """
    session = classroom.class_session(leading(user, slug).course)
    if session is None:
        raise InvalidMessageFormat(f"The class has no group {number}.")
    group = group_of(session, number)
    began = last_visit(user, group.room_id)
    if began is None:
        raise PermissionDenied("Visit the group first, so that its members know of it.")
    messages = group.room.messages.select_related("sender")
    if after is None:
        page = list(reversed(messages.order_by("-seq")[:PAGE_LIMIT]))
    else:
        page = list(messages.filter(seq__gt=after).order_by("seq")[:PAGE_LIMIT])
    return replies.Visited(
        phase=str(session.phase),
        epoch=session.epoch,
        group=number,
        room=str(group.room_id),
        room_messages=[frames.body(message) for message in page],
        last_seq=group.room.last_seq,
        until=(began + VISIT_LASTS).timestamp(),
    )
