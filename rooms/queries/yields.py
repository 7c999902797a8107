"""The yield of pairings in a course."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts import people
from rooms.models import Course, Partner, PartnerGroup, Question, Round, Vote
from rooms.peer.yields import Case, Yield, yields

ROUNDS = 300
"""The most questions that are counted, the last ones."""
AT_ONCE = 20
"""Questions whose votes are read at once, which bounds the memory."""


def yields_of(
    course: Course,
    *,
    question: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[int, list[Yield]]:
    """Return the number of questions that are counted, and the yields of the groups of a course.

    `question` is the slug of the only question to count. `since` (inclusive) and `until` are times
    at which a question was posed. Counted are the last ROUNDS questions on which groups talked,
    that were voted on twice and whose right answer is known.
    """
    posed = _posed(course, question, since, until)
    return len(posed), yields(_cases(posed))


def questions_of(course: Course) -> QuerySet[Question]:
    """Return the questions of a course that were voted on twice, in their order."""
    twice = Round.objects.filter(session__course=course, number=2)
    return Question.objects.filter(pk__in=twice.values("question"))


def _posed(
    course: Course, question: str, since: datetime | None, until: datetime | None
) -> list[Round]:
    """Return the first rounds to count, newest first, each with its second one."""
    grouped = PartnerGroup.objects.filter(round=OuterRef("pk"), voters__isnull=False)
    found = Round.objects.filter(
        Exists(grouped), session__course=course, number=1, second__closed_at__isnull=False
    ).select_related("question", "version", "second")
    if question:
        found = found.filter(question__slug=question)
    if since is not None:
        found = found.filter(opened_at__gte=since)
    if until is not None:
        found = found.filter(opened_at__lt=until)
    last = found.order_by("-opened_at", "-pk")[:ROUNDS]
    return [one for one in last if one.asked.key.correct is not None]


def _cases(posed: list[Round]) -> Iterator[Case]:
    for start in range(0, len(posed), AT_ONCE):
        yield from _cases_of(posed[start : start + AT_ONCE])


def _cases_of(posed: Iterable[Round]) -> Iterator[Case]:
    firsts = {one.pk: one for one in posed}
    members: dict[int, list[people.Key]] = defaultdict(list)
    places = Partner.objects.filter(group__round__in=firsts)
    for group_id, user in places.values_list("group", "user").order_by():
        members[group_id].append(user)
    answers: dict[int, dict[people.Key, str]] = defaultdict(dict)
    rounds = [*firsts, *(one.second.pk for one in firsts.values())]
    votes = Vote.objects.filter(round__in=rounds)
    for round_id, user, choice in votes.values_list("round", "user", "choice").order_by():
        answers[round_id][user] = choice
    # Groups of versions that noted nothing have no voters.
    noted = PartnerGroup.objects.filter(round__in=firsts, voters__isnull=False)
    for group in noted.order_by("round", "number"):
        first = firsts[group.round_id]
        key = first.asked.key
        before, after = answers[first.pk], answers[first.second.pk]
        yield Case(
            question=first.pk,
            method=group.method,
            size=group.size or len(members[group.pk]),
            voters=group.voters or 0,
            is_mixed=bool(group.is_mixed),
            right=group.right,
            confidence_gap=group.confidence_gap,
            place=group.place,
            pairs=tuple(
                (
                    key.is_right(before[user]),
                    key.is_right(after[user]),
                    key.group(before[user]) != key.group(after[user]),
                )
                for user in members[group.pk]
                if user in before and user in after
            ),
        )
