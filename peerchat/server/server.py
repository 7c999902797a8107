"""daphne, with what it does not offer: frames that are prepared once and written to many sockets.

Consumers find it in the scope as the ASGI extension `peerchat.frames`; under a server without it
they send through `websocket.send`, which is only slower. Incoming frames are bounded, too: a
client that sends faster than its commands are carried out is not read from until they are.
"""

import asyncio
import fcntl
import logging
import math
import os
import sys
import termios
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from autobahn.websocket import protocol as autobahn_protocol
from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from daphne import server as daphne_server
from daphne.ws_protocol import WebSocketFactory as DaphneFactory
from twisted.internet import defer
from twisted.internet.tcp import Connection as TcpConnection
from twisted.logger import LogLevel, eventAsText, globalLogPublisher

from peerchat.server.draining import DrainingFactory
from peerchat.server.inbox import Inbox
from peerchat.server.incoming import ShortWayIn
from peerchat.server.requests import RequestFactory
from peerchat.server.supervisor import STOP_WITHIN
from rooms.process import runtime

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[Any]]

EXTENSION = "peerchat.frames"
WAITING_FRAMES = 64
"""Frames of one client that wait for its consumer before its socket is not read any more."""
CLOSE_WITHIN = 10
"""Seconds a client has to answer a close frame, and so to read what is on the way before it."""
ANSWER_WITHIN = 8.0
"""Seconds that requests may take which are under way when the server stops."""
PING = b"\x89\x00"
"""A ping without a payload, as a server sends it (RFC 6455, section 5.5.2)."""


class Frames:
    """The extension `peerchat.frames` of one socket."""

    # What a write needs is kept together here: from protocol and transport, which have a hundred
    # attributes each, it would be gathered anew for each of a thousand sockets.
    __slots__ = ("_protocol", "_put", "clear", "heard", "written")

    _put: Callable[[bytes], int]

    def __init__(self, protocol: "WebSocketProtocol") -> None:
        self._protocol = protocol
        self.heard = time.monotonic()
        """When the last bytes came in."""
        self.clear = False
        """Whether the socket is open and nothing waits for it: a write may go out at once."""
        self.written = 0

    def attach(self, put: Callable[[bytes], int]) -> None:
        """Nothing waits for the socket, which is written to with `put`."""
        self._put = put
        self.clear = True

    def write(self, prepared: bytes) -> int:
        """Write prepared bytes; returns how many bytes the socket has not taken yet.

        On a socket that is not open they are dropped.
        """
        if not self.clear:
            return self._protocol.write_prepared(prepared)
        # At once: Twisted would wait for a turn of its reactor.
        try:
            sent = self._put(prepared)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The other side is gone; Twisted notices when it reads.
            return 0
        size = len(prepared)
        self.written += size
        if sent == size:
            return 0
        self.clear = False
        return self._protocol.write_rest(prepared[sent:])

    @staticmethod
    def prepare(frames: list[bytes]) -> bytes:
        """The bytes of text frames on the wire (RFC 6455, section 5.2; a server does not mask)."""
        parts: list[bytes] = []
        for frame in frames:
            size = len(frame)
            if size < 126:
                parts.append(bytes((0x81, size)))
            elif size < 65536:
                parts.append(b"\x81\x7e" + size.to_bytes(2))
            else:
                parts.append(b"\x81\x7f" + size.to_bytes(8))
            parts.append(frame)
        return b"".join(parts)

    def unsent(self) -> int:
        """The bytes that the socket has not taken yet."""
        return self._protocol.unsent()

    def ping(self) -> None:
        """Ask the client for a sign of life."""
        self._protocol.ask()

    def silence(self) -> float:
        """The seconds since the client's last sign of life."""
        return self._protocol.silence()

    def taken(self) -> None:
        """The consumer took a frame that came in."""
        self._protocol.frame_taken()

    def offer(self, take: Callable[[str], bool]) -> None:
        """Offer the consumer each text frame as it comes, while none waits before it.

        Where `take` returns True it has carried it out; else the frame waits as others do.
        """
        self._protocol.take_at_once = take


