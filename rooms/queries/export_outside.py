"""What was answered outside class, for an export."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from rooms.models import Course, NightPair, Release, Seed, ShownReason, Take
from rooms.peer.answers import AnswerKey
from rooms.queries.export_pages import Batch, objects, pages
from rooms.queries.export_people import People
from rooms.queries.released import pairs_of

RELEASES = 100
"""Releases that are read at once."""
TAKES = 200
"""Answers of students that are read at once."""


def releases(course: Course) -> Iterator[Batch]:
    """Return the released questions of a course."""
    yield from pages(
        Release.objects.filter(course=course),
        *("question", "version", "session", "released_at", "opens_at", "due_at", "reveals"),
        "withdrawn_at",
    )


def seeds(course: Course, called: People) -> Iterator[Batch]:
    """Return the reasons that lecturers wrote."""
    found = Seed.objects.filter(release__course=course)
    for page in pages(found, "release", "choice", "text"):
        yield [(*row, called.text(text)) for *row, text in page]


def takes(course: Course, called: People) -> Iterator[Batch]:
    """Return what students made of the releases."""
    for release in _releases(course):
        key = release.version.key
        for found in objects(Take.objects.filter(release=release), TAKES):
            kept = [one for one in found if called.has(one.user_id)]
            called.learn([one.user_id for one in kept])
            pks = [one.pk for one in kept]
            pairs = pairs_of(NightPair.objects.filter(Q(one__in=pks) | Q(other__in=pks)))
            yield [_take(one, key, pairs.get(one.pk), called) for one in kept]


def shown_reasons(course: Course, called: People) -> Iterator[Batch]:
    """Return which reasons students were shown."""
    for release in _releases(course):
        shown = ShownReason.objects.filter(take__release=release)
        for page in pages(shown, "take__user", "take", "vote", "other", "seed", "is_picked"):
            yield [tuple(rest) for _, user, *rest in page if called.has(user)]


def _releases(course: Course) -> Iterator[Release]:
    found = Release.objects.filter(course=course).select_related("version")
    for page in objects(found, RELEASES):
        yield from page


def _take(
    one: Take,
    key: AnswerKey,
    pair: tuple[int, int] | None,
    called: People,
) -> tuple[Any, ...]:
    count = one.messages
    if count is None and pair is not None:
        count = pair[1]
    return (
        *(one.pk, one.release_id, called.of(one.user_id), one.started_at),
        *(one.first_choice, _right(key, one.first_choice), one.first_confidence),
        *(called.text(one.first_reason), one.first_at, _between(one.started_at, one.first_at)),
        *(one.second_choice, _right(key, one.second_choice), one.second_confidence),
        *(called.text(one.second_reason), one.second_at, _between(one.first_at, one.second_at)),
        *(one.convinced, one.message_id, None if pair is None else pair[0], count or 0),
    )


def _right(key: AnswerKey, choice: str) -> bool | None:
    return None if not choice or key.correct is None else key.is_right(choice)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return max((end - start).total_seconds(), 0.0)
