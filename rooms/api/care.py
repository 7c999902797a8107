"""The endpoints for consents, blocks and reports."""

from uuid import UUID

from msgspec import UNSET
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.actions import audit, blocks, consents, places
from rooms.actions import reports as report_actions
from rooms.api import care_bodies, serializers
from rooms.api.bodies import ListQuery
from rooms.api.endpoint import DELETING, Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Consent
from rooms.queries import reports
from rooms.wire.errors import InvalidMessageFormat, NoSuchMessage


class Consents(Endpoint):
    @extend_schema(
        operation_id="courses_consents_list",
        summary="List what you consented to in a course, with the dates",
        parameters=query(ListQuery),
        responses={200: serializers.of(care_bodies.Consents)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        course = permissions.enrolled(user, slug).course
        found = Consent.objects.filter(course=course, user=user).order_by("-given_at", "-pk")
        return Response(listed(request, found, lambda rows: map(_consent, rows)))

    @extend_schema(
        operation_id="courses_consents_create",
        summary="Consent to something, or withdraw it",
        description=(
            "`reasons`: others see your reasons without your name. `research`: research uses what "
            "you do in the course. Withdrawing is possible in archived courses, too."
        ),
        request=serializers.of(care_bodies.ConsentChange),
        responses={204: None} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        given: care_bodies.ConsentChange = read(request, serializers.of(care_bodies.ConsentChange))
        user = self.me(request)
        if given.purpose == "reasons":
            places.share(user=user, course=slug, shared=given.given)
        else:
            consents.research(user=user, course=slug, given=given.given)
        return Response(status=204)


class Blocks(Endpoint):
    @extend_schema(
        operation_id="courses_blocks_list",
        summary="List whom you have blocked in a course",
        parameters=query(ListQuery),
        responses={200: serializers.of(care_bodies.Blocks)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        found = reports.blocks_of(user, permissions.enrolled(user, slug).course)
        return Response(
            listed(request, found, lambda rows: [care_bodies.BlockInfo(*row) for row in rows])
        )

    @extend_schema(
        operation_id="courses_blocks_create",
        summary="Block another student, with whom you are never partnered again",
        description="The other is not told. After a block by name, the two also write "
        "each other no direct messages.",
        request=serializers.of(care_bodies.NewBlock),
        responses={200: serializers.of(care_bodies.BlockInfo)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        given: care_bodies.NewBlock = read(request, serializers.of(care_bodies.NewBlock))
        user = self.me(request)
        made = blocks.block(user=user, course=slug, username=given.username)
        known = dict(reports.blocks_of(user, made.course))
        return Response(care_bodies.BlockInfo(made.pk, known[made.pk]))


class OneBlock(Endpoint):
    @extend_schema(
        operation_id="courses_blocks_destroy",
        summary="End a block",
        request=None,
        responses={204: None} | refusals(*DELETING, 429),
    )
    def delete(self, request: Request, slug: str, block: int) -> Response:
        if not blocks.unblock(user=self.me(request), course=slug, block=block):
            raise NotFound
        return Response(status=204)


class Reports(Endpoint):
    @extend_schema(
        operation_id="courses_reports_list",
        summary="List the open reports of a course",
        description="For those who lead the course. Nobody sees the reports about themselves.",
        parameters=query(ListQuery),
        responses={200: serializers.of(care_bodies.Reports)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        course = permissions.leading(user, slug).course
        found = reports.reports_for(user, course)
        if found.exists():
            audit.record(actor=user, act="report.view", course=course)
        return Response(
            listed(request, found, lambda rows: map(_report, reports.shown(course, rows)))
        )

    @extend_schema(
        operation_id="courses_reports_create",
        summary="Report a person or a message to those who lead the course",
        description="The other is not told. A second report about the same person adds to it.",
        request=serializers.of(care_bodies.NewReport),
        responses={200: serializers.of(care_bodies.Reported)} | refusals(*WRITING, 404, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        given: care_bodies.NewReport = read(request, serializers.of(care_bodies.NewReport))
        if (given.username is UNSET) == (given.message is UNSET):
            raise InvalidMessageFormat("Give either `username` or `message`.")
        made = report_actions.report(
            user=self.me(request),
            course=slug,
            reason=given.reason,
            text=given.text,
            about="" if given.username is UNSET else given.username,
            message=None if given.message is UNSET else _uuid(given.message),
        )
        return Response(care_bodies.Reported(made.pk))


class OneReport(Endpoint):
    @extend_schema(
        operation_id="courses_reports_settle",
        summary="Note that you have seen to a report",
        request=None,
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, slug: str, report: int) -> Response:
        report_actions.settle(user=self.me(request), course=slug, report=report)
        return Response(status=204)


def _consent(one: Consent) -> care_bodies.ConsentInfo:
    ended = None if one.withdrawn_at is None else one.withdrawn_at.timestamp()
    return care_bodies.ConsentInfo(one.purpose, one.given_at.timestamp(), ended)  # type: ignore[arg-type]


def _report(one: reports.Shown) -> care_bodies.ReportInfo:
    return care_bodies.ReportInfo(
        report=one.report.pk,
        about=one.about,
        reporter=one.reporter,
        reason=one.report.reason,  # type: ignore[arg-type]
        text=one.report.text,
        message=one.message,
        made_at=one.report.made_at.timestamp(),
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchMessage from None