class WebSocketProtocol(ShortWayIn):
    """A socket that takes prepared frames, and stops reading while too many wait."""

    frames: Frames
    take_at_once: Callable[[str], bool] | None = None
    _paused = False
    _at_ping = _at_ask = (0, 0)
    """The bytes that the other side had yet to get, and those that it had got: at the last ping of
    autobahn, and when it was last asked for a sign of life or excused for giving none."""
    _excused = 0.0
    """When there was an excuse for silence last."""

    def makeConnection(self, transport: Any) -> None:
        self.frames = Frames(self)
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self.frames.heard = time.monotonic()
        super().dataReceived(data)

    def write_prepared(self, prepared: bytes) -> int:
        """Write after what waits for the socket; see `Frames.write`."""
        if self.state != AutobahnProtocol.STATE_OPEN:
            return 0
        transport = self.transport
        if not isinstance(transport, TcpConnection):
            # TLS, or a transport that we do not know from within.
            transport.write(prepared)
            return 0
        if transport.dataBuffer or transport._tempDataBuffer or transport.disconnecting:
            self.frames.written += len(prepared)
            return self.write_rest(prepared)
        self.frames.attach(transport.socket.send)
        return self.frames.write(prepared)

    def write_rest(self, data: bytes) -> int:
        """Leave to Twisted what the socket does not take now; returns how much waits for it."""
        self.transport.write(data)
        return self.unsent()

    # What autobahn writes goes through Twisted, and what we write must not overtake it. After a
    # close frame and on a connection that is lost nothing is written any more.

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        self.frames.clear = False
        super().sendData(data, sync, chopsize)

    def dropConnection(self, abort: bool = False) -> None:
        self.frames.clear = False
        super().dropConnection(abort)

    def connectionLost(self, reason: Any) -> None:
        self.frames.clear = False
        super().connectionLost(reason)

    def unsent(self) -> int:
        """The bytes that wait for the socket; 0 where the transport does not tell."""
        return _unsent(self.transport) if isinstance(self.transport, TcpConnection) else 0

    def _sendAutoPing(self) -> None:
        self._at_ping = self._progress()
        super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        """Drop a client that gave no sign of life, unless that is not its fault."""
        if self._has_excuse(self._at_ping):
            self._sendAutoPing()
            return
        super().onAutoPingTimeout()

    def ask(self) -> None:
        """Send a ping beside those of autobahn, by which no socket is dropped."""
        self._at_ask = self._progress()
        self.frames.write(PING)

    def silence(self) -> float:
        """The seconds since the last sign of life, or since there was an excuse for silence.

        A client that goes on reading what waits for it gives a sign of life by that, each time.
        """
        now = time.monotonic()
        if self._has_excuse(self._at_ask):
            # From here on it must have read more.
            self._at_ask, self._excused = self._progress(), now
        return now - max(self.frames.heard, self._excused)

    def _has_excuse(self, before: tuple[int, int]) -> bool:
        """Whether the client may have answered, or may not have got the question yet.

        Its answer may wait in a socket that we do not read, or the ping behind megabytes that it is
        still reading.
        """
        return self._paused or bool(before[0] and self._progress()[1] > before[1])

    def _progress(self) -> tuple[int, int]:
        """The bytes that the other side has yet to get, and those that it has got."""
        unread = self._unread()
        return unread, self.frames.written - unread

    def _unread(self) -> int:
        """The bytes that the other side has not got yet, as far as the system tells."""
        if not isinstance(self.transport, TcpConnection):
            return 0
        try:
            waiting = fcntl.ioctl(self.transport.socket, termios.TIOCOUTQ, bytes(4))
        except OSError:
            return 0
        return self.unsent() + int.from_bytes(waiting, sys.byteorder)

    def onOpen(self) -> None:
        super().onOpen()
        # Only the handshake needed them, and a socket may stay for hours.
        self.http_headers.clear()
        self.http_request_data = b""

    def text_received(self, text: str) -> None:
        if self.muted:
            return
        self.last_ping = time.time()
        at_once = self.take_at_once
        if at_once is not None and self.application_queue.empty() and at_once(text):
            return
        self.application_queue.put_nowait({"type": "websocket.receive", "text": text})
        self._pause_if_many()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        self._pause_if_many()

    def _pause_if_many(self) -> None:
        if not self._paused and self.application_queue.qsize() >= WAITING_FRAMES:
            self._paused = True
            self.transport.pauseProducing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        # Where the handshake failed daphne never heard of the socket; one that it refused it may
        # have forgotten by now.
        if hasattr(self, "server") and self in self.server.connections:
            super().onClose(wasClean, code, reason)

    def frame_taken(self) -> None:
        """The consumer took a frame: read on when few are left."""
        if self._paused and self.application_queue.qsize() < WAITING_FRAMES // 2:
            self._paused = False
            self.transport.resumeProducing()


