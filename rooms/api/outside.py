"""The endpoints for answering released questions, for the students of a course."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import User
from rooms import frames, permissions
from rooms.actions import night, reminders, takes
from rooms.api import release_bodies as bodies
from rooms.api import serializers
from rooms.api.bodies import ListQuery
from rooms.api.endpoint import Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Release, Take
from rooms.peer.answers import AnswerKey
from rooms.queries import releases as reads
from rooms.queries import takes as passes
from rooms.queries.night import talk_body
from rooms.queries.releases import Outside as Listed
from rooms.wire.errors import NoSuchArgument

ANSWERING = (*WRITING, 404, 409, 429)
"""The statuses of refusals that a step of a released question may get."""
_TAKE = serializers.of(bodies.TakeBody)


class Outside(Endpoint):
    @extend_schema(
        operation_id="courses_outside_list",
        summary="List the questions that can be answered outside class",
        parameters=query(ListQuery),
        responses={200: serializers.of(bodies.OutsideList)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        me = self.me(request)
        found = reads.visible(permissions.enrolled(me, slug).course)
        return Response(listed(request, found, lambda part: map(_listed, reads.outside(me, part))))


class _Step(Endpoint):
    """Answers with a released question, at the step where the user is."""

    def body(self, request: Request, slug: str, release: int) -> Response:
        course = permissions.enrolled(self.me(request), slug).course
        found = reads.visible_one(course, release)
        found.course = course
        me = self.me(request)
        return Response(_body(me, found, passes.take_of(me, found)))


class OneOutside(_Step):
    @extend_schema(
        operation_id="courses_outside_retrieve",
        summary="Get a question outside class, at the step where you are",
        responses={200: _TAKE} | refusals(401, 403, 404, 503),
    )
    def get(self, request: Request, slug: str, release: int) -> Response:
        return self.body(request, slug, release)

    @extend_schema(
        operation_id="courses_outside_create",
        summary="Begin with a question outside class; your time counts from now",
        request=None,
        responses={200: _TAKE} | refusals(*ANSWERING),
    )
    def post(self, request: Request, slug: str, release: int) -> Response:
        takes.begin(user=self.me(request), course=slug, release=release)
        return self.body(request, slug, release)


class FirstAnswer(_Step):
    @extend_schema(
        operation_id="courses_outside_first_create",
        summary="Answer a question outside class for the first time",
        description="The reasons for other answers that you are shown come with the reply. The "
        "same answer again changes nothing.",
        request=serializers.of(bodies.AnswerOutside),
        responses={200: _TAKE} | refusals(*ANSWERING),
    )
    def post(self, request: Request, slug: str, release: int) -> Response:
        return self.answer(request, slug, release, again=False)

    def answer(self, request: Request, slug: str, release: int, *, again: bool) -> Response:
        given: bodies.AnswerOutside = read(request, serializers.of(bodies.AnswerOutside))
        takes.answer(
            user=self.me(request),
            course=slug,
            release=release,
            choice=given.choice,
            confidence=given.confidence,
            reason=given.rationale,
            again=again,
        )
        return self.body(request, slug, release)


class SecondAnswer(FirstAnswer):
    @extend_schema(
        operation_id="courses_outside_second_create",
        summary="Answer a question outside class for the second time",
        request=serializers.of(bodies.AnswerOutside),
        responses={200: _TAKE} | refusals(*ANSWERING),
    )
    def post(self, request: Request, slug: str, release: int) -> Response:
        return self.answer(request, slug, release, again=True)


class Convinced(_Step):
    @extend_schema(
        operation_id="courses_outside_convinced_create",
        summary="Say what convinced you, after the second answer",
        request=serializers.of(bodies.PickOutside),
        responses={200: _TAKE} | refusals(*ANSWERING),
    )
    def post(self, request: Request, slug: str, release: int) -> Response:
        given: bodies.PickOutside = read(request, serializers.of(bodies.PickOutside))
        takes.pick(
            user=self.me(request),
            course=slug,
            release=release,
            convinced=given.convinced,
            shown=given.reason,
            message=_uuid(given.message),
        )
        return self.body(request, slug, release)


class Partner(Endpoint):
    @extend_schema(
        operation_id="courses_outside_partner_create",
        summary="Look for a partner, or say that you are still here",
        description="Ask every few seconds. Write to the partner by `/rooms/<room>/messages/`. "
        "Without a request for 30 s you wait no longer.",
        request=None,
        responses={200: serializers.of(bodies.PartnerOutside)} | refusals(*ANSWERING),
    )
    def post(self, request: Request, slug: str, release: int) -> Response:
        me = self.me(request)
        night.look_for_partner(user=me, course=slug, release=release)
        found = reads.visible_one(permissions.enrolled(me, slug).course, release)
        take = passes.take_of(me, found)
        return Response(bodies.PartnerOutside(None if take is None else _talk(take)))

    @extend_schema(
        operation_id="courses_outside_partner_destroy",
        summary="Wait for a partner no longer, or end the talk",
        responses={204: None} | refusals(401, 403, 404, 409, 429, 503),
    )
    def delete(self, request: Request, slug: str, release: int) -> Response:
        night.stop_waiting(user=self.me(request), course=slug, release=release)
        return Response(status=204)


class Reminders(Endpoint):
    @extend_schema(
        operation_id="courses_reminders_create",
        summary="Ask for reminders of questions outside class by e-mail, or end them",
        request=serializers.of(bodies.RemindersBody),
        responses={200: serializers.of(bodies.RemindersBody)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        given: bodies.RemindersBody = read(request, serializers.of(bodies.RemindersBody))
        done = reminders.set_reminders(user=self.me(request), course=slug, wanted=given.wanted)
        return Response(bodies.RemindersBody(wanted=done.reminded_since is not None))


def _listed(one: Listed) -> bodies.OutsideInfo:
    release = one.release
    return bodies.OutsideInfo(
        release=release.pk,
        question=release.question.slug,
        opens_at=release.opens_at.timestamp(),
        due_at=None if release.due_at is None else release.due_at.timestamp(),
        state=one.state,
    )


def _body(me: User, release: Release, take: Take | None) -> bodies.TakeBody:
    now = timezone.now()
    listed_ = Listed(release, take, reads.is_due(release, now))
    is_revealed = passes.is_told(me, release, take, now)
    has_answered = take is not None and take.first_at is not None
    is_between = listed_.state == "between"
    key = release.version.key
    result = None
    if is_revealed:
        explained = frames.explained(release.version)
        result = bodies.ResultOutside(correct=key.correct, **explained)
    judge = key if is_revealed and key.correct is not None else None
    release.version.question = release.question
    return bodies.TakeBody(
        release=release.pk,
        state=listed_.state,
        due_at=None if release.due_at is None else release.due_at.timestamp(),
        question=None if take is None and not is_revealed else frames.question(release.version),
        first=None if take is None else _given(take, judge, again=False),
        second=None if take is None else _given(take, judge, again=True),
        reasons=[
            bodies.ShownBody(one.pk, one.answer, one.text, one.is_picked)
            for one in (passes.shown_reasons(take) if take is not None and has_answered else [])
        ],
        convinced=None if take is None else take.convinced or None,
        waiting=take is not None and take.waiting_since is not None,
        may_pair=is_between and passes.may_pair(release.course),
        talk=None if take is None else _talk(take),
        result=result,
    )


def _given(take: Take, judge: AnswerKey | None, *, again: bool) -> bodies.GivenAnswer | None:
    at = take.second_at if again else take.first_at
    if at is None:
        return None
    choice = take.second_choice if again else take.first_choice
    return bodies.GivenAnswer(
        choice=choice,
        confidence=take.second_confidence if again else take.first_confidence,
        rationale=take.second_reason if again else take.first_reason,
        at=at.timestamp(),
        right=None if judge is None else judge.is_right(choice),
    )


def _talk(take: Take) -> Any:
    pair = passes.pair_of(take)
    return None if pair is None else talk_body(pair, take)


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchArgument from None
