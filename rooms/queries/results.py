"""The results of a class: figures, votes and the use log."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Prefetch, Q, QuerySet, Sum
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Course,
    PartnerGroup,
    Question,
    Round,
    UseLog,
    Vote,
)
from rooms.peer import phases
from rooms.peer.phases import Phase
from rooms.permissions import enrolled, leading
from rooms.queries.classroom import class_session, correct_choice, histograms, rounds
from rooms.queries.presence import online_students
from rooms.queries.questions import may_set_correct, reveals, versions_at
from rooms.queries.slugs import find_question
from rooms.wire.figures import FiguresBody, Transitions


def figures_for(user: User, slug: str) -> FiguresBody:
    """Return the live figures for a user who leads the course. Raises PermissionDenied."""
    return figures(leading(user, slug).course)


def figures(course: Course) -> FiguresBody:
    """Return the live figures of a course's class."""
    session = class_session(course)
    online = len(online_students(course))
    if session is None or session.current_round is None:
        return FiguresBody(
            online=online,
            votes=[0, 0],
            histograms=[{}, {}],
            groups=0,
            silent_groups=0,
            messages=0,
            transitions=None,
            gain=None,
            correct=None,
        )
    counts = histograms(session)
    first, second = rounds(session)
    talk = PartnerGroup.objects.filter(round=first).aggregate(
        groups=Count("id"),
        silent=Count("id", filter=Q(room__last_seq=0)),
        messages=Sum("room__last_seq"),
    )
    matrix, gain = None, None
    if first is not None and second is not None and session.phase != Phase.REVOTE:
        matrix, gain = _comparison(session, first, second)
    return FiguresBody(
        online=online,
        votes=[sum(count.values()) for count in counts],
        histograms=counts,
        groups=talk["groups"],
        silent_groups=talk["silent"],
        messages=talk["messages"] or 0,
        transitions=matrix,
        gain=gain,
        correct=correct_choice(session),
        may_set_correct=may_set_correct(session.current_round.asked),
        bars=session.shows_bars,
    )


def _comparison(
    session: ClassSession, first: Round, second: Round
) -> tuple[Transitions | None, float | None]:
    correct = correct_choice(session)
    if correct is None:
        return None, None
    before = dict(first.votes.values_list("user_id", "choice"))
    after = dict(second.votes.values_list("user_id", "choice"))
    twice = before.keys() & after.keys()
    matrix = phases.transition_matrix(
        (before[user] == correct, after[user] == correct) for user in twice
    )
    gain = phases.normalised_gain(
        matrix["right_right"] + matrix["right_wrong"],
        matrix["right_right"] + matrix["wrong_right"],
        len(twice),
    )
    return Transitions(**matrix), gain


@dataclass(frozen=True, slots=True)
class ChoiceResult:
    """A choice of a question and its votes in the first and the second round."""

    letter: str
    text: str
    is_correct: bool
    votes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Results:
    """The results that the last reveal of a question showed to the class."""

    course: str
    question: str
    prompt: str
    choices: tuple[ChoiceResult, ...]
    revealed_at: datetime

    @property
    def correct(self) -> str | None:
        """The letter of the right choice; None for a question without a known right answer."""
        return next((choice.letter for choice in self.choices if choice.is_correct), None)

    @property
    def votes(self) -> tuple[int, int]:
        """The votes of the first and the second round; 0 for a round that there was not."""
        first, second = zip(*(choice.votes for choice in self.choices), strict=True)
        return sum(first), sum(second)


