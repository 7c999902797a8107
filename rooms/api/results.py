"""The endpoints for what came of the questions of a course."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.api import serializers
from rooms.api.bodies import Strict
from rooms.api.endpoint import Endpoint, asked
from rooms.api.schema import READING, extend_schema, query, refusals
from rooms.peer import results
from rooms.peer.phases import TransitionMatrix
from rooms.queries import course_results, lineage
from rooms.queries.course_results import Row, Time
from rooms.queries.slugs import find_question
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.fields import Moment
from rooms.wire.figures import Transitions


class ResultsQuery(Strict, frozen=True, kw_only=True):
    """Only questions posed from `since` on and before `until` count; `page` is that of the list."""

    since: Moment | None = None
    until: Moment | None = None
    page: Annotated[int, Meta(ge=1, le=1000)] = 1


class SumsBody(Struct, frozen=True, kw_only=True):
    """The figures of several questions together. Pairs are of the first and the second vote.

    `right` of the `judged` votes are right; the others are on questions without a known right
    answer. `moves` and `gain` are of those who voted twice. Of those who had `partners`, some
    `talked`. All count a student once for each question.
    """

    posed: int
    twice: int
    votes: list[int]
    judged: list[int]
    right: list[int]
    moves: Transitions | None
    gain: float | None
    partners: int
    talked: int


class ClassResult(Struct, frozen=True, kw_only=True):
    """The figures of one class, in which `took_part` students of the course voted.

    They are some of the `students` who were in the course when a question of the class was posed.
    """

    session: int | None
    at: float
    students: int
    took_part: int
    sums: SumsBody


class QuestionRow(Struct, frozen=True, kw_only=True):
    """A question with the figures of all `times` that it was posed, the `last` time at the end.

    `difficulty` is the share who were right in their first vote, `discrimination` the correlation
    with being right on the other questions.
    """

    question: str
    title: str
    times: int
    last: float
    sums: SumsBody
    difficulty: float | None
    discrimination: float | None


class CourseResults(Struct, frozen=True, kw_only=True):
    """The results of a course with a page of its questions, newest first.

    The last questions are `counted`; `is_cut` tells that there are earlier ones. `outside` has
    questions that were released, which count nowhere else.
    """

    students: int
    took_part: int
    counted: int
    is_cut: bool
    sums: SumsBody
    sessions: list[ClassResult]
    questions: list[QuestionRow]
    page: int
    pages: int
    outside: list[QuestionRow]


class SureBody(Struct, frozen=True, kw_only=True):
    """Students of one vote by whether they were sure (4 or 5 of 5) and right."""

    sure_right: int
    sure_wrong: int
    unsure_right: int
    unsure_wrong: int


class FlowBody(Struct, frozen=True, kw_only=True):
    """The students who went from one answer to another, or stayed at it."""

    before: str
    after: str
    students: int


class PosedBody(Struct, frozen=True, kw_only=True):
    """A question that was posed once, or released. Pairs are of the first and the second vote.

    Equal short texts count together, under a common spelling. `seconds` are the medians of the
    times to vote.
    """

    session: int | None
    at: float
    voters: list[int]
    counts: list[dict[str, int]]
    right: list[int] | None
    flows: list[FlowBody]
    moves: Transitions | None
    gain: float | None
    sure: list[SureBody | None]
    seconds: list[float | None]
    partners: int
    talked: int


class EarlierBody(Struct, frozen=True, kw_only=True):
    """What came of the same question in another course that the user leads."""

    course: str
    question: str
    last: float
    sums: SumsBody
    difficulty: float | None


class QuestionResult(Struct, frozen=True, kw_only=True):
    """What came of a question: each time that it was posed and released, newest first."""

    question: str
    title: str
    difficulty: float | None
    discrimination: float | None
    times: list[PosedBody]
    outside: list[PosedBody]
    earlier: list[EarlierBody]


class Results(Endpoint):
    @extend_schema(
        operation_id="courses_results_retrieve",
        summary="Get the results of a course",
        description="For those who lead the course: sums, which name nobody.",
        parameters=query(ResultsQuery),
        responses={200: serializers.of(CourseResults)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        wanted = asked(request, ResultsQuery)
        found = course_results.overview(
            course, since=_time(wanted.since), until=_time(wanted.until), page=wanted.page
        )
        return Response(
            CourseResults(
                students=found.term.students,
                took_part=found.term.took_part,
                counted=found.counted,
                is_cut=found.is_cut,
                sums=_sums(found.term.sums),
                sessions=[
                    ClassResult(
                        session=one.session,
                        at=one.at.timestamp(),
                        students=one.students,
                        took_part=one.took_part,
                        sums=_sums(one.sums),
                    )
                    for one in found.term.sessions
                ],
                questions=[_row(one) for one in found.rows],
                page=found.page,
                pages=found.pages,
                outside=[_row(one) for one in found.released],
            )
        )


class OneResult(Endpoint):
    @extend_schema(
        operation_id="courses_results_question_retrieve",
        summary="Get the results of a question",
        description="For those who lead the course: sums, which name nobody. `earlier` has the "
        "copies of the question in other courses that the user leads.",
        responses={200: serializers.of(QuestionResult)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str, question: str) -> Response:
        me = self.me(request)
        course = permissions.leading(me, slug).course
        one = find_question(course, question)
        if one is None:
            raise InvalidMessageFormat("The course has no such question.")
        found = course_results.of_question(course, one)
        return Response(
            QuestionResult(
                question=one.slug,
                title=one.title,
                difficulty=None if found.item is None else found.item.difficulty,
                discrimination=None if found.item is None else found.item.discrimination,
                times=[_posed(time) for time in found.times],
                outside=[_posed(time) for time in found.releases],
                earlier=[
                    EarlierBody(
                        course=term.course.slug,
                        question=term.question.slug,
                        last=term.last.timestamp(),
                        sums=_sums(term.sums),
                        difficulty=term.item.difficulty,
                    )
                    for term in lineage.earlier(one, me)
                ],
            )
        )


def _time(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def _moves(moves: TransitionMatrix | None) -> Transitions | None:
    return None if moves is None else Transitions(**moves)


def _sums(found: results.Sums) -> SumsBody:
    return SumsBody(
        posed=found.posed,
        twice=found.twice,
        votes=list(found.votes),
        judged=list(found.judged),
        right=list(found.right),
        moves=_moves(found.moves),
        gain=found.gain,
        partners=found.partners,
        talked=found.talked,
    )


def _row(one: Row) -> QuestionRow:
    return QuestionRow(
        question=one.question.slug,
        title=one.question.title,
        times=one.times,
        last=one.last.timestamp(),
        sums=_sums(one.sums),
        difficulty=one.item.difficulty,
        discrimination=one.item.discrimination,
    )


def _posed(one: Time) -> PosedBody:
    found = one.figures
    return PosedBody(
        session=one.posed.session,
        at=one.posed.at.timestamp(),
        voters=list(found.voters),
        counts=[dict(counts) for counts in found.counts],
        right=None if found.right is None else list(found.right),
        flows=[FlowBody(before=a, after=b, students=n) for a, b, n in found.flows],
        moves=_moves(found.moves),
        gain=found.gain,
        sure=[None if table is None else SureBody(**table) for table in found.sure],
        seconds=list(found.seconds),
        partners=found.partners,
        talked=found.talked,
    )
