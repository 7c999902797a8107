"""Search in messages, and mentions of users."""

import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from accounts.people import User
from rooms import frames
from rooms.models import Mention, Message
from rooms.permissions import enrolled, member
from rooms.wire.events import MessageBody

WORDS_LIMIT = 10
"""The most words and phrases that a search without an index looks for."""

# Scripts that are written without spaces between the words: Thai, Lao, Tibetan, Burmese, Khmer,
# Tai Le, New Tai Lue, Tai Tham, Han, Kana and Bopomofo.
SPACELESS = (
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_SPACELESS = re.compile(SPACELESS)


def search(
    user: User, text: str, *, room: str | None = None, course: str | None = None, limit: int
) -> list[MessageBody]:
    """Return messages of the user's rooms, of one room or of one course's rooms, newest first.

    `text` has words, all of which must occur, "phrases", -exclusions and, with an index, `or`. In
    scripts without spaces, a word is found within others.
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
        return found.filter(_matches_any(text, words))
    for minus, word in words[:WORDS_LIMIT]:
        holds = Q(text__icontains=word)
        found = found.filter(~holds if minus else holds)
    return found


def _matches_any(text: str, words: list[tuple[bool, str]]) -> Q:
    """Return the condition for a message to match, for PostgreSQL."""
    if not _SPACELESS.search(text):
        return Q(_matches(text))
    alternatives: list[list[tuple[bool, str]]] = [[]]
    for minus, word in words[:WORDS_LIMIT]:
        if word.lower() == "or" and not minus:
            alternatives.append([])
        else:
            alternatives[-1].append((minus, word))
    # As above, nothing is found by exclusions alone.
    any_of = Q(pk__in=[])
    for some in alternatives:
        if not all(minus for minus, _ in some):
            any_of |= _matches_all(some)
    return any_of


def _matches_all(words: Iterable[tuple[bool, str]]) -> Q:
    """Return the condition for all these words, of which some are in scripts without spaces."""
    condition = Q()
    ordinary = []
    for minus, word in words:
        if _SPACELESS.search(word):
            holds = Q(text__icontains=word)
            condition &= ~holds if minus else holds & _characters(word)
        else:
            ordinary.append(f'{"-" * minus}"{word}"')
    return condition & Q(_matches(" ".join(ordinary))) if ordinary else condition


def _characters(word: str) -> Q:
    """Return the condition for a message to have the characters of a word.

    It uses the index of migration 0007, and only those characters that have no upper case.
    """
    characters = "".join(dict.fromkeys(_SPACELESS.findall(word)))
    array = "string_to_array(%(expressions)s, NULL)"
    has_all = Func(
        Func(F("text"), template=array),
        Func(Value(characters), template=array),
        template="(%(expressions)s)",
        arg_joiner=" @> ",
        output_field=BooleanField(),
    )
    is_indexed = Func(
        F("text"), template=f"(%(expressions)s ~ '{SPACELESS}')", output_field=BooleanField()
    )
    return Q(has_all) & Q(is_indexed)


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
