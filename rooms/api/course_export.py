"""The endpoint by which a lecturer's program downloads a course."""

from typing import Literal

import msgspec
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from rooms import ratelimit
from rooms.actions import exports
from rooms.api import course_zip
from rooms.api.bodies import Strict
from rooms.api.course_zip import CourseZip
from rooms.api.endpoint import Endpoint, asked
from rooms.api.schema import READING, extend_schema, query, refusals


class CourseExportQuery(Strict, frozen=True, kw_only=True):
    """The format of the tables, and how people are called there.

    `research`: whether only people who consented to research are in it.
    """

    format: Literal["csv", "jsonl"] = msgspec.field(name="as", default="csv")
    names: Literal["codes", "real"] = "codes"
    research: bool = False


class CourseExport(Endpoint):
    @extend_schema(
        operation_id="courses_export_retrieve",
        summary="Download all that a course has",
        description=(
            "A zip of tables with a data dictionary, which is written while it is sent. Codes "
            "stand for the people, the same in each export of the course; with `names=real`, which "
            "is for instructors alone, they have their usernames. Classes in which nobody is told "
            "the names have codes of their own."
        ),
        parameters=query(CourseExportQuery),
        responses={(200, course_zip.CONTENT_TYPE): OpenApiResponse(OpenApiTypes.BINARY)}
        | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        me = self.me(request)
        wanted = asked(request, CourseExportQuery)
        ratelimit.exports.take(me.pk)
        begun = exports.begin(
            user=me,
            course=slug,
            names=wanted.names == "real",
            research=wanted.research,
            format_=wanted.format,
        )
        return course_zip.as_download(request._request, CourseZip(begun, wanted.format))