def _unsent(transport: TcpConnection) -> int:
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


class WebSocketFactory(DaphneFactory):
    protocol = WebSocketProtocol

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The pings of autobahn and not of daphne, which goes by the wall clock and loses track of a
        # ping where the next one is sent before its answer is due.
        self.setProtocolOptions(
            closeHandshakeTimeout=CLOSE_WITHIN, autoPingInterval=self.server_class.ping_after
        )


class HTTPFactory(DrainingFactory, RequestFactory):
    pass


class Server(daphne_server.Server):
    """daphne's server, whose WebSocket scopes have the extension `peerchat.frames`.

    A socket that is silent for `ping_interval` seconds is pinged, and dropped when it gives no sign
    of life for `ping_timeout` seconds after that.
    """

    def __init__(self, application: Application, *, ping_interval: float, **options: Any) -> None:
        super().__init__(_bounded(application), ping_interval=math.inf, **options)
        self.ping_after = ping_interval
        self._ports: list[Any] = []

    def run(self) -> None:
        # Exceptions in Twisted and autobahn, which daphne throws away with the rest of their log.
        globalLogPublisher.addObserver(_log_failure)  # type: ignore[arg-type]
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)

    def kill_all_applications(self) -> defer.Deferred[Any]:
        """What daphne does before the reactor stops; here the sockets are closed in good order.

        No connection is accepted any more, what is in flight is finished and acknowledged, and
        the sockets get 4503, so that their clients go to another worker. If the process is still
        here a second before its parent would kill it, since a thread waits for a database that
        does not answer, it ends itself.
        """
        end = threading.Timer(STOP_WITHIN - 1, _end)
        end.daemon = True
        end.start()
        return defer.ensureDeferred(self._drain())

    async def _drain(self) -> None:
        for port in self._ports:
            # Others may still listen on the same socket; with the last one it is closed.
            port.stopListening()
        await defer.Deferred.fromFuture(asyncio.ensure_future(self._finish()))
        await super().kill_all_applications()

    async def _finish(self) -> None:
        await asyncio.gather(runtime.drain(), self.http_factory.drain(ANSWER_WITHIN))
        await runtime.stop()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if not isinstance(protocol, WebSocketProtocol):
            return super().create_application(protocol, scope)
        scope["asgi"] = {"version": "3.0"}
        scope["extensions"] = {EXTENSION: protocol.frames}
        inbox = Inbox()
        instance = self.application(
            scope=scope, receive=inbox.get, send=partial(self.handle_reply, protocol)
        )
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(instance)
        return inbox


def _end() -> None:
    logger.error("This worker could not stop in time: something it waits for does not answer.")
    logging.shutdown()
    os._exit(1)


def _log_failure(event: dict[str, Any]) -> None:
    if event["log_level"] is LogLevel.critical:
        logger.error(eventAsText(event, includeTimestamp=False, includeSystem=False))


def _bounded(application: Application) -> Application:
    """The application, with its sockets told of each frame that it takes."""

    async def bounded(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        frames = scope.get("extensions", {}).get(EXTENSION)
        if frames is None:
            await application(scope, receive, send)
            return

        async def receive_and_tell() -> dict[str, Any]:
            message = await receive()
            frames.taken()
            return message

        await application(scope, receive_and_tell, send)

    return bounded


# For each connection autobahn makes a text of all its options, for a debug line that nobody reads.
# The long way to lay it out is a fourteenth of what a connection costs.
autobahn_protocol.pformat = repr  # type: ignore[attr-defined, assignment]

# daphne makes its factories by these names, without a place to step in.
daphne_server.HTTPFactory = HTTPFactory
daphne_server.WebSocketFactory = WebSocketFactory
