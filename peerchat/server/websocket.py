"""Sockets that take prepared frames, and stop reading while too many wait."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from daphne.ws_protocol import WebSocketFactory as DaphneFactory

from peerchat.server import transport
from peerchat.server.frames import Frames
from peerchat.server.incoming import ShortWayIn

WAITING_FRAMES = 64
"""Frames of a client that may wait for its consumer before the server stops reading its socket."""
CLOSE_WITHIN = 10
"""Seconds a client has to answer a close frame, and so to read the data sent before it."""
PING = b"\x89\x00"
"""A ping without a payload, as a server sends it (RFC 6455, section 5.5.2)."""


class _Request:
    """What is left of a handshake once the socket is open."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class WebSocketProtocol(ShortWayIn):
    """A socket that takes prepared frames, and stops reading while too many wait."""

    frames: Frames
    request: Any
    take_at_once: Callable[[str], bool] | None = None
    _paused = False
    _at_ping = _at_ask = (0, 0)
    """The (outstanding, received) bytes of the other side: at the last ping for silence, and when
    the client was last asked for a sign of life or excused for giving none."""
    _excused = 0.0
    """The time of the last excuse for silence."""
    _pinged = 0.0
    """The time of the last ping for silence."""
    _spared = 0.0
    """The time from which a silence counts at the earliest, as there was an excuse before."""

    def makeConnection(self, made: Any) -> None:
        self.frames = Frames(self)
        super().makeConnection(made)

    def dataReceived(self, data: bytes) -> None:
        self.frames.heard = time.monotonic()
        super().dataReceived(data)

    def write_prepared(self, prepared: bytes) -> int:
        """Write after the data that waits for the socket; see `Frames.write`."""
        if self.state != AutobahnProtocol.STATE_OPEN:
            return 0
        plain = transport.plain(self.transport)
        if plain is None:
            # TLS, or a transport whose internals we do not know.
            self.transport.write(prepared)
            return 0
        put = transport.put(plain)
        if put is None:
            self.frames.written += len(prepared)
            return self.write_rest(prepared)
        self.frames.attach(put)
        return self.frames.write(prepared)

    def write_rest(self, data: bytes) -> int:
        """Leave the data to Twisted, and return the number of bytes that wait for the socket."""
        self.transport.write(data)
        return self.unsent()

    # autobahn writes through Twisted, and our writes must not overtake it. After a close frame, and
    # on a lost connection, nothing is written any more.

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
        """Return the number of bytes that wait for the socket; 0 if the transport hides it."""
        plain = transport.plain(self.transport)
        return 0 if plain is None else transport.unsent(plain)

    def check_timeouts(self) -> None:
        """Ping a client that has been silent, and drop one that stayed so without an excuse.

        The server calls this every `look_every` seconds unless it was heard lately, which is
        cheaper than timers of each socket. daphne's own limits are for handshakes only.
        """
        if self.state != AutobahnProtocol.STATE_OPEN:
            super().check_timeouts()
            return
        server, now = self.server, time.monotonic()
        silent = now - max(self.frames.heard, self._spared)
        if silent < server.ping_after:
            return
        if self._pinged <= self.frames.heard:
            self._ping()
        elif silent >= server.ping_after + server.ping_timeout - server.look_every:
            if self._has_excuse(self._at_ping):
                self._spared = now - server.ping_after
                self._ping()
            else:
                self.onAutoPingTimeout()

    def _ping(self) -> None:
        self._pinged, self._at_ping = time.monotonic(), self._progress()
        self.frames.write(PING)

    def ask(self) -> None:
        """Send a ping that never causes a socket to be dropped."""
        self._at_ask = self._progress()
        self.frames.write(PING)

    def last_sign(self) -> float:
        """Return the `time.monotonic()` of the last sign of life or the last excuse for silence.

        A client that goes on reading the data that waits for it gives a sign of life each time.
        """
        if self._has_excuse(self._at_ask):
            # From here on the client must have read more.
            self._at_ask, self._excused = self._progress(), time.monotonic()
        return max(self.frames.heard, self._excused)

    def _has_excuse(self, before: tuple[int, int]) -> bool:
        """Return whether the client may have answered, or may not have received the ping yet.

        Its answer may wait in a socket that the server does not read, or the ping may wait behind
        megabytes that the client is still reading.
        """
        return self._paused or bool(before[0] and self._progress()[1] > before[1])

    def _progress(self) -> tuple[int, int]:
        """Return the bytes that the other side still has to receive, and those it has received."""
        plain = transport.plain(self.transport)
        unread = 0 if plain is None else transport.unread(plain)
        return unread, self.frames.written - unread

    def onOpen(self) -> None:
        super().onOpen()
        # Only the handshake needed these, and a socket may stay for hours.
        self.http_headers.clear()
        self.http_request_data = b""
        self.http_status_line = self.http_response_data = self._wskey = ""
        self._transport_details = None
        self.request = _Request(self.request.path)
        del self.send_queue

    def __getattr__(self, name: str) -> Any:
        if name == "send_queue":  # autobahn's, of what it sends in pieces, which is hardly ever
            made = self.send_queue = deque[Any]()
            return made
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def text_received(self, text: str) -> None:
        if self.muted:
            return
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
        # After a failed handshake, daphne never knew the socket. If daphne refused it, it may have
        # forgotten it by now.
        if hasattr(self, "server") and self in self.server.connections:
            super().onClose(wasClean, code, reason)

    def frame_taken(self) -> None:
        """Resume reading when the consumer has taken a frame and few are left."""
        if self._paused and self.application_queue.qsize() < WAITING_FRAMES // 2:
            self._paused = False
            self.transport.resumeProducing()


class WebSocketFactory(DaphneFactory):
    protocol = WebSocketProtocol

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Pings are our own. Those of autobahn take two timers for each socket, and go out whether
        # or not the client is silent. daphne uses the wall clock for its own, and loses track of a
        # ping if it sends the next one before the answer is due.
        self.setProtocolOptions(closeHandshakeTimeout=CLOSE_WITHIN, autoPingInterval=0)

    def setProtocolOptions(self, *args: Any, **options: Any) -> None:
        super().setProtocolOptions(*args, **options)
        # autobahn gives them to each socket whose class lacks them, and a socket would take 2 KiB.
        for name in self.protocol.CONFIG_ATTRS:
            value = getattr(self, name)
            setattr(self.protocol, name, staticmethod(value) if callable(value) else value)
