"""A consumer that passes sockets on to a peerchat elsewhere, for the gateway in front of it.

It needs channels and websockets, and none of peerchat's apps: a gateway need not have them.

    websocket_urlpatterns = [
        re_path(r"^ws/", ProxyConsumer.as_asgi(upstream="ws://peerchat.internal:8000")),
    ]
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, cast
from urllib.parse import quote

from channels.consumer import AsyncConsumer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CREDENTIALS = ("authorization", "cookie", "origin")
TRY_AGAIN = 4503
"""The close code for a client if upstream is unreachable or breaks off. The client reconnects."""
WAITING_FRAMES = 16
LARGEST_FRAME = 16 * 1_048_576
"""The most bytes of a frame from upstream. A `resume` can be answered with 500 long messages."""
UNSENT_LIMIT = 262_144
"""The bytes that may wait for the client before the proxy stops reading upstream."""
PING_INTERVAL, PING_TIMEOUT = 20.0, 60.0
"""Seconds. A client may be slow for less than this, since upstream is not read meanwhile."""


class ProxyConsumer(AsyncConsumer):
    """Passes one socket on to `upstream` and back: frames as they are, subprotocols, close codes.

    `upstream` is like `ws://host:port` or `wss://host/base`; the path and the query of the request
    go behind it. `forward` names the request's headers to pass on; subprotocols, and a token among
    them, always are. `headers` are sent besides. Upstream sees its own name as the Host, so for
    sessions the gateway's origin belongs among its CSRF_TRUSTED_ORIGINS. `options` are those of
    `websockets.asyncio.client.connect`, such as `ssl`.

    The client's handshake waits for the one upstream, `connect_within` seconds at the most (less
    than the server's own limit, 5 s with daphne). What upstream refuses with a 4xx is refused
    with 403; where it cannot be reached the socket is accepted and closed with 4503, which sends
    peerchat's clients away for a while. Pings stay on their side. Neither side is read faster than
    the other takes it; for that, towards the client, the gateway must run on `peerchat.server`
    (`manage.py serve`), as daphne's own buffers have no bounds.
    Frames without content do not arrive: daphne sends none.
    """

    def __init__(
        self,
        *,
        upstream: str,
        forward: Collection[str] = CREDENTIALS,
        headers: Mapping[str, str] | None = None,
        connect_within: float = 4.0,
        **options: Any,
    ) -> None:
        if not upstream.startswith(("ws://", "wss://")):
            raise ValueError(f"upstream must begin with ws:// or wss://, not {upstream!r}.")
        self.upstream = upstream.rstrip("/")
        self.forward = frozenset(name.lower() for name in forward)
        self.headers = dict(headers or {})
        self.connect_within = connect_within
        self.options = options

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        await receive()  # websocket.connect
        try:
            there = await self._connect()
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            if not 400 <= status < 500 or status == 429:
                await self._unavailable(send, f"it answered with {status}")
                return
            await send({"type": "websocket.close"})
            return
        except (OSError, TimeoutError, WebSocketException) as error:
            await self._unavailable(send, repr(error))
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": there.subprotocol})
            await self._relay(there, receive, send)
        finally:
            # Close the other end, whatever ended this one. After a close this does nothing.
            there.transport.abort()

    def upstream_headers(self) -> list[tuple[str, str]]:
        """Return the headers of the upstream handshake. A gateway with users can override it."""
        passed = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self.scope["headers"]
            if name.decode("latin-1") in self.forward
        ]
        return [*passed, *self.headers.items()]

    async def _connect(self) -> ClientConnection:
        path, query = quote(self.scope["path"]), self.scope.get("query_string", b"")
        url = f"{self.upstream}{path}" + (f"?{query.decode('latin-1')}" if query else "")
        offered = [cast("Subprotocol", one) for one in self.scope.get("subprotocols", ())]
        return await _Connect(
            url,
            subprotocols=offered or None,
            additional_headers=self.upstream_headers(),
            user_agent_header=None,
            open_timeout=self.connect_within,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            max_size=LARGEST_FRAME,
            max_queue=WAITING_FRAMES,
            **{"compression": None, "proxy": None, **self.options},
        )

    async def _unavailable(self, send: Send, why: str) -> None:
        """Accept and close with 4503. A 403 would tell a program that its credentials are wrong."""
        logger.warning("cannot reach %s: %s", self.upstream, why)
        offered = self.scope.get("subprotocols", ())
        # A browser that offered subprotocols drops a socket that answers with none.
        answer = next((one for one in offered if not one.startswith("token.")), None)
        await send({"type": "websocket.accept", "subprotocol": answer})
        await send({"type": "websocket.close", "code": TRY_AGAIN})

    async def _relay(self, there: ClientConnection, receive: Receive, send: Send) -> None:
        down = asyncio.create_task(self._pass_down(there, send))
        up = asyncio.create_task(self._pass_up(there, receive))
        try:
            await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [task for task in (down, up) if not task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in (up, down):
            if not task.cancelled():
                task.result()

    async def _pass_up(self, there: ClientConnection, receive: Receive) -> None:
        """Pass on the client's frames until it disconnects, and read no faster than upstream."""
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            try:
                await there.send(text if text is not None else message["bytes"])
            except ConnectionClosed:
                # `_pass_down` passes the close on. Later frames of the client have no receiver.
                continue
        code = message.get("code") or 1005
        if code == 1006:  # it broke off, and so does this
            there.transport.abort()
            return
        with contextlib.suppress(ConnectionClosed):
            await there.close(1000 if code == 1005 else code)

    async def _pass_down(self, there: ClientConnection, send: Send) -> None:
        """Pass on upstream's frames, and then its close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await there.recv()
                kind = "text" if isinstance(frame, str) else "bytes"
                await send({"type": "websocket.send", kind: frame})
                await self._room()
        code = there.close_code or 1006
        # Autobahn lets an application send no other codes. The others all mean a failure upstream.
        passed_on = code == 1000 or 3000 <= code <= 4999
        await send({"type": "websocket.close", "code": code if passed_on else TRY_AGAIN})

    async def _room(self) -> None:
        """Wait until the client has taken most of the frames sent to it."""
        frames = self.scope.get("extensions", {}).get("peerchat.frames")
        # No event reports that. A client that takes nothing at all fails the server's ping.
        while frames is not None and frames.unsent() > UNSENT_LIMIT:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse redirects, so that credentials go only where the gateway sends them."""
        return exc
