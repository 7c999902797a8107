"""The questions that a course was posed in its classes, with all answers to them.

Figures, marks and exports read the votes here. The indexes of rounds, votes, partners and rooms
find everything, so the time depends on the course alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from accounts import people
from rooms.models import Course, Message, Partner, Round, Vote
from rooms.peer.answers import AnswerKey
from rooms.peer.posed import Answers, Ballot, Posed

AT_ONCE = 20
"""Questions whose votes are read at once, which bounds the memory."""


def first_rounds(
    course: Course,
    *,
    session: int | None = None,
    question: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Round]:
    """Return the closed first rounds of a course in their order, each with its second one.

    `session` and `question` are ids; `since` (inclusive) and `until` are times of posing.
    """
    found = Round.objects.filter(session__course=course, number=1, closed_at__isnull=False)
    if session is not None:
        found = found.filter(session=session)
    if question is not None:
        found = found.filter(question=question)
    if since is not None:
        found = found.filter(opened_at__gte=since)
    if until is not None:
        found = found.filter(opened_at__lt=until)
    return found.select_related("question", "version", "second").order_by("opened_at", "pk")


def posed(
    rounds: QuerySet[Round],
    *,
    users: Collection[people.Key] | None = None,
    messages: bool = False,
) -> Iterator[Posed]:
    """Return what came of these first rounds, with the answers of all or some users.

    Without `messages`, nobody's messages are counted. A second round counts once it is closed.
    """
    firsts = list(rounds)
    for start in range(0, len(firsts), AT_ONCE):
        yield from _posed(firsts[start : start + AT_ONCE], users, messages)


def _posed(
    firsts: Sequence[Round], users: Collection[people.Key] | None, messages: bool
) -> Iterator[Posed]:
    seconds = {one.pk: second for one in firsts if (second := _second(one)) is not None}
    asked = {one.pk: one for one in firsts} | {one.pk: one for one in seconds.values()}
    keys = {one.pk: one.asked.key for one in firsts}
    ballots = _ballots(asked, keys, users)
    places = _places([one.pk for one in firsts], users, messages)
    for first in firsts:
        second = seconds.get(first.pk)
        before = ballots[first.pk]
        after = ballots[second.pk] if second is not None else {}
        partners = places[first.pk]
        yield Posed(
            pk=first.pk,
            is_release=False,
            question=first.question_id,
            version=first.version_id,
            slug=first.question.slug,
            session=first.session_id,
            at=first.opened_at,
            key=keys[first.pk],
            is_twice=second is not None,
            answers=tuple(
                Answers(
                    user=user,
                    first=before.get(user),
                    second=after.get(user),
                    group=partners.get(user, (None, 0))[0],
                    messages=partners.get(user, (None, 0))[1],
                )
                # In the order of the votes, then of the partners.
                for user in dict.fromkeys([*before, *after, *partners])
            ),
        )


def _second(first: Round) -> Round | None:
    second: Round | None = getattr(first, "second", None)
    return second if second is not None and second.closed_at is not None else None


def _ballots(
    rounds: Mapping[int, Round],
    keys: Mapping[int, AnswerKey],
    users: Collection[people.Key] | None,
) -> dict[int, dict[people.Key, Ballot]]:
    votes = Vote.objects.filter(round__in=rounds.keys())
    if users is not None:
        votes = votes.filter(user__in=users)
    # The reasons themselves would be most of what is read.
    reasoned = votes.annotate(has_reason=ExpressionWrapper(~Q(rationale=""), BooleanField()))
    rows = reasoned.order_by("cast_at", "pk").values_list(
        "round", "user", "choice", "confidence", "has_reason", "cast_at"
    )
    found: dict[int, dict[people.Key, Ballot]] = defaultdict(dict)
    # Judged once for each answer, as most students give the same few.
    judged: dict[tuple[int, str], bool | None] = {}
    for pk, user, choice, confidence, has_reason, cast_at in rows:
        first = rounds[pk].first_id or pk
        if (first, choice) not in judged:
            key = keys[first]
            judged[first, choice] = None if key.correct is None else key.is_right(choice)
        found[pk][user] = Ballot(
            choice=choice,
            right=judged[first, choice],
            confidence=confidence,
            seconds=max((cast_at - rounds[pk].opened_at).total_seconds(), 0.0),
            has_reason=bool(has_reason),
        )
    return found


def _places(
    firsts: Collection[int], users: Collection[people.Key] | None, messages: bool
) -> dict[int, dict[people.Key, tuple[int, int]]]:
    """Return the groups of the partners of these rounds, and the numbers of their messages."""
    partners = Partner.objects.filter(round__in=firsts)
    if users is not None:
        partners = partners.filter(user__in=users)
    rows = list(
        partners.order_by("group", "pk").values_list(
            "round", "user", "group", "group__room", "messages"
        )
    )
    written: dict[tuple[UUID, people.Key], int] = {}
    if messages:
        texts = Message.objects.filter(
            room__partner_group__round__in=firsts, kind=Message.Kind.TEXT, removed_at=None
        )
        if users is not None:
            texts = texts.filter(sender__in=users)
        counted = texts.order_by().values_list("room", "sender").annotate(Count("pk"))
        written = {(room, sender): n for room, sender, n in counted}
    found: dict[int, dict[people.Key, tuple[int, int]]] = defaultdict(dict)
    for round_, user, group, room, noted in rows:
        count = written.get((room, user), 0) if noted is None else noted
        found[round_][user] = group, count if messages else 0
    return found
