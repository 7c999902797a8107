"""The questions that a course answered outside class, with all answers to them.

They have the shape of those in class (`queries.posed`), so figures, marks and exports read them in
the same way, and `is_release` keeps the two apart.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.utils import timezone

from accounts import people
from rooms.models import Course, Message, NightPair, Release, Take
from rooms.peer.answers import AnswerKey
from rooms.peer.posed import Answers, Ballot, Posed

AT_ONCE = 20
"""Releases whose answers are read at once, which bounds the memory."""


def released(
    course: Course,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    users: Collection[people.Key] | None = None,
    messages: bool = False,
) -> Iterator[Posed]:
    """Return the released questions of a course that are or were open, in the order of opening.

    `since` (inclusive) and `until` are times of opening, and `users` are those whose answers are
    wanted. Without `messages`, nobody's messages to partners are counted. Withdrawn releases are
    left out.
    """
    found = Release.objects.filter(
        course=course, withdrawn_at=None, opens_at__lte=timezone.now()
    ).select_related("question", "version")
    if since is not None:
        found = found.filter(opens_at__gte=since)
    if until is not None:
        found = found.filter(opens_at__lt=until)
    return of_releases(list(found.order_by("opens_at", "pk")), users=users, messages=messages)


def of_releases(
    releases: Sequence[Release],
    *,
    users: Collection[people.Key] | None = None,
    messages: bool = False,
) -> Iterator[Posed]:
    """Return what came of these releases, which were read with `question` and `version`."""
    for start in range(0, len(releases), AT_ONCE):
        yield from _of(releases[start : start + AT_ONCE], users, messages)


def _of(
    releases: Sequence[Release], users: Collection[people.Key] | None, messages: bool
) -> Iterator[Posed]:
    keys = {one.pk: one.version.key for one in releases}
    takes = Take.objects.filter(release__in=keys.keys(), first_at__isnull=False)
    if users is not None:
        takes = takes.filter(user__in=users)
    # The reasons themselves would be most of what is read.
    rows = (
        takes.annotate(
            first_reasoned=ExpressionWrapper(~Q(first_reason=""), BooleanField()),
            second_reasoned=ExpressionWrapper(~Q(second_reason=""), BooleanField()),
        )
        .defer("first_reason", "second_reason")
        .order_by("first_at", "pk")
    )
    pairs = _pairs(keys.keys())
    written = _written(pairs.values(), users) if messages else {}
    answers: dict[int, list[Answers]] = defaultdict(list)
    for take in rows:
        pair = pairs.get(take.pk)
        count = take.messages
        if count is None and pair is not None:
            count = written.get((pair[1], take.user_id), 0)
        assert take.first_at is not None
        key = keys[take.release_id]
        answers[take.release_id].append(
            Answers(
                user=take.user_id,
                first=_ballot(
                    key,
                    take.first_choice,
                    take.first_confidence,
                    (take.first_at - take.started_at).total_seconds(),
                    bool(take.first_reasoned),
                ),
                second=None
                if take.second_at is None
                else _ballot(
                    key,
                    take.second_choice,
                    take.second_confidence,
                    (take.second_at - take.first_at).total_seconds(),
                    bool(take.second_reasoned),
                ),
                group=None if pair is None else pair[0],
                messages=count or 0 if messages else 0,
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


def _ballot(
    key: AnswerKey, choice: str, confidence: int | None, seconds: float, has_reason: bool
) -> Ballot:
    return Ballot(
        choice=choice,
        right=None if key.correct is None else key.is_right(choice),
        confidence=confidence,
        seconds=max(seconds, 0.0),
        has_reason=has_reason,
    )


def _pairs(releases: Collection[int]) -> dict[int, tuple[int, UUID]]:
    """Return the pair of each answer that has one, and its room."""
    rows = NightPair.objects.filter(one__release__in=releases).order_by("pk")
    found: dict[int, tuple[int, UUID]] = {}
    for pk, one, other, room in rows.values_list("pk", "one", "other", "room"):
        found[one] = found[other] = pk, room
    return found


def _written(
    pairs: Collection[tuple[int, UUID]], users: Collection[people.Key] | None
) -> Mapping[tuple[UUID, people.Key], int]:
    """Return how many messages each user wrote in the rooms of these pairs."""
    rooms = {room for _, room in pairs}
    if not rooms:
        return {}
    texts = Message.objects.filter(room__in=rooms, kind=Message.Kind.TEXT, removed_at=None)
    if users is not None:
        texts = texts.filter(sender__in=users)
    counted = texts.order_by().values_list("room", "sender").annotate(Count("pk"))
    return {(room, sender): n for room, sender, n in counted}
