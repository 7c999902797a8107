"""The endpoints for what students say of themselves."""

from rest_framework.request import Request
from rest_framework.response import Response

from rooms import frames
from rooms.actions import places
from rooms.api import serializers
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import WRITING, extend_schema, refusals
from rooms.wire import replies
from rooms.wire.commands import SetPlace, ShareReasons


class Place(Endpoint):
    @extend_schema(
        operation_id="courses_place_create",
        summary="Say where you are during the classes",
        description="In the hall, `seat` may say where, if the course asks for it.",
        request=serializers.PlaceSerializer,
        responses={200: serializers.of(replies.Placed)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        said: SetPlace = read(request, serializers.PlaceSerializer, course=slug)
        return Response(frames.placed(places.set_place(user=user, command=said)))


class Sharing(Endpoint):
    @extend_schema(
        operation_id="courses_sharing_create",
        summary="Consent that others see your reasons without your name, or withdraw it",
        request=serializers.SharingSerializer,
        responses={200: serializers.of(replies.Sharing)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        said: ShareReasons = read(request, serializers.SharingSerializer, course=slug)
        return Response(frames.sharing(places.share_reasons(user=user, command=said)))
