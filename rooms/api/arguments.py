"""The endpoints for what convinced students."""

from rest_framework.request import Request
from rest_framework.response import Response

from rooms.actions.convictions import say_convinced
from rooms.api import bodies, serializers
from rooms.api.endpoint import Endpoint, asked, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.queries.arguments import arguments_for
from rooms.wire import replies
from rooms.wire.arguments import ArgumentsBody
from rooms.wire.commands import SayConvinced
from rooms.wire.fields import Slug


class ArgumentsQuery(bodies.Strict, frozen=True, kw_only=True):
    """The question of which the arguments are; the current one if it is left out."""

    question: Slug | None = None


class Convinced(Endpoint):
    @extend_schema(
        operation_id="courses_convinced_create",
        summary="Say what convinced you in the second vote",
        description="What you say last before the reveal counts.",
        request=serializers.ConvincedSerializer,
        responses={200: serializers.of(replies.Convinced)} | refusals(*WRITING, 404, 409, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        said: SayConvinced = read(request, serializers.ConvincedSerializer, course=slug)
        stored = say_convinced(user=user, command=said)
        return Response(replies.Convinced(stored))


class Arguments(Endpoint):
    @extend_schema(
        operation_id="courses_arguments_retrieve",
        summary="Get the arguments that moved most, without their authors",
        description="For those who lead the course, once the second vote on the question is "
        "closed. Only messages and reasons are told whose authors let others see them.",
        parameters=query(ArgumentsQuery),
        responses={200: serializers.of(ArgumentsBody)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        wanted = asked(request, ArgumentsQuery)
        return Response(arguments_for(self.me(request), slug, wanted.question))
