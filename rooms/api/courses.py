"""The endpoints for courses, their questions and their history."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.actions import audit, quick
from rooms.actions.course_making import make_course
from rooms.api import bodies, serializers, shapes, spreadsheet
from rooms.api.endpoint import Endpoint, asked, listed, read
from rooms.api.export import Export
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.api.settings_bodies import NewCourse
from rooms.models import Enrollment, QuestionVersion, course_room
from rooms.queries import courses, results
from rooms.queries.pseudonyms import hidden_from_lecturers
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.events import MyCourse


class Courses(Endpoint):
    @extend_schema(
        operation_id="courses_list",
        summary="List your courses",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Courses)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        rooms = courses.my_course_rooms(self.me(request))
        return Response(
            listed(request, rooms, lambda part: (shapes.course(room, room.role) for room in part))
        )

    @extend_schema(
        operation_id="courses_create",
        summary="Make a course, as its instructor",
        description="The setting `LECTURERS` says who may.",
        request=serializers.of(NewCourse),
        responses={201: serializers.of(MyCourse)} | refusals(*WRITING),
    )
    def post(self, request: Request) -> Response:
        wanted: NewCourse = read(request, serializers.of(NewCourse))
        made = make_course(user=self.me(request), title=wanted.title, slug=wanted.course or "")
        room = course_room(made)
        return Response(shapes.course(room, Enrollment.Role.INSTRUCTOR), status=201)


class Questions(Endpoint):
    @extend_schema(
        operation_id="courses_questions_list",
        summary="List the questions of a course with the correct choices",
        description=(
            "Instructors and assistants see all questions as they will be asked next, students the "
            "revealed ones as they were asked."
        ),
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Questions)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        enrollment = permissions.enrolled(self.me(request), slug)

        def show(part: list[Any]) -> Iterable[bodies.QuestionInfo]:
            found = courses.versions_for(enrollment, part)
            return [shapes.question(one, leads=enrollment.leads) for one in found]

        return Response(listed(request, courses.questions_for(enrollment), show))


class KeepQuestion(Endpoint):
    @extend_schema(
        operation_id="courses_questions_keep_create",
        summary="Keep a quick question among the prepared ones",
        description="It becomes the last of them. One that is there already stays as it is.",
        request=None,
        responses={200: serializers.of(bodies.QuestionInfo)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str, question: str) -> Response:
        kept = quick.keep_question(user=self.me(request), course=slug, question=question)
        return Response(shapes.question(QuestionVersion.of(kept), leads=True))


class Sessions(Endpoint):
    @extend_schema(
        operation_id="courses_sessions_list",
        summary="List the classes of a course, newest first",
        description=(
            "Each round has the question as it was asked then. Instructors and assistants also see "
            "the votes of each round and the correct choice."
        ),
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Sessions)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        enrollment = permissions.enrolled(self.me(request), slug)

        def show(part: list[Any]) -> Iterable[bodies.SessionInfo]:
            counts = None
            if enrollment.leads:
                counts = results.vote_counts(r for one in part for r in one.last_rounds)
            return (shapes.session(one, counts) for one in part)

        return Response(listed(request, results.class_sessions(enrollment.course), show))


class UseLog(Endpoint):
    @extend_schema(
        operation_id="courses_uselog_retrieve",
        summary="Download the use log of a course",
        description=(
            "One row per action: `timestamp, sid, event, act, div_id, course_id`. CSV begins with "
            "a byte-order mark, unless `bom=0`; in XLSX, times are times, in UTC. Usernames and "
            "slugs are those of today, also in older rows. With `names=pseudonyms`, each person "
            "has one pseudonym throughout the course, as always where the course chose that those "
            "who lead do not know the names. In the classes in which they do not, people have "
            "others, for each class new ones."
        ),
        parameters=query(bodies.UseLogQuery),
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR),
            (200, "application/jsonl"): OpenApiResponse(OpenApiTypes.STR),
            (200, spreadsheet.CONTENT_TYPE): OpenApiResponse(OpenApiTypes.BINARY),
        }
        | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        user = self.me(request)
        course = permissions.leading(user, slug).course
        wanted = asked(request, bodies.UseLogQuery)
        pseudonyms = wanted.names == "pseudonyms" or hidden_from_lecturers(course)
        export = Export(
            course,
            format=wanted.format,
            since=_moment("since", wanted.since),
            until=_moment("until", wanted.until),
            pseudonyms=pseudonyms,
            bom=wanted.bom,
        )
        detail = f"{wanted.format}, {'pseudonyms' if pseudonyms else 'names'}"
        audit.record(actor=user, act="uselog.download", course=course, detail=detail)
        streamed = isinstance(request._request, ASGIRequest)
        name = f"{course.slug}-uselog.{wanted.format}"
        return StreamingHttpResponse(
            export.stream() if streamed else export,
            content_type=export.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _moment(name: str, text: str | None) -> datetime | None:
    """Parse a point in time: ISO 8601 (in UTC if it names no zone) or seconds since the epoch."""
    if text is None:
        return None
    try:
        try:
            return datetime.fromtimestamp(float(text), UTC)
        except ValueError:
            moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidMessageFormat(f"The query is not valid: `{name}` is not a time.") from None
