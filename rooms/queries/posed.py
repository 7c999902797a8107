"""The questions that a course was posed in its classes, with all answers to them.

Figures, marks and exports read the votes here. The indexes of rounds, votes, partners and rooms
find everything, so the time depends on the course alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from accounts import people
from rooms.models import Course, Message, Partner, Round, Vote
from rooms.peer.answers import AnswerKey
from rooms.peer.posed import Answers, Ballot, Posed
from rooms.peer.results import Scores, scored

AT_ONCE = 20
"""Questions whose votes are read at once, which bounds the memory."""


def written(room: str, sender: str) -> Coalesce:
    """Return an expression for the number of messages that somebody wrote in a room.

    Both are lookups from the rows that it is for, each of which asks the index of rooms and
    senders. A join would be planned by the mean of all rooms, of which a few have most messages,
    and read the messages of everybody.
    """
    texts = Message.objects.filter(
        room=OuterRef(room), sender=OuterRef(sender), kind=Message.Kind.TEXT, removed_at=None
    )
    counted = texts.order_by().values("room").annotate(written=Count("pk"))
    return Coalesce(Subquery(counted.values("written")), 0)


def written_to_group() -> Coalesce:
    """Return an expression for how many messages a `Partner` wrote, the noted number or else."""
    return Coalesce(F("messages"), written("group__room", "user"))


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
    times: bool = True,
) -> Iterator[Posed]:
    """Return what came of these first rounds, with the answers of all or some users.

    Without `messages`, nobody's messages are counted, and without `times`, which take longest to
    read, no ballot tells its seconds. A second round counts once it is closed.
    """
    firsts = list(rounds)
    for start in range(0, len(firsts), AT_ONCE):
        yield from _posed(firsts[start : start + AT_ONCE], users, messages, times)


def scores(rounds: QuerySet[Round]) -> Scores:
    """Return who was right in these first rounds, as `peer.results.scores` does.

    Reads nothing else of the votes, as it is for whole terms.
    """
    firsts = list(rounds)
    judge = _Judge({one.pk: one.asked.key for one in firsts})
    given: dict[int, dict[people.Key, bool]] = defaultdict(dict)
    votes = Vote.objects.filter(round__in=[one.pk for one in firsts]).order_by()
    for pk, user, choice in votes.values_list("round", "user", "choice"):
        right = judge(pk, choice)
        if right is not None:
            given[pk][user] = right
    return scored((one.question_id, one.opened_at, one.pk, given[one.pk]) for one in firsts)


class _Judge:
    """Judges each answer to a question once, as most students give the same few."""

    def __init__(self, keys: Mapping[int, AnswerKey]) -> None:
        self._keys = keys
        self._judged: dict[tuple[int, str], bool | None] = {}

    def __call__(self, first: int, choice: str) -> bool | None:
        """Return whether an answer is right, None if the right one is not known."""
        if (first, choice) not in self._judged:
            key = self._keys[first]
            self._judged[first, choice] = None if key.correct is None else key.is_right(choice)
        return self._judged[first, choice]


def _posed(
    firsts: Sequence[Round], users: Collection[people.Key] | None, messages: bool, times: bool
) -> Iterator[Posed]:
    seconds = {one.pk: second for one in firsts if (second := _second(one)) is not None}
    asked = {one.pk: one for one in firsts} | {one.pk: one for one in seconds.values()}
    keys = {one.pk: one.asked.key for one in firsts}
    ballots = (_timed_ballots if times else _ballots)(asked, _Judge(keys), users)
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


def rounds_of(first: Round) -> list[int]:
    """Return the ids of a round of `first_rounds` and of its second one, if there is one."""
    second: Round | None = getattr(first, "second", None)
    return [first.pk] if second is None else [first.pk, second.pk]


def _ballots(
    rounds: Mapping[int, Round], judge: _Judge, users: Collection[people.Key] | None
) -> dict[int, dict[people.Key, Ballot]]:
    found: dict[int, dict[people.Key, Ballot]] = defaultdict(dict)
    # Students who did the same share a ballot.
    made: dict[tuple[int, str, int | None, bool], Ballot] = {}
    for pk, user, *given in _votes(rounds, users).values_list(*_GIVEN):
        choice, confidence, has_reason = given
        first = rounds[pk].first_id or pk
        same = first, choice, confidence, bool(has_reason)
        if same not in made:
            made[same] = Ballot(
                choice=choice,
                right=judge(first, choice),
                confidence=confidence,
                seconds=None,
                has_reason=bool(has_reason),
            )
        found[pk][user] = made[same]
    return found


def _timed_ballots(
    rounds: Mapping[int, Round], judge: _Judge, users: Collection[people.Key] | None
) -> dict[int, dict[people.Key, Ballot]]:
    found: dict[int, dict[people.Key, Ballot]] = defaultdict(dict)
    rows = _votes(rounds, users).values_list(*_GIVEN, "cast_at")
    for pk, user, choice, confidence, has_reason, cast_at in rows:
        found[pk][user] = Ballot(
            choice=choice,
            right=judge(rounds[pk].first_id or pk, choice),
            confidence=confidence,
            seconds=max((cast_at - rounds[pk].opened_at).total_seconds(), 0.0),
            has_reason=bool(has_reason),
        )
    return found


_GIVEN = ("round", "user", "choice", "confidence", "has_reason")


def _votes(rounds: Collection[int], users: Collection[people.Key] | None) -> QuerySet[Vote]:
    votes = Vote.objects.filter(round__in=list(rounds))
    if users is not None:
        votes = votes.filter(user__in=users)
    # The reasons themselves would be most of what is read.
    reasoned = votes.annotate(has_reason=ExpressionWrapper(~Q(rationale=""), BooleanField()))
    return reasoned.order_by("cast_at", "pk")


def _places(
    firsts: Collection[int], users: Collection[people.Key] | None, messages: bool
) -> dict[int, dict[people.Key, tuple[int, int]]]:
    """Return the groups of the partners of these rounds, and the numbers of their messages."""
    partners = Partner.objects.filter(round__in=firsts)
    if users is not None:
        partners = partners.filter(user__in=users)
    rows = partners.order_by("group", "pk").values_list("round", "user", "group")
    found: dict[int, dict[people.Key, tuple[int, int]]] = defaultdict(dict)
    for round_, user, group, count in rows.annotate(
        written=written_to_group() if messages else Value(0)
    ):
        found[round_][user] = group, count
    return found
