"""Parsing and rendering of JSON, by the same library as on the sockets."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from rooms.conf import limits


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large."


class JsonParser(BaseParser):
    """Accepts plain JSON only: no NaN, no lone surrogates. Django's limit for forms applies."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = self.most()
        body = stream.read() if most is None else stream.read(most + 1)
        if most is not None and len(body) > most:
            raise TooLarge
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ParseError from error

    def most(self) -> int | None:
        """Return the most bytes of a body, or None if there is no bound."""
        most: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return most


class FileParser(JsonParser):
    """Accepts JSON that has a file in base64."""

    def most(self) -> int | None:
        return int(limits["UPLOAD_BYTES"]) * 4 // 3 + 65_536


class JsonRenderer(BaseRenderer):
    """Renders structs as they are."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


class JsonAlways(BaseContentNegotiation):
    """Chooses JSON, whatever the client accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
