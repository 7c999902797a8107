"""The results of a class: figures, votes and the use log."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Prefetch, QuerySet
from django.utils import timezone
from msgspec import UNSET, structs

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Course,
    Question,
    Round,
    UseLog,
    Vote,
)
from rooms.peer import phases
from rooms.peer.answers import AnswerKey
from rooms.peer.phases import OPEN_PHASES, Phase
from rooms.permissions import leading
from rooms.queries import flags, steps
from rooms.queries.arguments import arguments
from rooms.queries.classroom import class_session, rounds, votes_of
from rooms.queries.places import places
from rooms.queries.presence import online_students
from rooms.queries.questions import may_set_correct
from rooms.queries.talk import tally
from rooms.queries.twins import twin_offer, twin_result
from rooms.wire.figures import FiguresBody, Transitions


def figures_for(user: User, slug: str) -> FiguresBody:
    """Return the live figures for a user who leads the course. Raises PermissionDenied."""
    return figures(leading(user, slug).course)


@dataclass(frozen=True, slots=True)
class Counted:
    """The live figures of a class, with the class as it was when they were read."""

    body: FiguresBody
    course: Course
    session: ClassSession | None = None


_STANDS = ("ended_at", "revision", "phase", "epoch", "deadline", "bars_epoch", "current_round_id")
"""What tells whether the class is where it was."""


def recounted(counted: Counted) -> Counted | None:
    """Return figures with the votes of now, if nothing but votes has changed since they were read.

    It costs two short queries. None means that all figures have to be read: the vote is not open
    any more, or something has happened in the class. So the figures of a closed vote are never
    made this way.
    """
    session = counted.session
    if session is None or session.phase not in OPEN_PHASES:
        return None
    stands = ClassSession.objects.filter(pk=session.pk).values_list(*_STANDS).first()
    if stands != tuple(getattr(session, name) for name in _STANDS):
        return None
    found, before = votes_of(session), counted.body
    changed: dict[str, Any] = {
        "votes": found.votes,
        "histograms": found.histograms,
        "right": found.right,
        "right_votes": UNSET if (right := found.right_votes) is None else right,
        "next": steps.next_step(
            counted.course, session, found, here=before.online, groups=before.groups
        ),
    }
    return Counted(structs.replace(before, **changed), counted.course, session)


def figures(course: Course) -> FiguresBody:
    """Return the live figures of a course's class."""
    return counted(course).body


def counted(course: Course) -> Counted:
    """Return the live figures of a course's class, and the class."""
    session = class_session(course)
    online = len(online_students(course))
    flagged = flags.count(course)
    where = places(course)
    if session is None or session.current_round is None:
        body = FiguresBody(
            online=online,
            votes=[0, 0],
            histograms=[{}, {}],
            groups=0,
            silent_groups=0,
            messages=0,
            transitions=None,
            gain=None,
            correct=None,
            flags=flagged or UNSET,
            places=where,
            next=steps.next_step(course, session, here=online),
        )
        return Counted(body, course)
    found = votes_of(session)
    first, second = rounds(session)
    assert first is not None
    groups, silent_groups, messages = tally(first)
    matrix, gain = None, None
    if second is not None and session.phase != Phase.REVOTE:
        matrix, gain = _comparison(found.key, first, second)
    body = FiguresBody(
        online=online,
        votes=found.votes,
        histograms=found.histograms,
        groups=groups,
        silent_groups=silent_groups,
        messages=messages,
        transitions=matrix,
        gain=gain,
        correct=found.key.correct,
        may_set_correct=may_set_correct(session.current_round.asked),
        bars=session.shows_bars,
        kind=found.key.kind.value,
        right=found.right,
        right_votes=UNSET if (right := found.right_votes) is None else right,
        tolerance=found.key.tolerance or UNSET,
        flags=flagged or UNSET,
        arguments=arguments(course, session) or UNSET,
        twin=twin_offer(session) or UNSET,
        twin_of=twin_result(session) or UNSET,
        places=where,
        next=steps.next_step(course, session, found, here=online, groups=groups),
    )
    return Counted(body, course, session)


def _comparison(
    key: AnswerKey, first: Round, second: Round
) -> tuple[Transitions | None, float | None]:
    if key.correct is None:
        return None, None
    before = dict(first.votes.values_list("user_id", "choice"))
    after = dict(second.votes.values_list("user_id", "choice"))
    twice = before.keys() & after.keys()
    matrix = phases.transition_matrix(
        (key.is_right(before[user]), key.is_right(after[user])) for user in twice
    )
    gain = phases.normalised_gain(
        matrix["right_right"] + matrix["right_wrong"],
        matrix["right_right"] + matrix["wrong_right"],
        len(twice),
    )
    return Transitions(**matrix), gain


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
