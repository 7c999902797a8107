"""The endpoints for marks and their rules."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people
from rooms import permissions
from rooms.actions import audit
from rooms.actions.mark_rules import FIELDS, change_rules
from rooms.api import serializers
from rooms.api.bodies import Listed, ListQuery, Strict
from rooms.api.endpoint import Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Enrollment, MarkRules
from rooms.peer.marks import SCORED, Mark
from rooms.queries import marks as queries
from rooms.queries.marks import Made
from rooms.wire.errors import PermissionDenied

Points = Annotated[int, Meta(ge=0, le=100)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Enough = Annotated[int, Meta(ge=1, le=100)]
FullMark = Annotated[Decimal, Meta(description="With two decimal places at most, as text.")]
Scored = Literal["first_vote", "second_vote", "message", "right_first", "right_second"]


class MarkRulesBody(Struct, frozen=True, kw_only=True):
    """How participation in a course is marked.

    The first five are points for each question. The `dropped` lowest questions or classes of each
    student do not count. Whoever has `enough` percent of the points has the `full_mark`. Questions
    outside class count `released` percent of those in class.
    """

    first_vote: int
    second_vote: int
    message: int
    right_first: int
    right_second: int
    dropped: int
    dropped_of: Literal["question", "session"]
    enough: int
    full_mark: Decimal
    released: int
    shows_students: bool


class MarkRulesChanges(Strict, frozen=True, kw_only=True):
    """Changes of the rules of marks. A rule that is left out stays as it is."""

    first_vote: Points | UnsetType = UNSET
    second_vote: Points | UnsetType = UNSET
    message: Points | UnsetType = UNSET
    right_first: Points | UnsetType = UNSET
    right_second: Points | UnsetType = UNSET
    dropped: Points | UnsetType = UNSET
    dropped_of: Literal["question", "session"] | UnsetType = UNSET
    enough: Enough | UnsetType = UNSET
    full_mark: FullMark | UnsetType = UNSET
    released: Percent | UnsetType = UNSET
    shows_students: bool | UnsetType = UNSET


class Times(Struct, frozen=True):
    """How often a student did something that brings points, and how often they could."""

    done: int
    possible: int


class MarkBody(Struct, frozen=True, kw_only=True):
    """A mark. It is null as long as nothing counts; `share` is that of the possible points."""

    mark: Decimal | None
    share: float | None
    points: float
    possible: float
    times: dict[Scored, Times]


class StudentMark(MarkBody, frozen=True, kw_only=True):
    username: str
    display_name: str


class Marks(Listed[StudentMark], frozen=True):
    """The marks of the students of a course, by their shown names."""


class MarkPart(Struct, frozen=True, kw_only=True):
    """What a question brought. `released` tells that it was asked outside class."""

    question: str
    asked_at: float
    released: bool
    dropped: bool
    points: float
    possible: float
    done: list[Scored]


class OwnMark(MarkBody, frozen=True, kw_only=True):
    """One's own mark with what it is made of, in the order in which questions were asked."""

    parts: list[MarkPart]


class CourseMarks(Endpoint):
    @extend_schema(
        operation_id="courses_marks_list",
        summary="List the marks of the students of a course, as somebody who leads it",
        description=(
            "They are computed from votes and messages with each request. A question counts once "
            "the class has gone on, and a class in which nobody may tell who answered what counts "
            "once it has ended, without right and wrong."
        ),
        parameters=query(ListQuery),
        responses={200: serializers.of(Marks)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        me = self.me(request)
        course = permissions.leading(me, slug).course

        def show(part: list[Enrollment]) -> Iterable[StudentMark]:
            marked = queries.of_students(course, list(part))
            return (
                StudentMark(
                    username=people.username(one.user),
                    display_name=one.name,
                    **_mark(one.mark),
                )
                for one in marked
            )

        answer = listed(request, queries.students(course), show)
        audit.record(actor=me, act="marks.view", course=course)
        return Response(answer)


class OneMarkRules(Endpoint):
    @extend_schema(
        operation_id="courses_marks_rules_retrieve",
        summary="Get how participation in a course is marked",
        description="Students get it if they may see their marks.",
        responses={200: serializers.of(MarkRulesBody)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        enrollment = permissions.enrolled(self.me(request), slug)
        rules = MarkRules.of(enrollment.course)
        _check_shown(enrollment, rules)
        return Response(_rules(rules))

    @extend_schema(
        operation_id="courses_marks_rules_partial_update",
        summary="Change how participation in a course is marked, as its instructor",
        description="All marks follow at once.",
        request=serializers.of(MarkRulesChanges),
        responses={200: serializers.of(MarkRulesBody)} | refusals(*WRITING),
    )
    def patch(self, request: Request, slug: str) -> Response:
        given = read(request, serializers.of(MarkRulesChanges))
        wanted: Any = {
            name: value
            for name, value in msgspec.structs.asdict(given).items()
            if value is not UNSET
        }
        return Response(_rules(change_rules(user=self.me(request), course=slug, **wanted)))


class MyMark(Endpoint):
    @extend_schema(
        operation_id="courses_marks_mine_retrieve",
        summary="Get your own mark in a course, as a student",
        responses={200: serializers.of(OwnMark)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        me = self.me(request)
        enrollment = permissions.enrolled(me, slug)
        if enrollment.leads:
            raise PermissionDenied("Only students have marks.")
        _check_shown(enrollment, MarkRules.of(enrollment.course))
        marked = queries.own(me, enrollment.course)
        parts = map(_part, queries.made_of(marked.mark.parts))
        return Response(OwnMark(**_mark(marked.mark), parts=list(parts)))


def _check_shown(enrollment: Enrollment, rules: MarkRules) -> None:
    if not enrollment.leads and not rules.shows_students:
        raise PermissionDenied("In this course, students do not see their marks.")


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "mark": mark.mark if mark.counts else None,
        "share": mark.share if mark.counts else None,
        "points": float(mark.reached),
        "possible": float(mark.possible),
        "times": {name: Times(*mark.times(name)) for name in SCORED},
    }


def _part(made: Made) -> MarkPart:
    part = made.part
    return MarkPart(
        question=made.asked.question.slug,
        asked_at=made.at.timestamp(),
        released=part.is_release,
        dropped=part.dropped,
        points=float(part.reached),
        possible=float(part.possible),
        done=[name for name in SCORED if name in part.done],
    )


def _rules(rules: MarkRules) -> MarkRulesBody:
    values: dict[str, Any] = {name: getattr(rules, name) for name in FIELDS}
    return MarkRulesBody(**values)
