"""Students who log in with their passwords: the page, the cookie, a socket by the session."""

import asyncio
import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from peerchat.rehearsal.client import socket_url

ANSWER_WITHIN = 60.0
"""Seconds after which a request, or the welcome of a socket, counts as an error."""
PATIENCE = 180.0
"""Seconds for which a student goes on trying when told to come later."""


class Answer(NamedTuple):
    """Holds the answer to a request, and the seconds until it came."""

    status: int
    retry_after: float
    seconds: float


class Browser:
    """A student's browser, which sends the cookies that it received."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._netloc = parts.hostname or "", parts.netloc
        self._ssl = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._ssl else 80)
        self._prefix = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._cookies: SimpleCookie = SimpleCookie()
        self.received: set[tuple[str, str]] = set()
        """The names and values of all cookies that came, also of those that others replaced."""
        self._sockets = socket_url(url)

    async def get(self, path: str) -> Answer:
        """Request a page. Raises OSError or TimeoutError."""
        return await self._ask("GET", path, b"")

    async def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form with the site's CSRF token. Raises OSError or TimeoutError."""
        token = self._cookies.get("csrftoken")
        form = {"csrfmiddlewaretoken": token.value if token else "", **fields}
        return await self._ask("POST", path, urlencode(form).encode())

    async def socket(self) -> ClientConnection:
        """Return a socket of the session that has received its welcome.

        Raises OSError, TimeoutError or WebSocketException.
        """
        headers = {"Cookie": self._cookie_header(), "Origin": self._origin}
        async with asyncio.timeout(ANSWER_WITHIN):
            connection = await connect(
                f"{self._sockets}/ws/chat/", additional_headers=headers, compression=None
            )
            await connection.recv()
        return connection

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())

    async def _ask(self, method: str, path: str, body: bytes) -> Answer:
        began = time.perf_counter()
        async with asyncio.timeout(ANSWER_WITHIN):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._ssl)
            try:
                writer.write(self._head(method, path, len(body)) + body)
                raw = await reader.read(-1)
            finally:
                writer.close()
        status, retry_after = self._read(raw.partition(b"\r\n\r\n")[0].decode("latin-1"))
        return Answer(status, retry_after, time.perf_counter() - began)

    def _head(self, method: str, path: str, length: int) -> bytes:
        lines = [
            f"{method} {self._prefix}{path} HTTP/1.1",
            f"Host: {self._netloc}",
            f"Origin: {self._origin}",
            f"Referer: {self._origin}{self._prefix}/",
            f"Cookie: {self._cookie_header()}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {length}",
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _read(self, head: str) -> tuple[int, float]:
        """Keep the cookies of an answer and return its status and Retry-After. Raises OSError."""
        first, *lines = head.split("\r\n")
        if not first.startswith("HTTP/"):
            raise ConnectionError("The connection ended without an answer.")
        retry_after = 0.0
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                self._cookies.load(value.strip())
                self.received |= {(key, one.value) for key, one in self._cookies.items()}
            elif name.lower() == "retry-after":
                retry_after = float(value)
        return int(first.split()[1]), retry_after


@dataclass(slots=True)
class Visit:
    """Holds the outcome for a student."""

    is_in: bool = False
    seconds: float = 0.0
    """Seconds from the first request to the welcome of the socket, including waits."""
    pages: list[float] = field(default_factory=list)
    """Seconds that each answer took."""
    told_later: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rush:
    """Students who log in with the same password, spread over `within` seconds; 0 is at once."""

    url: str
    usernames: Sequence[str]
    password: str
    within: float

    async def run(self) -> list[Visit]:
        """Let all of them log in."""
        count = len(self.usernames)
        moments = [number * self.within / count for number in range(count)]
        return await asyncio.gather(*map(self._come, self.usernames, moments))

    async def _come(self, username: str, moment: float) -> Visit:
        await asyncio.sleep(moment)
        visit, browser, began = Visit(), Browser(self.url), time.perf_counter()
        try:
            await self._log_in(visit, browser, username, began + PATIENCE)
            if not visit.error:
                visit.pages.append((await browser.get("/")).seconds)
                connection = await browser.socket()
                visit.is_in = True
                await connection.close()
        except (OSError, TimeoutError, WebSocketException) as error:
            visit.error = str(error) or type(error).__name__
        visit.seconds = time.perf_counter() - began
        return visit

    async def _log_in(self, visit: Visit, browser: Browser, username: str, until: float) -> None:
        page = "/accounts/login/"
        visit.pages.append((await browser.get(page)).seconds)
        while True:
            answer = await browser.post(page, {"username": username, "password": self.password})
            visit.pages.append(answer.seconds)
            if answer.status == 302:
                return
            if answer.status != 503 or time.perf_counter() > until:
                visit.error = f"HTTP {answer.status}"
                return
            visit.told_later += 1
            # As the page does.
            await asyncio.sleep(answer.retry_after + random.random())
