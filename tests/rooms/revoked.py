"""Sockets from which something is taken away while everybody talks, and how long they still got."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import User
from tests.client import Client, Frame
from tests.rooms.cast import Cast, Hall, Person
from tests.running import Site, environment

PASSWORD = "correct horse"
FREELY = {"MESSAGE_RATE": "1000", "MESSAGE_BURST": "5000", "PUBLISH_RATE": "1000"}


@contextlib.contextmanager
def open_hall(folder: Path, **settings: str) -> Iterator[Hall]:
    """A site of two workers where everybody may say as much as they like."""
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    with Site(folder, workers=2, env=environment(**FREELY, **settings)) as site:
        yield Hall(site)


def now() -> float:
    return time.monotonic()


def row_of(person: Person) -> Any:
    """The row of a user, to be changed behind everybody's back."""
    return User.objects.filter(pk=person.user.pk)


def give_password(*people: Person) -> None:
    row = User.objects.filter(pk__in=[one.user.pk for one in people])
    row.update(password=make_password(PASSWORD))
    for one in people:
        one.user.refresh_from_db()


class Timed(list[bytes]):
    """A list that knows when each frame came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, item: bytes) -> None:
        self.times.append(time.monotonic())
        super().append(item)


def times(client: Client, matches: Callable[[Frame], bool] = lambda frame: True) -> list[float]:
    """Return the arrival time of each frame that matches."""
    raw = client.raw
    assert isinstance(raw, Timed)
    return [at for at, frame in zip(raw.times, raw, strict=True) if matches(json.loads(frame))]


@dataclass
class Seat:
    """The sockets of a user who is about to lose something, all on worker 0."""

    chat: Client
    board: Client
    feed: Client

    @property
    def sockets(self) -> dict[str, Client]:
        return {"chat": self.chat, "dashboard": self.board, "feed": self.feed}


async def sit(cast: Cast, person: Person, **credentials: Any) -> Seat:
    """A chat socket that subscribed to a topic, a dashboard and a feed; by the person's token
    where nothing else is named."""
    if not credentials:
        credentials = {"token": person.token}
    if "cookie" in credentials:
        credentials["origin"] = cast.hall.site.origin
    paths = ("/ws/chat/", f"/ws/instructor/{cast.course.slug}/", f"/ws/feed/{cast.tag}/")
    async with cast.hall.only(0):
        sockets = await asyncio.gather(*(cast.connect(path, **credentials) for path in paths))
    for client in sockets:
        await client.event("feed_welcome" if client is sockets[2] else "welcome")
        client.raw = Timed()
    await sockets[0].ask("subscribe", topic=f"{cast.course.slug}/#")
    return Seat(*sockets)


class Talk:
    """A user on worker 1 who talks all the time: in the course, its topics, a feed, other rooms."""

    def __init__(self, cast: Cast, chat: Client, feed: Client, witness: Client) -> None:
        self._cast, self._chat, self._feed, self._witness = cast, chat, feed, witness
        self._course = cast.room
        self._number = 0

    async def go_on(self, *rooms: str, every: float) -> None:
        while True:
            self._number += 1
            for room in (*rooms, self._course):
                await self._chat.post("new_message", room=room, text=f"{self._number}")
            await self._chat.post("publish", topic=f"{self._cast.course.slug}/talk", data=0)
            await self._feed.send('{"action": "talk"}')
            self._chat.forget()
            await asyncio.sleep(every)

    async def reaches(self, *clients: Client) -> None:
        """Wait until these sockets on worker 0 have got everything said so far."""
        await self._witness.message(f"{self._number + 1}")
        self._witness.forget()
        for client in clients:
            await client.ask("ping")


@contextlib.asynccontextmanager
async def talk(cast: Cast, *rooms: str, every: float = 0.02) -> AsyncIterator[Talk]:
    """Let somebody talk meanwhile, also in these rooms, every so many seconds."""
    chat = await cast.chat(cast.bea, worker=1)
    feed = await cast.connect(f"/ws/feed/{cast.tag}/", token=cast.bea.token, worker=1)
    talk = Talk(cast, chat, feed, await cast.chat(cast.carl, worker=0))
    talking = asyncio.create_task(talk.go_on(*rooms, every=every))
    try:
        await talk.reaches()
        yield talk
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


class Table:
    """The times for which sockets still got what was taken away, for people to read."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def note(self, way: str, last: dict[str, float], then: str) -> None:
        """Add a line. `last`: seconds from the change to the last revoked frame, by socket."""
        after = ", ".join(f"{name} {max(last[name], 0) * 1000:.0f}" for name in last)
        self._lines.append(f"{way:<48} {then:<16} {after} ms")

    async def closes(
        self, way: str, sockets: dict[str, Client], made: float, code: int, *, within: float
    ) -> None:
        """Wait until the sockets are closed, at most `within` seconds after the change."""
        left = max(made + within - time.monotonic(), 0.01)
        codes = await asyncio.gather(*(one.closed(within=left) for one in sockets.values()))
        assert codes == [code] * len(sockets)
        last = {name: times(client)[-1] - made for name, client in sockets.items()}
        self.note(way, last, f"closed with {code}")

    async def loses(
        self, way: str, client: Client, room: str, made: float, *, within: float
    ) -> None:
        """Wait until the socket loses the room, at most `within` seconds after the change."""
        left = max(made + within - time.monotonic(), 0.01)
        removed = {"action": "room_removed", "room": room}
        await client.take(lambda frame: frame == removed, f"{removed}", within=left)
        said = times(client, lambda frame: frame.get("room") == room and "message" in frame)
        self.note(way, {"chat": said[-1] - made}, "room_removed")


def assert_lost(client: Client, room: str) -> None:
    """Assert that nothing of the room came after it was taken away."""
    of_room = [frame for frame in map(json.loads, client.raw) if frame.get("room") == room]
    assert of_room[-1] == {"action": "room_removed", "room": room}
