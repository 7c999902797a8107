"""A socket that does what a browser does."""

import asyncio
import contextlib
import json
import math
import resource
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

REPLY_WITHIN = 30.0
"""Seconds a command waits for its reply."""
HANDSHAKE_WITHIN = 60.0
"""Seconds a handshake may take, and then the welcome: a whole class may be at the door."""

Body = dict[str, Any]


class RehearsalError(Exception):
    """What ends a rehearsal early; the text is for people."""


class Unreachable(RehearsalError):
    """No server answers at the address."""


class Denied(RehearsalError):
    """The server refused the handshake."""


class Disconnected(RehearsalError):
    """The server closed the socket, or the connection was lost."""


class CommandRefused(RehearsalError):
    """The server answered a command with an error; `code` is its `error_code`."""

    def __init__(self, action: str, body: Body) -> None:
        self.code = str(body.get("error_code"))
        super().__init__(f"{action} was refused ({self.code}): {body.get('error_message')}")


class Reply(NamedTuple):
    """What a command was answered with, and after how many seconds."""

    body: Body
    seconds: float


def socket_url(url: str) -> str:
    """The URL of the WebSockets of the site at an http or https URL. Raises RehearsalError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RehearsalError(f"The URL must be like http://127.0.0.1:8000, not {url!r}.")
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Client:
    """One socket: sends commands, and keeps what comes, in the order in which it came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.texts: list[str] = []
        """Every frame as it came."""
        self.welcome: Body = {}
        self.controls: list[Body] = []
        """The `control` events."""
        self.partners: Body = {}
        """The last `partners` event."""
        self.rooms: dict[str, Body] = {}
        """The rooms that were added and not removed again."""
        self.messages: dict[str, list[Body]] = defaultdict(list)
        """The messages of each room."""
        self._connection = connection
        self._replies: dict[str, asyncio.Future[Body]] = {}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._lost: Disconnected | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, token: str) -> Self:
        """A socket that has had its welcome. `url` is that of the endpoint.

        Raises Unreachable, Denied or Disconnected.
        """
        try:
            connection = await connect(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                proxy=None,
                open_timeout=HANDSHAKE_WITHIN,
                close_timeout=5,
                # Nothing may be dropped, and a slow reader would be the fault of this side.
                max_queue=None,
                max_size=None,
            )
        except InvalidStatus as error:
            raise Denied(
                f"{url} answered the handshake with HTTP {error.response.status_code}."
            ) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Unreachable(f"{url} cannot be reached: {error or 'no answer'}.") from None
        client = cls(connection)
        try:
            if not await client.until(lambda: bool(client.welcome), within=HANDSHAKE_WITHIN):
                raise Unreachable(f"{url} sent no welcome within {HANDSHAKE_WITHIN:g} s.")
        except BaseException:
            await client.close()
            raise
        return client

    async def command(self, action: str, **fields: Any) -> Reply:
        """Send a command and wait for its reply; for a message that is its event.

        Raises CommandRefused, Disconnected, or TimeoutError after `REPLY_WITHIN` seconds.
        """
        if self._lost is not None:
            raise self._lost
        name = uuid.uuid4().hex
        future = self._replies[name] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        try:
            frame = json.dumps({"uuid": name, "action": action, **fields}, ensure_ascii=False)
            with contextlib.suppress(ConnectionClosed):  # which the reader tells of
                await self._connection.send(frame)
            async with asyncio.timeout(REPLY_WITHIN):
                body = await future
        finally:
            self._replies.pop(name, None)
        if body["status"] != "success":
            raise CommandRefused(action, body)
        return Reply(body, time.perf_counter() - began)

    async def until(self, condition: Callable[[], bool], *, within: float) -> bool:
        """Wait for frames until the condition holds; whether it does, after `within` seconds.

        Raises Disconnected.
        """
        if condition():
            return True
        if self._lost is not None:
            raise self._lost
        waiting = (condition, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(within):
                await waiting[1]
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(waiting)
        return True

    async def close(self) -> None:
        await self._connection.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):
                async for text in self._connection:
                    assert isinstance(text, str), "the server sends text frames only"
                    self._take(text)
        finally:
            code = self._connection.close_code
            self._lost = Disconnected(
                f"A socket was closed with {code} ({self._connection.close_reason or 'no reason'})."
                if code not in (None, 1006)
                else "The connection of a socket was lost."
            )
            waits: list[asyncio.Future[Any]] = [*self._replies.values()]
            waits += [future for _, future in self._waiting]
            for future in waits:
                if not future.done():
                    future.set_exception(self._lost)

    def _take(self, text: str) -> None:
        body: Body = json.loads(text)
        self.texts.append(text)
        match body["action"]:
            case "welcome":
                self.welcome = body
            case "control":
                self.controls.append(body)
            case "partners":
                self.partners = body
            case "room_added":
                self.rooms[body["room"]] = body
            case "room_removed":
                self.rooms.pop(body["room"], None)
            case "new_message" if body["status"] == "success":
                self.messages[body["room"]].append(body["message"])
        reply = self._replies.get(body.get("uuid", ""))
        if reply is not None and not reply.done():
            reply.set_result(body)
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of the values that at least `share` of them (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def spread(seconds: Iterable[float]) -> str:
    """How long things took, for people: the median and the slowest hundredth."""
    listed = list(seconds)
    if not listed:
        return "none came"
    middle, slow = percentile(listed, 0.5) * 1000, percentile(listed, 0.99) * 1000
    return f"p50 {middle:.1f} ms, p99 {slow:.1f} ms"


def allow_sockets(number: int) -> None:
    """Let this process have so many sockets open. Raises RehearsalError where it may not."""
    needed = number + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RehearsalError(
            f"{number} sockets need {needed} file descriptors, and this process may have {hard}: "
            f"raise the limit (ulimit -Hn)."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
