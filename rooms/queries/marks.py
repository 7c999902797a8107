"""The marks of a course, computed anew whenever somebody asks.

`of` is the one function behind the pages, the files and the API.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import people
from accounts.text import name_key
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    MarkRules,
    QuestionVersion,
    Release,
    Round,
)
from rooms.peer import marks
from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.marks import Mark, Part, Rules
from rooms.peer.posed import Posed
from rooms.queries import takes
from rooms.queries.anonymity import nameless_sessions
from rooms.queries.posed import posed
from rooms.queries.released import released
from rooms.queries.releases import GRACE
from rooms.queries.shown import shown_rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A student of a course with their mark."""

    user: Any
    enrollment: Enrollment
    mark: Mark

    @property
    def name(self) -> str:
        """The name of the student that others see."""
        return people.shown_name(self.user)


def of(course: Course, *, users: Collection[people.Key] | None = None) -> list[Marked]:
    """Return the marks of the students of a course, or of some users, by their shown names."""
    found = students(course, users=users)
    return _of(course, found, None if users is None else [one.user_id for one in found])


def own(user: people.User, course: Course) -> Marked:
    """Return the mark of a student of a course as they see it themselves.

    Right answers to a question that they are still to answer outside class do not count in it, as
    points would tell which are right.
    """
    (found,) = students(course, users=[user.pk])
    untold = takes.untold(user, course)
    asked = [
        _unjudged(one)
        if one.pk in untold.releases or (not one.is_release and one.question in untold.questions)
        else one
        for one in _asked(course, [user.pk])
    ]
    return _marked(course, [found], asked)[0]


def _unjudged(one: Posed) -> Posed:
    """Return a question as if nobody knew what is right."""
    return replace(one, key=AnswerKey(kind=Kind.POLL))


def of_students(course: Course, found: Sequence[Enrollment]) -> list[Marked]:
    """Return the marks of some students of a course, in the order of their enrolments."""
    return _of(course, found, [one.user_id for one in found])


def _of(
    course: Course, found: Sequence[Enrollment], users: Collection[people.Key] | None
) -> list[Marked]:
    return _marked(course, found, _asked(course, users))


def _marked(course: Course, found: Sequence[Enrollment], asked: Sequence[Posed]) -> list[Marked]:
    computed = marks.marks(
        rules_of(course),
        asked,
        {one.user_id: one.joined_at for one in found},
        nameless_sessions(course),
        due=_due(course),
    )
    return [Marked(user=one.user, enrollment=one, mark=computed[one.user_id]) for one in found]


def students(course: Course, *, users: Collection[people.Key] | None = None) -> list[Enrollment]:
    """Return the enrolments of the students of a course with their users, by shown name."""
    found = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    if users is not None:
        found = found.filter(user__in=users)
    return sorted(
        found.select_related("user"),
        key=lambda one: (name_key(people.shown_name(one.user)), one.pk),
    )


def student(course: Course, enrollment: int) -> Enrollment | None:
    """Return the enrolment of a student of a course with the user, by its id."""
    # No column holds a larger number.
    if enrollment >= 2**63:
        return None
    found = Enrollment.objects.filter(pk=enrollment, course=course, role=Enrollment.Role.STUDENT)
    return found.select_related("user").first()


def rules_of(course: Course) -> Rules:
    """Return the rules by which a course is marked."""
    return as_rules(MarkRules.of(course))


def as_rules(stored: MarkRules) -> Rules:
    """Return rules as the computation takes them."""
    return Rules(
        first_vote=stored.first_vote,
        second_vote=stored.second_vote,
        message=stored.message,
        right_first=stored.right_first,
        right_second=stored.right_second,
        dropped=stored.dropped,
        drops_sessions=stored.dropped_of == MarkRules.Lowest.SESSION,
        enough=stored.enough,
        full_mark=stored.full_mark,
        released=stored.released,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A part of a mark with the question as it was asked, and when."""

    part: Part
    asked: QuestionVersion
    at: datetime


def made_of(parts: Sequence[Part]) -> list[Made]:
    """Return the questions behind parts of a mark, in the same order."""
    rounds = Round.objects.filter(pk__in=[one.pk for one in parts if not one.is_release])
    releases = Release.objects.filter(pk__in=[one.pk for one in parts if one.is_release])
    found: dict[tuple[bool, int], tuple[QuestionVersion, datetime]] = {}
    for round_ in rounds.select_related("question", "version"):
        found[False, round_.pk] = round_.asked, round_.opened_at
    for release in releases.select_related("question", "version"):
        release.version.question = release.question
        found[True, release.pk] = release.version, release.opens_at
    return [
        Made(part=part, asked=asked, at=at)
        for part in parts
        for asked, at in (found[part.is_release, part.pk],)
    ]


def _asked(course: Course, users: Collection[people.Key] | None) -> list[Posed]:
    # A nameless class that is on would tell by the change of a sum who has just voted.
    running = ClassSession.objects.filter(
        course=course, has_pseudonyms=True, lecturers_know=False, ended_at=None
    )
    rounds = shown_rounds(course).exclude(session__in=running.values("pk"))
    secret = _secret(course)
    return [
        *posed(rounds, users=users, messages=True, times=False),
        *(
            one
            for one in released(course, users=users, messages=True, times=False)
            if one.pk not in secret
        ),
    ]


def _secret(course: Course) -> frozenset[int]:
    """Return the releases whose result nobody is told yet, as marks would tell it."""
    found = Release.objects.filter(
        course=course, reveals=Release.Reveals.WHEN_DUE, due_at__gt=timezone.now() - GRACE
    )
    return frozenset(found.order_by().values_list("pk", flat=True))


def _due(course: Course) -> dict[int, datetime]:
    found = Release.objects.filter(
        course=course, withdrawn_at=None, due_at__lte=timezone.now() - GRACE
    ).order_by()
    return {pk: due for pk, due in found.values_list("pk", "due_at") if due is not None}
