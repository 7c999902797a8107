"""The questions that a course answered outside class, with all answers to them.

They have the shape of those in class (`queries.posed`), so figures, marks and exports read them in
the same way, and `is_release` keeps the two apart.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.utils import timezone

from accounts import people
from rooms.models import Course, NightPair, Release, Take
from rooms.peer.answers import AnswerKey
from rooms.peer.posed import Answers, Ballot, Posed
from rooms.queries.posed import written

AT_ONCE = 20
"""Releases whose answers are read at once, which bounds the memory."""


def released(
    course: Course,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    users: Collection[people.Key] | None = None,
    messages: bool = False,
    times: bool = True,
) -> Iterator[Posed]:
    """Return the released questions of a course that are or were open, in the order of opening.

    `since` (inclusive) and `until` are times of opening, and `users` are those whose answers are
    wanted. Without `messages`, nobody's messages to partners are counted, and without `times`,
    which take longest to read, no ballot tells its seconds. Withdrawn releases are left out.
    """
    found = Release.objects.filter(
        course=course, withdrawn_at=None, opens_at__lte=timezone.now()
    ).select_related("question", "version")
    if since is not None:
        found = found.filter(opens_at__gte=since)
    if until is not None:
        found = found.filter(opens_at__lt=until)
    releases = list(found.order_by("opens_at", "pk"))
    return of_releases(releases, users=users, messages=messages, times=times)


def of_releases(
    releases: Sequence[Release],
    *,
    users: Collection[people.Key] | None = None,
    messages: bool = False,
    times: bool = True,
) -> Iterator[Posed]:
    """Return what came of these releases, which were read with `question` and `version`."""
    for start in range(0, len(releases), AT_ONCE):
        yield from _of(releases[start : start + AT_ONCE], users, messages, times)


def _of(
    releases: Sequence[Release],
    users: Collection[people.Key] | None,
    messages: bool,
    times: bool,
) -> Iterator[Posed]:
    keys = {one.pk: one.version.key for one in releases}
    takes = Take.objects.filter(release__in=keys.keys(), first_at__isnull=False)
    if users is not None:
        takes = takes.filter(user__in=users)
    # The reasons themselves would be most of what is read.
    rows = takes.annotate(
        first_reasoned=_whether(~Q(first_reason="")),
        second_reasoned=_whether(~Q(second_reason="")),
        is_twice=_whether(Q(second_at__isnull=False)),
    ).order_by("first_at", "pk")
    pairs = pairs_of(NightPair.objects.filter(one__release__in=keys.keys()), messages)
    answers: dict[int, list[Answers]] = defaultdict(list)
    for take in rows.values(*_GIVEN, *(_TIMES if times else ())):
        group, count = pairs.get(take["pk"], (None, 0))
        if take["messages"] is not None:
            count = take["messages"]
        key = keys[take["release"]]
        answers[take["release"]].append(
            Answers(
                user=take["user"],
                first=_ballot(key, take, "first", "started_at"),
                second=_ballot(key, take, "second", "first_at") if take["is_twice"] else None,
                group=group,
                messages=count if messages else 0,
            )
        )
    for release in releases:
        yield Posed(
            pk=release.pk,
            is_release=True,
            question=release.question_id,
            version=release.version_id,
            slug=release.question.slug,
            session=None,
            at=release.opens_at,
            key=keys[release.pk],
            is_twice=True,
            answers=tuple(answers[release.pk]),
        )


_TIMES = ("started_at", "first_at", "second_at")
_GIVEN = (
    *("pk", "release", "user", "is_twice", "messages"),
    *("first_choice", "first_confidence", "first_reasoned"),
    *("second_choice", "second_confidence", "second_reasoned"),
)


def _whether(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, BooleanField())


def _ballot(key: AnswerKey, take: Mapping[str, Any], which: str, since: str) -> Ballot:
    """Return an answer of a row, whose seconds are those since a time of the row, if it has it."""
    choice, start = take[f"{which}_choice"], take.get(since)
    return Ballot(
        choice=choice,
        right=None if key.correct is None else key.is_right(choice),
        confidence=take[f"{which}_confidence"],
        seconds=None if start is None else max((take[f"{which}_at"] - start).total_seconds(), 0.0),
        has_reason=bool(take[f"{which}_reasoned"]),
    )


def pairs_of(pairs: QuerySet[NightPair], messages: bool = True) -> dict[int, tuple[int, int]]:
    """Return the pair of each answer in some pairs, and how many messages its student wrote there.

    Without `messages`, nobody's messages are counted.
    """
    found: dict[int, tuple[int, int]] = {}
    counted = pairs.order_by("pk").annotate(
        by_one=written("room", "one__user") if messages else Value(0),
        by_other=written("room", "other__user") if messages else Value(0),
    )
    for pk, one, other, by_one, by_other in counted.values_list(
        "pk", "one", "other", "by_one", "by_other"
    ):
        found[one], found[other] = (pk, by_one), (pk, by_other)
    return found
