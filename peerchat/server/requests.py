"""HTTP requests as they come in: what is refused before Django sees it, and what is logged."""

from typing import Any

from daphne.access import AccessLogGenerator
from daphne.http_protocol import HTTPFactory as DaphneFactory
from daphne.http_protocol import WebRequest as DaphneRequest
from django.conf import settings

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebRequest(DaphneRequest):
    """A request whose body is bounded, and which cannot say where the site is mounted.

    The bound is DATA_UPLOAD_MAX_MEMORY_SIZE, as Django takes no larger forms. Twisted keeps a body
    of any size on the disk before anybody looks at it, so it is refused while it comes in.
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
        # In chunks a body does not say how long it is.
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
        # daphne takes the prefix of all addresses from it, whoever sends it.
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        if self._received and self._asks_for_a_socket():
            # daphne would take it for frames; whatever is in front of the site, for a body.
            self.basic_error(400, b"Bad Request", "A handshake has no body.")
            return None
        return super().process()

    def _asks_for_a_socket(self) -> bool:
        asked = self.requestHeaders.getRawHeaders(b"Upgrade", [])
        return any(value.lower() == b"websocket" for value in asked)


class RequestFactory(DaphneFactory):
    """Makes connections whose requests are of this kind."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = WebRequest
        return protocol


class AccessLog(AccessLogGenerator):
    """A line per request, without the query: links of frames carry what lets somebody in there."""

    def __call__(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        path = details["path"].partition("?")[0]
        super().__call__(protocol, action, {**details, "path": path})
