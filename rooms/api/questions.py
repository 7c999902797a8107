"""The endpoints by which those who lead a course prepare its questions."""

from typing import Any

from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import flaws, permissions
from rooms.actions import question_edits as edits
from rooms.api import courses, serializers
from rooms.api import question_bodies as bodies
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import READING, WRITING, extend_schema, refusals
from rooms.models import Course
from rooms.peer.cleaning import clean
from rooms.peer.content import ChoiceContent, Kind, Problem, QuestionContent, problems
from rooms.queries import previews
from rooms.queries.question_list import edited
from rooms.wire.errors import EditConflict


class Questions(courses.Questions):
    """The questions of a course: the list that students may read, too, and new ones."""

    @extend_schema(
        operation_id="courses_questions_create",
        summary="Add a question to a course",
        description="It becomes the last one, under a slug made from its title or its prompt.",
        request=serializers.of(bodies.QuestionFields),
        responses={201: serializers.of(bodies.EditedQuestion)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        wanted: bodies.QuestionFields = read(request, serializers.of(bodies.QuestionFields))
        made = edits.create_question(
            user=user,
            course=slug,
            content=content_of(wanted),
            is_draft=wanted.draft,
            twin_of=None if wanted.twin_of is UNSET else wanted.twin_of,
        )
        return Response(_shown(made.course, made.slug), status=201)


class OneQuestion(Endpoint):
    @extend_schema(
        operation_id="courses_questions_retrieve",
        summary="Get a question with everything that belongs to it",
        responses={200: serializers.of(bodies.EditedQuestion)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str, question: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        return Response(_shown(course, question))

    @extend_schema(
        operation_id="courses_questions_update",
        summary="Give a question another content",
        description=(
            "If somebody has changed the question since `edit`, the answer is 409 with the error "
            "code `edit_conflict` and the question in `current`, and nothing is changed. What a "
            "class was asked, or is asked now, stays as it was. Nothing changes, `edit` neither, "
            "if the question is like this already."
        ),
        request=serializers.of(bodies.ChangedQuestion),
        responses={200: serializers.of(bodies.EditedQuestion)} | refusals(*WRITING, 409),
    )
    def put(self, request: Request, slug: str, question: str) -> Response:
        user = self.me(request)
        wanted: bodies.ChangedQuestion = read(request, serializers.of(bodies.ChangedQuestion))
        try:
            saved = edits.save_question(
                user=user,
                course=slug,
                question=question,
                edit=wanted.edit,
                content=content_of(wanted),
                is_draft=wanted.draft,
                slug=None if wanted.question is UNSET else wanted.question,
                twin_of=wanted.twin_of,
            )
        except EditConflict as conflict:
            course = permissions.leading(user, slug).course
            conflict.extra["current"] = _shown(course, question)
            raise
        return Response(_shown(saved.course, saved.slug))

    @extend_schema(
        operation_id="courses_questions_destroy",
        summary="Delete a question that no class was asked",
        responses={204: None} | refusals(400, 401, 403, 409, 503),
    )
    def delete(self, request: Request, slug: str, question: str) -> Response:
        edits.delete_question(user=self.me(request), course=slug, question=question)
        return Response(status=204)


class QuestionOrder(Endpoint):
    @extend_schema(
        operation_id="courses_questions_order_create",
        summary="Put questions of a course into another order",
        description="They share the places that they have among the others.",
        request=serializers.of(bodies.QuestionOrder),
        responses={204: None} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.QuestionOrder = read(request, serializers.of(bodies.QuestionOrder))
        edits.order_questions(user=self.me(request), course=slug, questions=wanted.questions)
        return Response(status=204)


class QuestionCopies(Endpoint):
    @extend_schema(
        operation_id="courses_questions_copy_create",
        summary="Copy questions to another course of yours",
        request=serializers.of(bodies.QuestionCopies),
        responses={201: serializers.of(bodies.CopiedQuestions)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.QuestionCopies = read(request, serializers.of(bodies.QuestionCopies))
        made = edits.copy_questions(
            user=self.me(request), source=slug, questions=wanted.questions, target=wanted.course
        )
        copies = bodies.CopiedQuestions(made[0].course.slug, [one.slug for one in made])
        return Response(copies, status=201)


class QuestionPreview(Endpoint):
    @extend_schema(
        operation_id="courses_questions_preview_create",
        summary="See a question as students and the hall would",
        description="Nothing is stored. The votes of the result are made up.",
        request=serializers.of(bodies.QuestionFields),
        responses={200: serializers.of(bodies.QuestionPreview)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.QuestionFields = read(request, serializers.of(bodies.QuestionFields))
        course = permissions.leading(self.me(request), slug).course
        content = clean(content_of(wanted))
        shown = previews.preview(course, content)
        return Response(
            bodies.QuestionPreview(shown.question, shown.result, _problems(problems(content)))
        )


def content_of(fields: bodies.QuestionFields) -> QuestionContent:
    """Return the content that a body has."""
    return QuestionContent(
        kind=Kind(fields.kind),
        title=fields.title,
        prompt=fields.prompt,
        choices=tuple(ChoiceContent(one.text, one.correct, one.feedback) for one in fields.choices),
        number=fields.number,
        tolerance=fields.tolerance,
        unit=fields.unit,
        accepted=tuple(fields.accepted),
        explanation=fields.explanation,
        follow_up=fields.follow_up,
        tags=tuple(fields.tags),
    )


def _shown(course: Course, slug: str) -> bodies.EditedQuestion:
    return body_of(edited(course, slug))


def body_of(question: Any) -> bodies.EditedQuestion:
    """Return the body of a question from `question_list.edited`."""
    content: QuestionContent = question.content
    return bodies.EditedQuestion(
        question=question.slug,
        edit=question.edit,
        draft=question.is_draft,
        quick=question.quick,
        asked=question.asked,
        asked_now=question.asked_now,
        kind=content.kind.value,
        title=content.title,
        prompt=content.prompt,
        choices=[
            bodies.ShownChoice(one.text, one.is_correct, one.feedback) for one in content.choices
        ],
        number=content.number,
        tolerance=content.tolerance,
        unit=content.unit,
        accepted=list(content.accepted),
        explanation=content.explanation,
        follow_up=content.follow_up,
        tags=list(content.tags),
        twin_of=None if question.twin_of is None else question.twin_of.slug,
        problems=_problems(problems(content)),
    )


def _problems(found: list[Problem]) -> list[bodies.ShownProblem]:
    return [
        bodies.ShownProblem(one.field, one.flaw.value, one.index, one.limit, flaws.sentence(one))
        for one in found
    ]
