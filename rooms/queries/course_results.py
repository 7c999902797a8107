"""What came of the questions of a course, for those who lead it: sums, and the reasons given.

Everything is computed from `queries.posed` and `queries.released` by `peer.results`. The figures
are sums over a class. Only `reasons` tells of single students, and their names only of classes
that are not nameless.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts import people
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Question,
    QuestionVersion,
    Release,
    Round,
    Vote,
)
from rooms.peer import bars
from rooms.peer.posed import Posed
from rooms.peer.results import Figures, Item, Sums, Term, figures, items, items_of, sums, term
from rooms.queries.posed import first_rounds, posed, scores
from rooms.queries.released import of_releases, released

MOST = 300
"""The most questions posed that are counted, the last ones."""
QUESTIONS = 30
"""Questions of a page."""
TIMES = 10
"""The most times that a question was posed which are told one by one, the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question with all times that it was posed in class, or all that it was released."""

    question: Question
    times: int
    last: datetime
    sums: Sums
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A question that was posed once, as it was asked then, with its figures and bars."""

    asked: QuestionVersion
    posed: Posed
    figures: Figures
    bars: tuple[dict[str, int], dict[str, int]]
    right_bars: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The results of a course over some time, with one page of its questions, newest first.

    `counted` questions were posed in class; `is_cut` tells that earlier ones are left out.
    """

    term: Term
    counted: int
    is_cut: bool
    rows: tuple[Row, ...]
    page: int
    pages: int
    questions: int
    released: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResults:
    """All that came of one question: each time that it was posed and released, newest first."""

    question: Question
    item: Item | None
    times: tuple[Time, ...]
    releases: tuple[Time, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResults:
    """What came of one class, with its questions in the order of posing."""

    session: ClassSession
    term: Term
    times: tuple[Time, ...]


def students(course: Course) -> dict[people.Key, datetime]:
    """Return when the students of a course, of whom shares are told, joined it."""
    found = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    return dict(found.order_by().values_list("user", "joined_at"))


def overview(
    course: Course,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
) -> Overview:
    """Return the results of a course from `since` (inclusive) until `until`, times of posing."""
    rounds = _last(first_rounds(course, since=since, until=until), MOST + 1)
    is_cut = len(rounds) > MOST
    found = list(posed(rounds[:MOST], messages=True, times=False))
    of = _by_question(found)
    newest = sorted(of, key=lambda pk: max((one.at, one.pk) for one in of[pk]), reverse=True)
    pages = max(1, -(-len(newest) // QUESTIONS))
    page = min(max(page, 1), pages)
    outside = list(released(course, since=since, until=until, messages=True, times=False))
    return Overview(
        term=term(found, students(course)),
        counted=len(found),
        is_cut=is_cut,
        rows=_rows(of, newest[(page - 1) * QUESTIONS : page * QUESTIONS], items(found)),
        page=page,
        pages=pages,
        questions=len(newest),
        # Those outside class are never pooled with those in class.
        released=_rows(by := _by_question(outside), list(by)[:QUESTIONS], items(outside)),
    )


def of_question(course: Course, question: Question) -> QuestionResults:
    """Return what came of a question of the course, the last TIMES of it in class and outside."""
    rounds = _last(first_rounds(course, question=question.pk), TIMES)
    releases = Release.objects.filter(course=course, question=question, withdrawn_at=None)
    chosen = list(
        releases.select_related("question", "version").order_by("-opens_at", "-pk")[:TIMES]
    )
    # The other questions tell what the students know otherwise.
    known = scores(_last(first_rounds(course), MOST))
    return QuestionResults(
        question=question,
        item=items_of(known, [question.pk]).get(question.pk),
        times=_times(rounds, posed(rounds, messages=True)),
        releases=tuple(
            _time(release.version, one)
            for release, one in zip(chosen, of_releases(chosen, messages=True), strict=True)
        ),
    )


def of_session(course: Course, session: ClassSession) -> SessionResults:
    """Return what came of a class of the course."""
    rounds = first_rounds(course, session=session.pk)[:MOST]
    times = _times(rounds, posed(rounds, messages=True))
    return SessionResults(
        session=session,
        term=term((one.posed for one in times), students(course)),
        times=times,
    )


def sessions_of(course: Course, pks: Iterable[int | None]) -> dict[int, ClassSession]:
    """Return these classes of a course by id."""
    wanted = [pk for pk in pks if pk is not None]
    return ClassSession.objects.filter(course=course).in_bulk(wanted)


def reasons(first: Round, choice: str | None = None) -> QuerySet[Vote]:
    """Return the votes with a reason in both rounds of a question, or those for one answer.

    They are in an order from which nobody can conclude who gave them when.
    """
    rounds = [first.pk, *Round.objects.filter(first=first).values_list("pk", flat=True)]
    found = Vote.objects.filter(round__in=rounds).exclude(rationale="")
    if choice is not None:
        found = found.filter(choice=choice)
    return found.select_related("round", "user").order_by("choice", "rationale", "pk")


def reasoned(first: Round) -> dict[str, int]:
    """Return how many reasons were given for each answer in both rounds of a question."""
    return dict(sorted(Counter(reasons(first).values_list("choice", flat=True)).items()))


def _last(rounds: QuerySet[Round], most: int) -> QuerySet[Round]:
    """Return the last of some rounds, newest first."""
    return rounds.reverse()[:most]


def _by_question(many: Iterable[Posed]) -> dict[int, list[Posed]]:
    found: dict[int, list[Posed]] = defaultdict(list)
    for one in many:
        found[one.question].append(one)
    return found


def _rows(
    of: dict[int, list[Posed]], wanted: Sequence[int], told: dict[int, Item]
) -> tuple[Row, ...]:
    questions = Question.objects.in_bulk(wanted)
    return tuple(
        Row(
            question=questions[pk],
            times=len(of[pk]),
            last=max(one.at for one in of[pk]),
            sums=sums(of[pk]),
            item=told[pk],
        )
        for pk in wanted
        if pk in questions
    )


def _times(rounds: QuerySet[Round], found: Iterable[Posed]) -> tuple[Time, ...]:
    # The rounds were read once, for `posed`, which keeps their order.
    told = list(found)
    return tuple(_time(first.asked, one) for first, one in zip(rounds, told, strict=True))


def _time(asked: QuestionVersion, one: Posed) -> Time:
    given = [
        Counter(answers.first.choice for answers in one.answers if answers.first is not None),
        Counter(answers.second.choice for answers in one.answers if answers.second is not None)
        if one.is_twice
        else None,
    ]
    first, second = bars.tally(one.key, given)
    return Time(
        asked=asked,
        posed=one,
        figures=figures(one),
        bars=(first, second),
        right_bars=tuple(bars.right_bars(one.key, first)),
    )
