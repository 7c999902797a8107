"""The endpoints for muted students."""

from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.actions import moderation
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import Endpoint, listed, read, username_in
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.queries import courses


class Mutes(Endpoint):
    @extend_schema(
        operation_id="courses_mutes_list",
        summary="List the muted students",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Mutes)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = courses.muted(permissions.leading(self.me(request), slug).course)
        return Response(listed(request, found, shapes.mutes))

    @extend_schema(
        operation_id="courses_mutes_create",
        summary="Mute a student in a course",
        description="A muted student cannot post in the course's rooms. Votes still count.",
        request=serializers.of(bodies.NewMute),
        responses={201: serializers.of(bodies.Mute)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.NewMute = read(request, serializers.of(bodies.NewMute))
        muted = moderation.mute(
            user=self.me(request), course=slug, username=wanted.username, seconds=wanted.seconds
        )
        return Response(shapes.mute(muted), status=201)


class OneMute(Endpoint):
    @extend_schema(
        operation_id="courses_mutes_destroy",
        summary="Unmute a student",
        responses={204: None} | refusals(400, 401, 403, 503),
    )
    def delete(self, request: Request, slug: str, username: str) -> Response:
        moderation.unmute(user=self.me(request), course=slug, username=username_in(username))
        return Response(status=204)
