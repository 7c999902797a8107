"""The endpoint for try-outs: copies of a course with simulated students."""

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people
from rooms import permissions
from rooms.actions import tryouts
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import Endpoint
from rooms.api.schema import extend_schema, refusals
from rooms.process import runtime
from rooms.queries import tryouts as queries
from rooms.wire.errors import PermissionDenied


class TryOut(Endpoint):
    @extend_schema(
        operation_id="courses_try_retrieve",
        summary="Get your try-out of a course",
        description="The address may name the course or its copy. Without a try-out of yours "
        "there, the answer is `permission_denied`.",
        responses={200: serializers.of(bodies.TryOutInfo)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        course = permissions.leading(user, slug).course
        found = queries.led_by(user)
        if found is None or course.pk not in (found.course_id, found.of_id):
            raise PermissionDenied("You have no try-out of this course.")
        return Response(shapes.try_out(found, queries.number_simulated(found.pk)))

    @extend_schema(
        operation_id="courses_try_create",
        summary="Try a course out with simulated students",
        description="They come to a copy of the course, vote, write and change their minds, while "
        "you lead its class. The copy ends at `ends_at`; then it is removed with everything in "
        "it. A lecturer has one try-out at a time; another start for the same course returns it.",
        request=None,
        responses={201: serializers.of(bodies.TryOutInfo)} | refusals(401, 403, 409, 503),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        language = people.language(user) or settings.LANGUAGE_CODE
        made = tryouts.start(user=user, course=slug, language=language)
        if isinstance(request._request, ASGIRequest):
            async_to_sync(runtime.attend_to_try_outs)()
        students = queries.number_simulated(made.pk)
        return Response(shapes.try_out(made, students), status=201)

    @extend_schema(
        operation_id="courses_try_destroy",
        summary="End your try-out of a course, and remove everything of it",
        description="The address may name the course or its copy.",
        responses={204: None} | refusals(401, 403, 503),
    )
    def delete(self, request: Request, slug: str) -> Response:
        tryouts.end(user=self.me(request), course=slug)
        return Response(status=204)
