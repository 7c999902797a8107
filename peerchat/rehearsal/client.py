"""A socket that behaves like that of a browser."""

import asyncio
import math
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from peerchat.client import reconnecting
from peerchat.client.reconnecting import Body, ReconnectingSocket


class RehearsalError(Exception):
    """Ends a rehearsal early; the text is for people."""


class Unreachable(RehearsalError):
    """Signals that no server answers at the address."""


class Denied(RehearsalError):
    """Signals that the server refused the handshake."""


class Disconnected(RehearsalError):
    """Signals that the server closed the socket, or that the connection was lost."""


class CommandRefused(RehearsalError):
    """Signals that the server answered a command with an error; `code` is its `error_code`."""

    def __init__(self, action: str, code: str, text: str) -> None:
        self.code = code
        super().__init__(f"{action} was refused ({code}): {text}")


class Reply(NamedTuple):
    """Holds the reply to a command, and the seconds until it came."""

    body: Body
    seconds: float


def socket_url(url: str) -> str:
    """Return the URL of a site's WebSockets, given its http or https URL. Raises RehearsalError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RehearsalError(f"The URL must look like http://127.0.0.1:8000, not {url!r}.")
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Client:
    """A socket of `peerchat.client` that keeps everything it receives, in order.

    In a rehearsal a dropped connection is a finding: every command after it raises Disconnected.
    """

    def __init__(self, url: str, token: str) -> None:
        self.texts: list[str] = []
        """Every frame as it came."""
        self.welcome: Body = {}
        self.controls: list[Body] = []
        """The `control` events."""
        self.closings: list[Body] = []
        """The `closing` events."""
        self.partners: Body = {}
        """The last `partners` event."""
        self.rooms: dict[str, Body] = {}
        """The rooms that were added and not removed again."""
        self.messages: dict[str, list[Body]] = defaultdict(list)
        """The messages of each room."""
        self._socket = ReconnectingSocket(
            url, token, on_frame=self._take, on_connect=self._greeted, on_lost=self._dropped
        )
        # By how many seconds the server's clock is ahead of this one, at least.
        self._ahead = -math.inf
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._lost: Disconnected | None = None

    @classmethod
    async def open(cls, url: str, token: str) -> Self:
        """Return a socket that has received its welcome. `url` is that of the endpoint.

        Raises Unreachable, Denied or Disconnected.
        """
        client = cls(url, token)
        try:
            await client._socket.open()
        except reconnecting.Denied as error:
            raise Denied(f"{url}: {error}") from None
        except reconnecting.ClientError as error:
            raise Unreachable(f"{url}: {error}") from None
        return client

    async def command(self, action: str, **fields: Any) -> Reply:
        """Send a command and wait for its reply; for a message that is its event.

        Raises CommandRefused, Disconnected, or TimeoutError when no answer comes.
        """
        if self._lost is not None:
            raise self._lost
        began = time.perf_counter()
        try:
            body = await self._socket.ask(action, fields)
        except reconnecting.CommandRefused as error:
            raise CommandRefused(action, error.code, str(error)) from None
        except reconnecting.ClientError as error:
            raise self._lost or Disconnected(str(error)) from None
        return Reply(body, time.perf_counter() - began)

    async def until(self, condition: Callable[[], bool], *, within: float) -> bool:
        """Wait for frames until the condition holds, and return False after `within` seconds.

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
        self._lost = self._lost or Disconnected("The socket was closed by the rehearsal.")
        await self._socket.close()

    async def _greeted(self, welcome: Body) -> None:
        self.welcome = welcome

    def _dropped(self) -> None:
        if self._lost is None:
            self._lost = Disconnected("The server closed a socket, or its connection was lost.")
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(self._lost)

    def server_now(self) -> float:
        """Return the server's time in seconds since the epoch, as far as its frames tell."""
        return time.time() + self._ahead

    def _take(self, body: Body, text: str) -> None:
        self.texts.append(text)
        if "server_time" in body:
            # The quickest frame is the best measure.
            self._ahead = max(self._ahead, body["server_time"] - time.time())
        match body["action"]:
            case "control":
                self.controls.append(body)
            case "closing":
                self.closings.append(body)
            case "partners" if body.get("revision", 0) >= self.partners.get("revision", 0):
                self.partners = body
            case "room_added":
                self.rooms[body["room"]] = body
            case "room_removed":
                self.rooms.pop(body["room"], None)
            case "new_message" if body["status"] == "success":
                self.messages[body["room"]].append(body["message"])
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def spread(seconds: Iterable[float]) -> str:
    """Return a summary of times for people: the median and the slowest hundredth."""
    listed = list(seconds)
    if not listed:
        return "none came"
    middle, slow = percentile(listed, 0.5) * 1000, percentile(listed, 0.99) * 1000
    return f"p50 {middle:.1f} ms, p99 {slow:.1f} ms"


def allow_sockets(number: int) -> None:
    """Let this process open so many sockets. Raises RehearsalError if it may not."""
    needed = number + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RehearsalError(
            f"{number} sockets need {needed} file descriptors, but the limit is {hard}: "
            f"raise the limit (ulimit -Hn)."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
