"""The endpoint that takes pictures for the questions of a course."""

from collections.abc import Mapping
from typing import IO, Any

from drf_spectacular.types import OpenApiTypes
from msgspec import Struct
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions, ratelimit
from rooms.actions.pictures import add_picture, error
from rooms.api import serializers
from rooms.api.endpoint import Endpoint
from rooms.api.schema import WRITING, extend_schema, refusals
from rooms.conf import limits
from rooms.pictures import Refusal


class PictureInfo(Struct, frozen=True):
    """A picture of a course. Markdown cites it as `![what it shows](picture:KEY)`.

    `width` and `height` are in pixels.
    """

    key: str
    width: int
    height: int


class BytesParser(BaseParser):
    """Takes the bytes of a file, as many as a picture may have."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = int(limits["PICTURE_BYTES"])
        data: bytes = stream.read(most + 1)
        if len(data) > most:
            raise error(Refusal.TOO_LARGE)
        return data


class Pictures(Endpoint):
    parser_classes = (BytesParser,)

    @extend_schema(
        operation_id="courses_pictures_create",
        summary="Add a picture to a course",
        description=(
            "The body is the file itself: PNG, JPEG, GIF (the first frame) or WebP. It is drawn "
            "anew, turned upright, without metadata and with at most 2,000 pixels on the longer "
            "side. The same file again is the same picture."
        ),
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: serializers.of(PictureInfo)} | refusals(*WRITING, 409, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        me = self.me(request)
        permissions.in_use(permissions.leading(me, slug).course)
        ratelimit.pictures.take(me.pk)
        # No parser is asked for an empty body.
        given: Any = request.data
        data = given if isinstance(given, bytes) else b""
        made = add_picture(user=me, course=slug, data=data)
        return Response(PictureInfo(made.key, made.width, made.height), status=201)
