"""The endpoints for the screen of the hall: what it shows, its setup and its link."""

from rest_framework.authentication import get_authorization_header
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from rooms.actions import screen as actions
from rooms.actions import session
from rooms.api import serializers, shapes
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import WRITING, extend_schema, refusals
from rooms.permissions import leading
from rooms.queries import screen as queries
from rooms.wire.errors import NoScreen
from rooms.wire.screen import NewScreenLink, ScreenBody, ScreenChanges, ScreenSetup


class CourseScreen(Endpoint):
    @extend_schema(
        operation_id="courses_screen_retrieve",
        summary="Get what the screen of the hall shows now",
        responses={200: serializers.of(ScreenBody)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = leading(self.me(request), slug).course
        session.close_due_rounds()
        return Response(queries.screen(course))


class Setup(Endpoint):
    @extend_schema(
        operation_id="courses_screen_setup_retrieve",
        summary="Get how the screen of the hall is set up, and its link",
        responses={200: serializers.of(ScreenSetup)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = leading(self.me(request), slug).course
        return Response(shapes.screen_setup(queries.setup(course)))

    @extend_schema(
        operation_id="courses_screen_setup_partial_update",
        summary="Choose whether the screen shows who talks to whom in a discussion",
        request=serializers.of(ScreenChanges),
        responses={200: serializers.of(ScreenSetup)} | refusals(*WRITING),
    )
    def patch(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        given: ScreenChanges = read(request, serializers.of(ScreenChanges))
        changed = actions.choose(user=user, course=slug, shows_partners=given.shows_partners)
        return Response(shapes.screen_setup(changed))


class Link(Endpoint):
    @extend_schema(
        operation_id="courses_screen_link_create",
        summary="Make a link that opens the screen without a log-in",
        description="The link is for reading only. The one that there was before ends.",
        request=serializers.of(NewScreenLink),
        responses={201: serializers.of(ScreenSetup)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        given: NewScreenLink = read(request, serializers.of(NewScreenLink))
        made = actions.make_link(user=user, course=slug, days=given.days)
        return Response(shapes.screen_setup(made), status=201)

    @extend_schema(
        operation_id="courses_screen_link_destroy",
        summary="End the link of the screen",
        description="The screens that it opened close. A screen without a link stays as it is.",
        responses={204: None} | refusals(401, 403, 503),
    )
    def delete(self, request: Request, slug: str) -> Response:
        actions.end_link(user=self.me(request), course=slug)
        return Response(status=204)


class LinkedScreen(Endpoint):
    """The screen for those who have its link. It looks at no session and no token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="screen_retrieve",
        summary="Get what the screen of a link shows now",
        description="The header is `Authorization: Screen <secret>`, with the last part of the "
        "path of the link.",
        responses={200: serializers.of(ScreenBody)} | refusals(403, 503),
    )
    def get(self, request: Request) -> Response:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"screen":
            raise NoScreen
        course = queries.linked_screen(secret.strip().decode("latin-1")).course
        session.close_due_rounds()
        return Response(queries.screen(course))