def revealed_results(user: User, slug: str, question: str) -> Results | None:
    """The results of a question, for a member of the course; None until they were revealed.

    While the class is at the question again, there are none for anybody until the next reveal.
    Raises PermissionDenied for one who is not in the course.
    """
    course = enrolled(user, slug).course
    found = find_question(course, question)
    if found is None:
        return None
    session = class_session(course)
    if session is not None and session.phase not in (Phase.IDLE, Phase.REVEALED):
        assert session.current_round is not None
        if session.current_round.question_id == found.pk:
            return None
    reveal = reveals(course).filter(control__question__question=found.slug).last()
    if reveal is None or reveal.control is None:
        return None
    asked = versions_at([found], {found.slug: reveal.created_at}).get(found.pk)
    if asked is None:
        return None
    first, second = reveal.control["histograms"]
    return Results(
        course=course.slug,
        question=found.slug,
        prompt=asked.prompt,
        choices=tuple(
            ChoiceResult(
                **choice, votes=(first.get(choice["letter"], 0), second.get(choice["letter"], 0))
            )
            for choice in asked.choices
        ),
        revealed_at=reveal.created_at,
    )


ROUNDS_LIMIT = 200
"""The most rounds of a class session that are returned, the last ones."""


def class_sessions(course: Course) -> QuerySet[ClassSession]:
    """Return the class sessions of a course with their `last_rounds`, both newest first."""
    rounds_ = Round.objects.select_related("question", "version")
    last = rounds_.order_by("-opened_at", "-pk")[:ROUNDS_LIMIT]
    return (
        ClassSession.objects.filter(course=course)
        .prefetch_related(Prefetch("rounds", last, to_attr="last_rounds"))
        .order_by("-started_at", "-pk")
    )


def vote_counts(of: Iterable[Round]) -> dict[int, dict[str, int]]:
    """Return the votes for each choice that has any, by the rounds' ids."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    votes = Vote.objects.filter(round__in=[r.pk for r in of])
    for round_id, choice, n in (
        votes.values_list("round_id", "choice").annotate(n=Count("id")).order_by("choice")
    ):
        counts[round_id][choice] = n
    return counts


def my_votes(user: User, course: Course) -> QuerySet[Vote]:
    """Return the votes of the user in the course, newest first."""
    return (
        Vote.objects.filter(user=user, round__session__course=course)
        .select_related("round__question")
        .order_by("-cast_at", "-pk")
    )


def use_log(
    course: Course, *, since: datetime | None, until: datetime | None
) -> list[QuerySet[UseLog]]:
    """Return the rows of a course's use log from `since` (inclusive) until `until` or now.

    They are in two parts, each in its order: those with the course's id; and those without an id
    that have the course's slug, or one that it had before, and are no older than the course.
    """
    now = timezone.now()
    slugs = [course.slug, *course.former_slugs.values_list("slug", flat=True)]
    parts = []
    for rows in (
        UseLog.objects.filter(in_course=course),
        UseLog.objects.filter(
            in_course=None, course_id__in=slugs, timestamp__gte=course.created_at
        ),
    ):
        part = rows.filter(timestamp__lt=min(until or now, now))
        if since is not None:
            part = part.filter(timestamp__gte=since)
        parts.append(part.order_by("timestamp", "pk"))
    return parts


def usernames(keys: Collection[int | str]) -> dict[int | str, str]:
    """Return the usernames of users, by their ids as JSON has them."""
    found = people.everybody().filter(pk__in=keys).order_by()
    return {
        people.as_plain(key): str(name) for key, name in found.values_list("pk", people.by_name())
    }


def question_slugs(keys: Collection[int]) -> dict[int, str]:
    """Return the slugs of questions by id."""
    return dict(Question.objects.filter(pk__in=keys).order_by().values_list("pk", "slug"))


def first_names(course: Course) -> dict[people.Key, tuple[int, str]]:
    """Return the id and the name of the first row of each user in a course's use log."""
    first = (
        UseLog.objects.filter(in_course=course)
        .exclude(user=None)
        .order_by()
        .values("user")
        .annotate(first=Min("pk"))
        .values("first")
    )
    rows = UseLog.objects.filter(pk__in=first)
    return {user: (pk, sid) for user, pk, sid in rows.values_list("user_id", "pk", "sid")}
