"""Sockets on feeds."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.pace import patient
from tests.rooms.cast import Cast, Hall, Person
from tests.running import Site

WITHIN = patient(10.0)
"""Seconds after which a test stops waiting for a frame."""


class Feed:
    """A socket on a feed. `frames` are those after its welcome, in order, as they came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.client = ""
        self.frames: list[bytes] = []
        self._looked = 0
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, site: Site, name: str, token: str | None) -> Self:
        """Come to a feed, and read the welcome."""
        socket = await connect(
            f"{site.socket_url}/ws/feed/{name}/",
            additional_headers={"Authorization": f"Bearer {token}"} if token else {},
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
        )
        feed = cls(socket)
        async with asyncio.timeout(WITHIN):
            welcome = json.loads(await socket.recv())
        feed.client = welcome["client"]
        assert welcome == {"action": "feed_welcome", "feed": name, "client": feed.client}
        feed._reading = asyncio.create_task(feed._read())
        return feed

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.frames.append(await self.socket.recv(decode=False))
                self._news.set()
        self._news.set()

    async def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            await self.socket.send(frame)

    async def until(self, matches: Callable[[bytes], bool], what: object) -> bytes:
        """The next frame that matches; those before it count as looked at, too."""
        assert self._reading is not None
        try:
            async with asyncio.timeout(WITHIN):
                while True:
                    while self._looked < len(self.frames):
                        self._looked += 1
                        if matches(self.frames[self._looked - 1]):
                            return self.frames[self._looked - 1]
                    assert not self._reading.done(), f"closed {self.socket.close_code}, no {what}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come; there is {self.frames[-9:]}") from None

    async def text(self, text: str) -> None:
        """Wait for this frame."""
        await self.until(lambda frame: frame == text.encode(), text[:100])

    async def notice(self, action: str, of: "Feed") -> None:
        """Wait for the notice that somebody came or went."""

        def matches(frame: bytes) -> bool:
            try:
                found = json.loads(frame)
            except ValueError:
                return False
            return bool(found == {"action": action, "feed": found.get("feed"), "client": of.client})

        await self.until(matches, f"{action} {of.client}")

    async def refused(self) -> dict[str, Any]:
        """Return the next error frame, which answers no command."""
        found: dict[str, Any] = json.loads(
            await self.until(lambda frame: b'"status":"error"' in frame, "an error")
        )
        assert [found.pop(key) for key in ("uuid", "action", "status")] == [None, None, "error"]
        assert found.pop("error_message")
        return found

    async def closed(self) -> int | None:
        """The code with which the server closes the socket, waited for."""
        async with asyncio.timeout(WITHIN):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        if self._reading is not None:
            await self._reading


class Place:
    """A feed of a test's own on the running site."""

    def __init__(self, cast: Cast, exits: contextlib.AsyncExitStack) -> None:
        self.cast = cast
        self.hall: Hall = cast.hall
        self._exits = exits
        self._turns = itertools.cycle((0, 1))

    @property
    def name(self) -> str:
        return f"feed-{self.cast.tag}"

    async def join(
        self, person: Person, *, name: str | None = None, worker: int | None = None
    ) -> Feed:
        """Open a feed socket of the person, at both workers by turns if none is named."""
        async with self.hall.only(next(self._turns) if worker is None else worker):
            feed = await Feed.open(self.hall.site, name or self.name, person.token)
        self._exits.push_async_callback(feed.close)
        return feed


def notice(action: str, feed: str, of: Feed) -> bytes:
    return json.dumps(
        {"action": action, "feed": feed, "client": of.client}, separators=(",", ":")
    ).encode()
