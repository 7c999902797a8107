"""A daphne server with frames that are prepared once and written to many sockets.

Consumers find this in the scope as the ASGI extension `peerchat.frames`. Under a server without it
they send through `websocket.send`, which is only slower. Incoming frames are bounded, too: if a
client sends faster than its commands are carried out, the server stops reading from it until they
are.
"""

import asyncio
import logging
import math
import os
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from autobahn.websocket import protocol as autobahn_protocol
from daphne import server as daphne_server
from twisted.internet import defer
from twisted.logger import LogLevel, eventAsText, globalLogPublisher

from peerchat.server.draining import DrainingFactory
from peerchat.server.inbox import Inbox
from peerchat.server.processes import STOP_WITHIN
from peerchat.server.requests import RequestFactory
from peerchat.server.websocket import WebSocketFactory, WebSocketProtocol
from rooms.process import runtime

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[Any]]

EXTENSION = "peerchat.frames"
ANSWER_WITHIN = 8.0
"""Seconds that running requests may take when the server stops."""
LOOK_EVERY, LOOKS = 1.0, 4
"""The longest time between two looks for silent sockets, in seconds, and the least number of looks
in each of the limits for silence."""


class HTTPFactory(DrainingFactory, RequestFactory):
    pass


class Server(daphne_server.Server):
    """daphne's server, whose WebSocket scopes have the extension `peerchat.frames`.

    A socket that is silent for `ping_interval` seconds is pinged, and dropped when it gives no sign
    of life for `ping_timeout` seconds after that.
    """

    connections: dict[Any, dict[str, Any]]

    def __init__(self, application: Application, *, ping_interval: float, **options: Any) -> None:
        super().__init__(_bounded(application), ping_interval=math.inf, **options)
        self.ping_after = ping_interval
        self.look_every = min(LOOK_EVERY, ping_interval / LOOKS, self.ping_timeout / LOOKS)
        self._ports: list[Any] = []
        # The connections that have ended, or whose application has, since the last look at them.
        self._ending: set[Any] = set()

    def run(self) -> None:
        # Log exceptions in Twisted and autobahn, which daphne discards with the rest of their log.
        globalLogPublisher.addObserver(_log_failure)  # type: ignore[arg-type]
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)

    def kill_all_applications(self) -> defer.Deferred[Any]:
        """Close the sockets in an orderly way before daphne stops the reactor.

        The server accepts no more connections, finishes and acknowledges the commands in flight,
        and closes the sockets with 4503, so that their clients go to another worker. If a thread
        still waits for an unavailable database a second before the parent would kill the process,
        the process ends itself.
        """
        end = threading.Timer(STOP_WITHIN - 1, _end)
        end.daemon = True
        end.start()
        return defer.ensureDeferred(self._drain())

    async def _drain(self) -> None:
        for port in self._ports:
            # Other workers may still listen on the same socket. The last one closes it.
            port.stopListening()
        await defer.Deferred.fromFuture(asyncio.ensure_future(self._finish()))
        await super().kill_all_applications()

    async def _finish(self) -> None:
        await asyncio.gather(runtime.drain(), self.http_factory.drain(ANSWER_WITHIN))
        await runtime.stop()

    # daphne looks at every connection each second to find the few that have ended.

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._ending.add(protocol)

    def application_checker(self) -> None:
        """Do as daphne does, for the connections that have ended or whose application has."""
        everything, ending = self.connections, self._ending
        self._ending = set()
        self.connections = {one: everything[one] for one in ending if one in everything}
        try:
            super().application_checker()
        finally:
            left, self.connections = self.connections, everything
        for one in ending:
            if one not in left:
                everything.pop(one, None)
            elif "disconnected" in left[one]:
                # Its application has not ended yet.
                self._ending.add(one)

    def timeout_checker(self) -> None:
        lately = time.monotonic() - self.ping_after
        for protocol in list(self.connections):
            # A call for each of the many that were heard would cost an idle worker a fifth of its
            # time. What is clear is open.
            frames = getattr(protocol, "frames", None)
            if frames is None or not frames.clear or frames.heard <= lately:
                protocol.check_timeouts()
        daphne_server.reactor.callLater(self.look_every, self.timeout_checker)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if not isinstance(protocol, WebSocketProtocol):
            queue = super().create_application(protocol, scope)
            self._watch(protocol)
            return queue
        scope["asgi"] = {"version": "3.0"}
        scope["extensions"] = {EXTENSION: protocol.frames}
        inbox = Inbox()
        instance = self.application(
            scope=scope, receive=inbox.get, send=partial(self.handle_reply, protocol)
        )
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(instance)
        self._watch(protocol)
        return inbox

    def _watch(self, protocol: Any) -> None:
        application = self.connections.get(protocol, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(lambda _: self._ending.add(protocol))


def _end() -> None:
    logger.error(
        "This worker could not stop in time because something it waits for does not respond."
    )
    logging.shutdown()
    os._exit(1)


def _log_failure(event: dict[str, Any]) -> None:
    if event["log_level"] is LogLevel.critical:
        logger.error(eventAsText(event, includeTimestamp=False, includeSystem=False))


def _bounded(application: Application) -> Application:
    """Wrap the application, so that its sockets are notified of each frame that it takes."""

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


def install() -> None:
    """Make daphne use the factories of this module, for which it has no hook."""
    daphne_server.HTTPFactory = HTTPFactory
    daphne_server.WebSocketFactory = WebSocketFactory
    # For each connection autobahn formats all its options for a debug line that nobody reads. The
    # slow way to format it is a fourteenth of the cost of a connection.
    autobahn_protocol.pformat = repr  # type: ignore[attr-defined, assignment]
