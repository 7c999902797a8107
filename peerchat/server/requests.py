"""Incoming HTTP requests: refusals before Django sees them, and the access log."""

import re
from typing import Any

import msgspec
from daphne.access import AccessLogGenerator
from daphne.http_protocol import HTTPFactory as DaphneFactory
from daphne.http_protocol import WebRequest as DaphneRequest
from django.conf import settings

from peerchat.redaction import redacted
from rooms.api.formats import TooLarge
from rooms.conf import limits
from rooms.wire.errors import InvalidMessageFormat

TOO_LARGE = {"error_code": InvalidMessageFormat.code, "error_message": TooLarge.default_detail}
"""The answer of the API to a body that is too large."""
UPLOADS = re.compile(rb"/courses/[^/?]+/(?:pictures|questions/import)/(?:\?|$)")
"""The addresses, of pages and of the API, that take files."""


def _most(path: bytes) -> int | None:
    """Return the most bytes of a body that is sent to an address, or None if there is no bound."""
    usual: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if usual is None or not UPLOADS.search(path):
        return usual
    # A body in JSON has the file in base64, and a form has other fields beside it.
    return max(usual, int(limits["UPLOAD_BYTES"]) * 4 // 3 + 65_536)


class WebRequest(DaphneRequest):
    """A request with a bounded body, which cannot set the path at which the site is mounted.

    The bound is DATA_UPLOAD_MAX_MEMORY_SIZE, as Django takes no larger forms, and more for the few
    addresses that take files. Twisted stores a body of any size on disk before any other code sees
    it, so it is refused while it arrives.
    """

    _refused = False
    _received = 0
    _most: int | None = None

    def gotLength(self, length: int | None) -> None:
        # Twisted sets the path of the request only once the body is complete.
        self._most = most = _most(getattr(self.channel, "_path", b""))
        if length is not None and most is not None and length > most:
            self._refuse()
            length = 0
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        # A chunked body does not announce its length.
        most = self._most
        self._received += len(data)
        if not self._refused and most is not None and self._received > most:
            self._refuse()
        if not self._refused:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self._refused = True
        body = msgspec.json.encode(TOO_LARGE)
        self.channel.transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
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
    """Logs a line per request without the query, where links of frames carry credentials, and
    without the secrets in paths."""

    def __call__(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        path = redacted(details["path"].partition("?")[0])
        super().__call__(protocol, action, {**details, "path": path})
