"""HTTP connections that end in an orderly way when the server stops.

A received request is answered with `Connection: close`. A connection that is only kept alive is
closed at once.
"""

import asyncio
import contextlib
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

CLOSE = b"close"
TOO_LONG = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HTTPConnection(HTTPChannel):
    """A connection for HTTP, known to its factory until it is closed or becomes a WebSocket."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.connections.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.forget(self)
        super().connectionLost(reason)

    def allContentReceived(self) -> None:
        super().allContentReceived()
        if getattr(self.transport, "protocol", self) is not self:
            # The connection is a WebSocket now, perhaps for hours, so keep nothing of the request.
            self.factory.forget(self)
            self._networkProducer.unregisterProducer()
            self.requests.clear()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        if self.factory.draining:
            request.responseHeaders.setRawHeaders(b"Connection", [CLOSE])
            return False
        return bool(super().checkPersistence(request, version))

    def lineLengthExceeded(self, line: bytes) -> None:
        # Twisted would close the connection without a word. A request begins with its first line.
        what = b"431 Request Header Fields Too Large" if self.requests else b"414 URI Too Long"
        transport: Any = self.transport
        transport.write(TOO_LONG % what)
        transport.loseConnection()

    def drain(self) -> None:
        """Close after the answer under way, or at once if there is none."""
        if not self.requests:
            self.loseConnection()
            return
        self.persistent = False
        for request in self.requests:
            if not request.startedWriting:
                request.responseHeaders.setRawHeaders(b"Connection", [CLOSE])


class DrainingFactory:
    """Equips a factory of `HTTPConnection`s; list it before Twisted's own base class."""

    protocol = HTTPConnection

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: set[HTTPConnection] = set()
        self.draining = False
        self._empty = asyncio.Event()

    def forget(self, connection: HTTPConnection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def drain(self, within: float) -> None:
        """Wait until the requests under way are answered, at most `within` seconds."""
        self.draining = True
        for connection in list(self.connections):
            connection.drain()
        self._empty.clear()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), within)
