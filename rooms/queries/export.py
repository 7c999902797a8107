"""All that a course has, as the rows of the tables of an export (`peer.export_tables`).

Rows are read in batches, each by one query with an index, and none waits for another. So a course
of any size takes little memory, and no database connection while a client reads. What is written
meanwhile may be missing; rounds that close after the beginning, and messages that are written after
it, are left out altogether.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Conviction,
    Course,
    Enrollment,
    Guest,
    Partner,
    PartnerGroup,
    Question,
    QuestionVersion,
    Round,
    Vote,
)
from rooms.queries import export_outside, marks
from rooms.queries.export_messages import messages
from rooms.queries.export_pages import Batch, objects, pages
from rooms.queries.export_people import People
from rooms.queries.posed import written_to_group

ROUNDS = 100
"""Rounds, versions and enrolments that are read at once, with what belongs to each."""
STUDENTS = 100
"""Students whose marks are computed at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is exported: a course at a time, with its people as they are called there."""

    course: Course
    people: People
    at: datetime
    research: bool


def rows(scope: Scope, table: str) -> Iterator[Batch]:
    """Return the rows of a table in batches, with the values in the order of its columns.

    Some batches may be empty.
    """
    return _TABLES[table](scope)


def _course(scope: Scope) -> Iterator[Batch]:
    one = scope.course
    yield [
        (
            *(one.slug, one.title, one.created_at, one.archived_at),
            *(scope.at, scope.people.names, scope.research),
        )
    ]


def _people(scope: Scope) -> Iterator[Batch]:
    found = Enrollment.objects.filter(course=scope.course).select_related("user")
    for enrolments in objects(found, ROUNDS):
        guests = set(
            Guest.objects.filter(user__in=[one.user_id for one in enrolments]).values_list(
                "user", flat=True
            )
        )
        yield [
            (
                scope.people.of(one.user_id),
                one.role,
                people.shown_name(one.user) if scope.people.names else None,
                _address(one.user) if scope.people.names else None,
                one.user_id in guests,
                *(one.joined_at, one.shares_reasons_since, one.in_research_since),
            )
            for one in enrolments
            if scope.people.has(one.user_id)
        ]


def _address(user: User) -> str:
    return str(getattr(user, type(user).get_email_field_name(), "") or "")


def _sessions(scope: Scope) -> Iterator[Batch]:
    for page in pages(
        ClassSession.objects.filter(course=scope.course, started_at__lte=scope.at),
        *("started_at", "ended_at", "has_pseudonyms"),
    ):
        yield [(*row, row[0] in scope.people.nameless) for row in page]


def _questions(scope: Scope) -> Iterator[Batch]:
    yield from pages(
        Question.objects.filter(course=scope.course),
        *("slug", "title", "kind", "prompt", "tags", "position", "quick", "is_draft"),
        *("twin_of", "lineage", "created_at"),
    )


def _versions(scope: Scope) -> Iterator[Batch]:
    versions = QuestionVersion.objects.filter(question__course=scope.course)
    for found in objects(versions, ROUNDS):
        yield [_version(one) for one in found]
    # Rounds of earlier versions of peerchat have none, so they ask the question as it is now.
    bare = Round.objects.filter(session__course=scope.course, version=None).order_by()
    questions = Question.objects.filter(pk__in=bare.values("question"))
    for kept in objects(questions.prefetch_related("choices"), ROUNDS):
        yield [_version(QuestionVersion.of(one)) for one in kept]


def _version(one: QuestionVersion) -> tuple[Any, ...]:
    answer = one.answer
    return (
        *(one.pk, one.question_id, one.number, one.kind, one.prompt, one.choices),
        *(answer.get("number"), answer.get("tolerance"), answer.get("unit")),
        *(answer.get("accepted"), one.explanation, one.follow_up, one.created_at),
    )


def _rounds(scope: Scope) -> Iterator[Batch]:
    for found in _closed(scope):
        yield [
            (
                *(one.pk, one.session_id, one.question_id, one.version_id, one.number),
                *(one.first_id, one.twin_of_id, one.opened_at, one.closed_at),
            )
            for one in found
        ]


def _votes(scope: Scope) -> Iterator[Batch]:
    for found in _closed(scope):
        for one in found:
            key, session = one.asked.key, one.session_id
            votes = Vote.objects.filter(round=one)
            for page in pages(votes, "user", "choice", "confidence", "rationale", "cast_at"):
                scope.people.learn([row[1] for row in page])
                yield [
                    (
                        *(pk, one.pk, scope.people.of(user, session), choice),
                        None if key.correct is None else key.is_right(choice),
                        *(confidence, scope.people.text(reason, session), cast_at),
                        max((cast_at - one.opened_at).total_seconds(), 0.0),
                    )
                    for pk, user, choice, confidence, reason, cast_at in page
                    if scope.people.has(user)
                ]


def _groups(scope: Scope) -> Iterator[Batch]:
    for found in _closed(scope):
        for one in found:
            groups = PartnerGroup.objects.filter(round=one).annotate(members=Count("partners"))
            yield from pages(
                groups,
                *("round", "number", "room", "formed_at", "members", "method", "size", "voters"),
                *("is_mixed", "right", "confidence_gap", "repeats", "place", "offered"),
            )


def _partners(scope: Scope) -> Iterator[Batch]:
    for found in _closed(scope):
        for one in found:
            places = Partner.objects.filter(round=one).annotate(written=written_to_group())
            for page in pages(places, "group", "user", "written"):
                scope.people.learn([row[2] for row in page])
                yield [
                    (group, one.pk, scope.people.of(user, one.session_id), count)
                    for _, group, user, count in page
                    if scope.people.has(user)
                ]


def _messages(scope: Scope) -> Iterator[Batch]:
    return messages(scope.course, scope.people, scope.at)


def _convictions(scope: Scope) -> Iterator[Batch]:
    for found in _closed(scope):
        for one in found:
            said = Conviction.objects.filter(round=one)
            for page in pages(said, "user", "by", "message", "vote", "said_at"):
                scope.people.learn([row[1] for row in page])
                yield [
                    (one.pk, scope.people.of(user, one.session_id), *rest)
                    for _, user, *rest in page
                    if scope.people.has(user)
                ]


def _marks(scope: Scope) -> Iterator[Batch]:
    found = Enrollment.objects.filter(course=scope.course, role=Enrollment.Role.STUDENT)
    for page in pages(found, "user"):
        kept = [user for _, user in page if scope.people.has(user)]
        for start in range(0, len(kept), STUDENTS):
            yield [
                (
                    scope.people.of(one.enrollment.user_id),
                    *(float(one.mark.reached), float(one.mark.possible)),
                    *(one.mark.share, float(one.mark.mark)),
                )
                for one in marks.of(scope.course, users=kept[start : start + STUDENTS])
            ]


def _closed(scope: Scope) -> Iterator[list[Round]]:
    """Return the rounds that were closed when the export began, class by class."""
    sessions = ClassSession.objects.filter(course=scope.course, started_at__lte=scope.at)
    for (session,) in (row for page in pages(sessions) for row in page):
        closed = Round.objects.filter(session=session, closed_at__lte=scope.at)
        yield from objects(closed.select_related("question", "version"), ROUNDS)


_TABLES: dict[str, Callable[[Scope], Iterator[Batch]]] = {
    "course": _course,
    "people": _people,
    "sessions": _sessions,
    "questions": _questions,
    "versions": _versions,
    "rounds": _rounds,
    "votes": _votes,
    "groups": _groups,
    "partners": _partners,
    "messages": _messages,
    "convictions": _convictions,
    "releases": lambda scope: export_outside.releases(scope.course),
    "seeds": lambda scope: export_outside.seeds(scope.course, scope.people),
    "takes": lambda scope: export_outside.takes(scope.course, scope.people),
    "marks": _marks,
    "shown_reasons": lambda scope: export_outside.shown_reasons(scope.course, scope.people),
}
