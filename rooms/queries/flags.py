"""Flagged messages of a course, for those who lead it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from rooms.models import Course, Flag, Message, PartnerGroup


@dataclass(frozen=True, slots=True)
class Flagged:
    """A message with open flags, how many, and since when.

    `group` is the number of the partner group, if the message is in the room of one of the current
    question: other groups have the numbers of earlier ones.
    """

    message: Message
    flags: int
    since: datetime
    group: int | None


def open_flags(course: Course | int) -> QuerySet[Flag]:
    """Return the flags of a course that nobody has seen to."""
    return Flag.objects.filter(settled_at=None, message__room__course=course)


def count(course: Course | int) -> int:
    """Return the number of messages with open flags."""
    return open_flags(course).order_by().values("message").distinct().count()


def per_room(course: Course) -> dict[UUID, int]:
    """Return the number of messages with open flags, by room."""
    counted = open_flags(course).order_by().values_list("message__room")
    return dict(counted.annotate(n=Count("message", distinct=True)))


def flagged(course: Course) -> QuerySet[Flag, tuple[UUID, int, datetime]]:
    """Return (message, number of flags, since) of the messages with open flags, oldest first."""
    return (
        open_flags(course)
        .order_by()
        .values_list("message")
        .annotate(n=Count("id"), since=Min("raised_at"))
        .order_by("since", "message")
    )


def with_messages(rows: list[tuple[UUID, int, datetime]]) -> list[Flagged]:
    """Return rows of `flagged` with their messages."""
    messages = Message.objects.select_related("sender", "room").in_bulk([row[0] for row in rows])
    groups = dict(
        PartnerGroup.objects.filter(
            room__in={message.room_id for message in messages.values()}, room__archived_at=None
        ).values_list("room", "number")
    )
    return [
        Flagged(messages[pk], flags, since, groups.get(messages[pk].room_id))
        for pk, flags, since in rows
    ]
