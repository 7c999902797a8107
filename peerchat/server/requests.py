"""Incoming HTTP requests: refusals before Django sees them, and the access log."""

import re
from typing import Any

from daphne.access import AccessLogGenerator
from daphne.http_protocol import HTTPFactory as DaphneFactory
from daphne.http_protocol import WebRequest as DaphneRequest
from django.conf import settings

_SECRET = re.compile(r"(/(?:invitation|accounts/reset/[^/]+)/)(?!set-password/)[^/]+")
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebRequest(DaphneRequest):
    """A request with a bounded body, which cannot set the path at which the site is mounted.

    The bound is DATA_UPLOAD_MAX_MEMORY_SIZE, as Django takes no larger forms. Twisted stores a body
    of any size on disk before any other code sees it, so it is refused while it arrives.
    """

    _refused = False
    _received = 0

    def gotLength(self, length: int | None) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length is not None and most is not None and length > most:
            self._refuse()
            length = 0
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        # A chunked body does not announce its length.
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self._received += len(data)
        if not self._refused and most is not None and self._received > most:
            self._refuse()
        if not self._refused:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self._refused = True
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()

    def process(self) -> Any:
        if self._refused:
            return None
        # daphne would take the prefix of all addresses from it, from any sender.
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        if self._received and self._asks_for_a_socket():
            # daphne would take it for frames, but a proxy in front of the site for a body.
            self.basic_error(400, b"Bad Request", "A handshake has no body.")
            return None
        return super().process()

    def _asks_for_a_socket(self) -> bool:
        asked = self.requestHeaders.getRawHeaders(b"Upgrade", [])
        return any(value.lower() == b"websocket" for value in asked)


class RequestFactory(DaphneFactory):
    """Creates connections with requests of this kind."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = WebRequest
        return protocol


class AccessLog(AccessLogGenerator):
    """Logs a line per request without the credentials that some links carry.

    They are in the query, or in the last part of the path of an invitation or a password reset.
    """

    def __call__(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        path = _SECRET.sub(r"\1...", details["path"].partition("?")[0])
        super().__call__(protocol, action, {**details, "path": path})
