"""Search in messages, and mentions of users."""

import re

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from accounts.people import User
from rooms import frames
from rooms.models import Mention, Message
from rooms.permissions import enrolled, member
from rooms.wire.events import MessageBody

WORDS_LIMIT = 10
"""The most words and phrases that a search without an index looks for."""


def search(
    user: User, text: str, *, room: str | None = None, course: str | None = None, limit: int
) -> list[MessageBody]:
    """Return messages of the user's rooms, of one room or of one course's rooms, newest first.

    `text` has words, all of which must occur, "phrases", -exclusions and, with an index, `or`.
    Raises InvalidRoom and PermissionDenied.
    """
    newest = searched(user, text, room=room, course=course).select_related("sender")
    return [frames.body(message) for message in newest.order_by("-created_at", "-seq")[:limit]]


def searched(
    user: User, text: str, *, room: str | None = None, course: str | None = None
) -> QuerySet[Message]:
    """Return the results of `search` without an order."""
    found = Message.objects.filter(
        room__memberships__user=user, room__archived_at=None, removed_at=None
    ).exclude(kind=Message.Kind.CONTROL)
    if room is not None:
        found = found.filter(room=member(user, room).room)
    if course is not None:
        found = found.filter(room__course=enrolled(user, course).course)
    words = _words(text)
    if all(minus for minus, _ in words):
        # Only exclusions: nearly every message would match.
        return found.none()
    if connection.vendor == "postgresql":
        return found.filter(_matches(text))
    for minus, word in words[:WORDS_LIMIT]:
        holds = Q(text__icontains=word)
        found = found.filter(~holds if minus else holds)
    return found


def _matches(text: str) -> Func:
    """Return the condition for a message to match, which uses the index of migration 0001."""
    document = Func(F("text"), template="to_tsvector('simple', %(expressions)s)")
    query = Func(Value(text), template="websearch_to_tsquery('simple', %(expressions)s)")
    return Func(
        document,
        query,
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )


def _words(text: str) -> list[tuple[bool, str]]:
    """Return the words and phrases of a search, each with True if it must not occur."""
    found = re.findall(r'(-?)(?:"([^"]*)"|([^\s"]+))', text)
    return [(bool(minus), phrase or word) for minus, phrase, word in found if phrase or word]


def mentions(user: User) -> QuerySet[Mention]:
    """Return the mentions of the user in their rooms, newest first, each with `unread`."""
    return (
        Mention.objects.filter(
            user=user,
            message__room__memberships__user=user,
            message__room__archived_at=None,
            message__removed_at=None,
        )
        .select_related("message__sender")
        .annotate(unread=Q(message__seq__gt=F("message__room__memberships__last_read_seq")))
        .order_by("-pk")
    )
