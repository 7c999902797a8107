"""Searches messages, and finds mentions."""

import re

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from accounts.models import User
from rooms import frames
from rooms.models import Mention, Message
from rooms.permissions import enrolled, member
from rooms.wire.events import MessageBody

WORDS_LIMIT = 10
"""Words and phrases that a search without an index looks for."""


def search(
    user: User, text: str, *, room: str | None = None, course: str | None = None, limit: int
) -> list[MessageBody]:
    """Messages of the user's rooms (or of one, or of those of one course), the newest first.

    `text` is words, all of which must be there; "a phrase", -without and, with an index, or.
    Raises InvalidRoom and PermissionDenied.
    """
    newest = searched(user, text, room=room, course=course).select_related("sender")
    return [frames.body(message) for message in newest.order_by("-created_at", "-seq")[:limit]]


def searched(
    user: User, text: str, *, room: str | None = None, course: str | None = None
) -> QuerySet[Message]:
    """What `search` finds, in no order."""
    found = Message.objects.filter(
        room__memberships__user=user, room__archived_at=None, removed_at=None
    ).exclude(kind=Message.Kind.CONTROL)
    if room is not None:
        found = found.filter(room=member(user, room).room)
    if course is not None:
        found = found.filter(room__course=enrolled(user, course).course)
    words = _words(text)
    if all(minus for minus, _ in words):
        # What is only without something is nearly everything.
        return found.none()
    if connection.vendor == "postgresql":
        return found.filter(_matches(text))
    for minus, word in words[:WORDS_LIMIT]:
        holds = Q(text__icontains=word)
        found = found.filter(~holds if minus else holds)
    return found


def _matches(text: str) -> Func:
    """Whether a message matches a search, by the index that migration 0003 makes."""
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
    """The words and phrases of a search, and whether they must be missing."""
    found = re.findall(r'(-?)(?:"([^"]*)"|([^\s"]+))', text)
    return [(bool(minus), phrase or word) for minus, phrase, word in found if phrase or word]


def mentions(user: User) -> QuerySet[Mention]:
    """The mentions of the user in the rooms they are in, the newest first, each with `unread`."""
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
