"""The endpoints by which a lecturer's program imports and exports the questions of a course."""

from typing import Annotated, Literal

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions, ratelimit
from rooms.actions.question_import import import_questions
from rooms.api import serializers
from rooms.api.bodies import Strict
from rooms.api.endpoint import Endpoint, asked, read
from rooms.api.formats import FileParser
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.formats import MOST_ITEMS
from rooms.pages.question_export import as_download
from rooms.queries import question_import as queries
from rooms.queries.question_export import export
from rooms.queries.question_import import Planned
from rooms.wire.errors import InvalidMessageFormat

_NO_NUL = r"^[^\x00]*\Z"
Number = Annotated[int, Meta(ge=1, le=MOST_ITEMS)]


class QuestionsToImport(Strict, frozen=True, kw_only=True):
    """A file with questions: a `text`, or `data` in base64 for any file.

    Without `format` it is found out, also by the `name` of the file. Without `apply` the answer
    says what would happen. `questions` has the numbers of those that are taken; without it all are.
    """

    text: str = ""
    data: bytes = b""
    name: Annotated[str, Meta(max_length=200, pattern=_NO_NUL)] = ""
    format: Literal["", "gift", "aiken", "moodle", "qti", "csv", "yaml"] = ""
    apply: bool = False
    questions: Annotated[list[Number], Meta(max_length=MOST_ITEMS)] | None = None


class PlannedQuestion(Struct, frozen=True):
    """Tells what happens to a question of a file: `new`, `draft`, `here`, `repeated` or `refused`.

    `number` is its place in the file, from 1, and `line` its line, 0 in files without lines.
    `notes` says what is changed or left out.
    """

    number: int
    line: int
    name: str
    outcome: str
    message: str
    notes: list[str]


class ImportAnswer(Struct, frozen=True):
    """Tells what happens to each question. `added` has the slugs of those that an import added."""

    applied: bool
    format: str
    questions: list[PlannedQuestion]
    added: list[str]


class ExportQuery(Strict, frozen=True, kw_only=True):
    """The format of a file, of which only `yaml` keeps everything.

    `questions` has the slugs of the questions, separated by commas; without it the file has all.
    An address has room for some 16,000 characters, with three for each comma.
    """

    format: Literal["yaml", "gift", "moodle"] = "yaml"
    questions: Annotated[str, Meta(max_length=7_000, pattern=_NO_NUL)] = ""


class QuestionImport(Endpoint):
    parser_classes = (FileParser,)

    @extend_schema(
        operation_id="courses_questions_import_create",
        summary="Preview or import a file of questions",
        description=(
            "GIFT, Aiken, Moodle XML, QTI 2.1, CSV and peerchat's own YAML. Questions that cannot "
            "be taken are left out, all others are added as the last ones of the course, or none. "
            "The same file again changes nothing."
        ),
        request=serializers.of(QuestionsToImport),
        responses={200: serializers.of(ImportAnswer)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: QuestionsToImport = read(request, serializers.of(QuestionsToImport))
        me = self.me(request)
        course = permissions.leading(me, slug).course
        if bool(wanted.text) == bool(wanted.data):
            raise InvalidMessageFormat("The body is not valid: Give either `text` or `data`.")
        ratelimit.imports.take(me.pk)
        data = wanted.data or wanted.text.encode()
        source = queries.read(data, name=wanted.name, format=wanted.format)
        chosen = None if wanted.questions is None else set(wanted.questions)
        plan, added = queries.plan(course, source, chosen), []
        if wanted.apply:
            done = import_questions(course=course, source=source, user=me, chosen=chosen)
            plan, added = done.plan, [question.slug for question in done.questions]
        questions = [_question(planned) for planned in plan.questions]
        return Response(ImportAnswer(wanted.apply, source.format, questions, added))


class QuestionExport(Endpoint):
    @extend_schema(
        operation_id="courses_questions_export_retrieve",
        summary="Download the questions of a course",
        parameters=query(ExportQuery),
        responses={
            # A client reads YAML into an object; the other two are text to it.
            (200, "application/yaml"): OpenApiResponse({"type": "object"}),
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
            (200, "application/xml"): OpenApiResponse(OpenApiTypes.STR),
        }
        | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        course = permissions.leading(self.me(request), slug).course
        wanted = asked(request, ExportQuery)
        slugs = wanted.questions.split(",") if wanted.questions else None
        return as_download(export(course, wanted.format, slugs))


def _question(planned: Planned) -> PlannedQuestion:
    return PlannedQuestion(
        number=planned.number,
        line=planned.line,
        name=planned.item.name,
        outcome=str(planned.outcome),
        message=planned.sentence,
        notes=planned.notes,
    )
