"""Feeds: every text frame to everyone, as it came; and what is left when they have gone."""

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

import pytest
import redis.asyncio
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.test import override_settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts import tokens
from accounts.models import Token
from peerchat.settings import channel_layer
from rooms.delivery import names, notices
from rooms.delivery.connection import Connection
from rooms.delivery.hub import Hub
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import Cast, Hall, Person, eventually
from tests.running import Site, environment
from tests.servers import own_redis

WITHIN = patient(10.0)
"""Seconds until what should come has not come."""


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
        """The next error frame, which is nobody's command's."""
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
        """Somebody on the feed, on both workers by turns."""
        async with self.hall.only(next(self._turns) if worker is None else worker):
            feed = await Feed.open(self.hall.site, name or self.name, person.token)
        self._exits.push_async_callback(feed.close)
        return feed


@pytest.fixture
async def place(cast: Cast) -> AsyncIterator[Place]:
    async with contextlib.AsyncExitStack() as exits:
        yield Place(cast, exits)


def notice(action: str, feed: str, of: Feed) -> bytes:
    return json.dumps(
        {"action": action, "feed": feed, "client": of.client}, separators=(",", ":")
    ).encode()


# --- What everyone gets ------------------------------------------------------------------------

TEXTS = [
    "",
    "hello",
    '{ "action" :\t"new_message"}\r\n',
    '{"uuid": "1", "action": "ping"}',
    "nothing: [that, is JSON",
    "\0\x01 é \U0001f600 \u2028",
    "x" * 65_536,
]


async def test_everyone_gets_every_frame_as_it_came(place, cast):
    # Those who speak are on both workers, and so are those who listen. Nobody shares a course.
    feeds = [await place.join(person) for person in (cast.ada, cast.zoe, cast.ivan, cast.ada)]
    for one in feeds:
        await one.notice("feed_joined", feeds[-1])
    for number, one in enumerate(feeds):
        before = [len(each.frames) for each in feeds]
        await one.send(*TEXTS, f"end {number}")
        for each in feeds:
            await each.text(f"end {number}")
        expected = [text.encode() for text in (*TEXTS, f"end {number}")]
        assert [each.frames[size:] for each, size in zip(feeds, before, strict=True)] == [
            expected
        ] * len(feeds)


async def test_joins_and_leaves_are_announced(place, cast):
    first = await place.join(cast.ada, worker=0)
    second = await place.join(cast.bea, worker=1)
    await first.notice("feed_joined", second)
    third = await place.join(cast.ada, worker=0)
    await second.notice("feed_joined", third)
    await third.send("last words")
    await third.text("last words")
    await third.close()
    for one in (first, second):
        await one.notice("feed_left", third)
    second.socket.transport.abort()
    await first.notice("feed_left", second)
    assert len({first.client, second.client, third.client}) == 3
    # Who joins is told as well, and a client's frames are between its notices.
    joined = [notice("feed_joined", place.name, one) for one in (first, second, third)]
    left = [notice("feed_left", place.name, one) for one in (second, third)]
    said = b"last words"
    assert first.frames == [*joined, said, left[1], left[0]]
    # The news of the first may still have been on its way when the second came.
    assert [frame for frame in second.frames if frame != joined[0]] == [*joined[1:], said, left[1]]
    assert third.frames == [joined[2], said]


async def test_feeds_are_apart(place, cast):
    here = await place.join(cast.ada, worker=0)
    elsewhere = await place.join(cast.bea, worker=0, name=f"{place.name}-2")
    upper = await place.join(cast.bea, worker=0, name=place.name.upper())
    chat = await cast.chat(cast.ada, worker=0)
    for one in (here, elsewhere, upper):
        await one.send(f"from {one.client}")
        await one.text(f"from {one.client}")
    assert [len(one.frames) for one in (here, elsewhere, upper)] == [2, 2, 2]
    assert await chat.settled() == []


async def test_a_feed_is_gone_with_its_last_client(place, cast):
    chats = [await cast.chat(cast.ada, worker=worker) for worker in (0, 1)]
    for turn, worker in enumerate((0, 0, 1, 1, 0)):
        one = await place.join(cast.ada, worker=worker)
        await one.send(f"kept nowhere {turn}")
        await one.text(f"kept nowhere {turn}")
        # The news that the one before has left may still come.
        assert [frame for frame in one.frames if b"feed_left" not in frame] == [
            notice("feed_joined", place.name, one),
            f"kept nowhere {turn}".encode(),
        ]
        await one.close()
        # What was said is nowhere on its way.
        await barrier(chats[worker], cast.room, *chats)


async def test_nobody_reaches_a_feed_by_send_to(place, cast):
    feed = await place.join(cast.ada, worker=0)
    chat = await cast.chat(cast.ada, worker=0)
    await chat.ask("send_to", conn_id=feed.client, data=1)
    await chat.ask("ping")
    await feed.send("sign")
    await feed.text("sign")
    assert feed.frames == [notice("feed_joined", place.name, feed), b"sign"]


# --- Who may come, and what is refused ----------------------------------------------------------


@pytest.mark.parametrize("name", ["a" * 100, "A_b-9", "-"])
async def test_names(place, cast, name):
    first = await place.join(cast.ada, name=name)
    second = await place.join(cast.bea, name=name)
    await second.send("hello")
    await first.text("hello")


@pytest.mark.parametrize(
    "name", ["", "a" * 101, "a.b", "a%20b", "a%0A", "%C3%A9", "a/b", "..", "%00"]
)
async def test_other_names_are_refused(place, cast, name):
    with pytest.raises(InvalidStatus) as refusal:
        await place.join(cast.ada, name=name or "/")
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("token", [None, "pc_wrong"])
async def test_one_must_be_authenticated(place, token):
    with pytest.raises(InvalidStatus) as refusal:
        await Feed.open(place.hall.site, place.name, token)
    assert refusal.value.response.status_code == 403


async def test_binary_frames_are_refused(place, cast):
    ada, bea = [await place.join(person) for person in (cast.ada, cast.bea)]
    await ada.send(b"hello")
    assert await ada.refused() == {"error_code": "invalid_message_format"}
    await ada.send("text")
    await bea.text("text")
    await ada.send(*[b"\xff"] * 9)
    assert await ada.closed() == 4400
    await bea.notice("feed_left", ada)
    assert not any(b"error" in frame or b"hello" in frame for frame in bea.frames)


async def test_a_frame_over_the_limit_ends_the_connection(place, cast):
    ada, bea = [await place.join(person) for person in (cast.ada, cast.bea)]
    await ada.send("x" * 65_537)
    await ada.closed()
    await bea.notice("feed_left", ada)
    assert bea.frames[-1] == notice("feed_left", place.name, ada)


async def test_frames_are_bounded_by_a_rate(place, cast):
    ada, again = [await place.join(cast.ada, worker=0) for _ in range(2)]
    bea = await place.join(cast.bea, worker=0)
    # 500 at once and 100 a second, of all sockets of a user.
    for number in range(400):
        await ada.send(f"a{number}")
        await again.send(f"b{number}")
    for one in (ada, again):
        found = await one.refused()
        assert found.pop("error_code") == "rate_limited"
        assert 0 < found.pop("retry_after") <= 0.01
        assert found == {}
    await bea.send("end")
    for one in (ada, again, bea):
        await one.text("end")
    # The others have what was not refused, and nothing else.
    relayed = [frame for frame in bea.frames if frame[:1] in b"ab"]
    errors = [[frame for frame in one.frames if b"rate_limited" in frame] for one in (ada, again)]
    assert len(relayed) + sum(map(len, errors)) == 800
    assert 500 <= len(relayed) < 790
    assert len(relayed) == len(set(relayed))


@database_sync_to_async
def revoke(person: Person) -> None:
    tokens.revoke(Token.objects.get(user=person.user))


async def test_a_revoked_token_ends_it(place, cast):
    ada, bea = [await place.join(person) for person in (cast.ada, cast.bea)]
    await revoke(cast.ada)
    assert await ada.closed() == 4401
    await bea.notice("feed_left", ada)


async def test_a_worker_that_drains_announces_its_clients_leaving(place, cast, tmp_path):
    stays = await place.join(cast.ada)
    with Site(tmp_path, env=environment()) as other:
        goes = [await Feed.open(other, place.name, cast.bea.token) for _ in range(3)]
        for one in goes:
            await stays.notice("feed_joined", one)
        await asyncio.to_thread(other.stop)
    assert [await one.closed() for one in goes] == [4503] * 3
    left = Counter(stays.frames)
    for one in goes:
        await eventually(lambda one=one: notice("feed_left", place.name, one) in stays.frames)
        assert left[notice("feed_joined", place.name, one)] == 1
        await one.close()


# --- The storm ---------------------------------------------------------------------------------

VISITORS, VISITS = 60, 10
"""Who come to a feed on which somebody stays, and how often each."""
PAIRS, MEETINGS = 70, 10
"""Who meet on a feed of their own, which each time begins and ends with them; how often."""
STORM_WITHIN = patient(120.0)


async def stay(feed: Feed, name: str, over: asyncio.Event) -> int:
    """Say a number, wait until it is back, say the next; returns how many."""
    number = 0
    while not over.is_set():
        await feed.send(f"{name} {number}")
        await feed.text(f"{name} {number}")
        number += 1
    return number


async def visit(site: Site, name: str, token: str, visitor: int) -> None:
    """Come, hear oneself and somebody who stays on each worker, go."""
    for turn in range(VISITS):
        feed = await Feed.open(site, name, token)
        said = f"visit {visitor} {turn}"
        await feed.send(said)
        wanted = {said.encode(), b"stay 0", b"stay 1"}

        def heard(frame: bytes, wanted: set[bytes] = wanted) -> bool:
            wanted.discard(frame)
            wanted.discard(frame[:6])
            return not wanted

        await feed.until(heard, wanted)
        await feed.close()


async def meet(site: Site, name: str, tokens: tuple[str, str], seed: int) -> None:
    """Two come while the two before them leave; they hear each other."""
    chance = random.Random(seed)
    leaving: list[asyncio.Task[None]] = []

    async def leave(feed: Feed, after: float) -> None:
        await asyncio.sleep(after)
        await feed.close()

    for turn in range(MEETINGS):
        feeds = await asyncio.gather(*(Feed.open(site, name, token) for token in tokens))
        for one in feeds:
            await one.send(f"here {turn} {one.client}")
        here = {f"here {turn} {one.client}".encode() for one in feeds}
        for one in feeds:
            await eventually(lambda one=one, here=here: here <= set(one.frames))
        # The last one leaves before, while or after the next one comes.
        leaving += [asyncio.create_task(leave(one, chance.uniform(0, 0.03))) for one in feeds]
    await asyncio.gather(*leaving)


@pytest.mark.timeout(300)
async def test_a_storm_of_joins_and_leaves(place, cast):
    site = place.hall.site
    everyone = (cast.ada, cast.bea, cast.carl, cast.tess, cast.ivan, cast.zoe)
    turns = itertools.cycle(person.token for person in everyone)
    stable = [
        await place.join(cast.student(f"stay{number}"), worker=number % 2) for number in range(4)
    ]
    for one in stable[:-1]:
        await one.notice("feed_joined", stable[-1])
    over = asyncio.Event()
    async with asyncio.timeout(STORM_WITHIN):
        stayers = [
            asyncio.create_task(stay(one, f"stay {number % 2} {number}", over))
            for number, one in enumerate(stable)
        ]
        async with asyncio.TaskGroup() as storm:
            for visitor in range(VISITORS):
                storm.create_task(visit(site, place.name, next(turns), visitor))
            for pair in range(PAIRS):
                name = f"pair-{cast.tag}-{pair}"
                storm.create_task(meet(site, name, (next(turns), next(turns)), pair))
        over.set()
        said = await asyncio.gather(*stayers)
        for one in stable:
            await one.send(f"end {one.client}")
        for one, other in itertools.product(stable, stable):
            await eventually(
                lambda one=one, other=other: f"end {other.client}".encode() in one.frames
            )
            # Whoever came has gone again.
            await eventually(
                lambda one=one: (
                    sum(b'"feed_left"' in frame for frame in one.frames) == VISITORS * VISITS
                )
            )
    visits = {
        f"visit {visitor} {turn}".encode() for visitor in range(VISITORS) for turn in range(VISITS)
    }
    for one in stable:
        for number, count in enumerate(said):
            name = f"stay {number % 2} {number}"
            # All, in order, each once.
            assert [frame for frame in one.frames if frame.startswith(f"{name} ".encode())] == [
                f"{name} {index}".encode() for index in range(count)
            ]
        counted = Counter(frame for frame in one.frames if frame.startswith(b"visit "))
        assert counted == Counter(visits)
        # Each came once and went once.
        notices = [json.loads(frame) for frame in one.frames if frame.startswith(b'{"action"')]
        clients = {
            action: Counter(each["client"] for each in notices if each["action"] == action)
            for action in ("feed_joined", "feed_left")
        }
        for each in stable:
            del clients["feed_joined"][each.client]
        assert clients["feed_joined"] == clients["feed_left"]
        assert set(clients["feed_left"].values()) == {1}


# --- What is left in a process -------------------------------------------------------------------


async def fetch(audience: str, after: int, limit: int) -> list[tuple[int, list[bytes]]]:
    raise AssertionError("a feed is not stored")


async def compare(known: dict[str, int], within: float) -> tuple[dict[str, int], list[Any]]:
    return {}, []


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub on the tests' Redis, as each worker has one."""
    one = Hub(
        fetch=fetch,
        compare=compare,
        compare_every=60,
        on_changed=lambda audience: None,
        on_seen=lambda entry: None,
        on_recheck=lambda entry: None,
        on_restored=lambda: None,
        on_late=lambda group, audience: None,
    )
    yield one
    await one.stop()


def arrive(hub: Hub) -> tuple[Connection, list[str]]:
    """A connection, and the texts that are sent to it."""
    texts: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        texts.append(message["text"])

    connection = Connection(send, unsent_limit=1_000_000)
    hub.add(connection)
    return connection, texts


def depart(hub: Hub, connection: Connection) -> None:
    connection.dispose()
    hub.drop(connection)


async def from_elsewhere(group: str, text: str) -> None:
    """What another process publishes to a feed."""
    entry = notices.Passing(group, text.encode())
    await get_channel_layer().group_send(group, notices.pack("elsewhere", group, [entry]))


async def nothing_left(hub: Hub) -> None:
    await eventually(lambda: hub._subscriptions.names == {names.EVERYONE})
    assert hub.connections == {}
    assert hub._audiences == {}
    assert hub._topics == {}
    end = get_channel_layer()._ends[asyncio.get_running_loop()]
    # The channel of the hub, and the group of all processes.
    await eventually(lambda: len(end._members) == 2)
    await eventually(lambda: len(end._servers[0]._told) == 2)


async def test_who_joins_while_the_last_one_leaves_is_on_a_working_feed(hub):
    """At every point of the way out, one after the other, and by chance."""
    group = names.feed("handover")
    chance = random.Random(1)
    last, _ = arrive(hub)
    await hub.subscribe(last, [group], linger=0)
    hub.join(last, group, group)
    for turn in range(300):
        depart(hub, last)
        # So many turns of the event loop into the unsubscription; Redis takes part of them.
        for _ in range(turn % 30):
            await asyncio.sleep(0)
        if turn % 3 == 0:
            await asyncio.sleep(chance.uniform(0, 0.002))
        last, texts = arrive(hub)
        await hub.subscribe(last, [group], linger=0)
        hub.join(last, group, group)
        await from_elsewhere(group, f"hello {turn}")
        await eventually(lambda texts=texts: texts)
        assert texts == [f"hello {turn}"]
    depart(hub, last)
    await nothing_left(hub)


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of a Redis that nobody else uses, and that the hub does."""
    with (
        own_redis() as server,
        override_settings(CHANNEL_LAYERS={"default": channel_layer(server.url)}),
    ):
        yield server.url


async def test_a_subscription_counts_when_redis_has_it(redis_url, hub):
    await hub.subscribe(arrive(hub)[0], [names.feed("before")])
    connection, _ = arrive(hub)
    async with redis.asyncio.from_url(redis_url) as server:
        await server.client_pause(500, all=True)
    started = time.monotonic()
    assert await hub.subscribe(connection, [names.feed("paused")])
    assert time.monotonic() - started > 0.4


async def test_nothing_is_left_of_a_thousand_feeds(hub):
    async def come_and_go(number: int) -> None:
        connection, texts = arrive(hub)
        group = names.feed(f"feed {number % 250}")
        await hub.subscribe(connection, [group], linger=0)
        hub.join(connection, group, group)
        await from_elsewhere(group, str(number))
        await eventually(lambda: str(number) in texts)
        depart(hub, connection)

    for start in range(0, 1000, 100):
        await asyncio.gather(*map(come_and_go, range(start, start + 100)))
    await nothing_left(hub)


async def test_nothing_is_left_of_who_left_before_they_were_on(hub):
    async def come_and_go(number: int) -> None:
        connection, _ = arrive(hub)
        joining = asyncio.create_task(
            hub.subscribe(connection, [names.feed(f"{number}")], linger=0)
        )
        for _ in range(number % 10):
            await asyncio.sleep(0)
        joining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await joining
        depart(hub, connection)

    await asyncio.gather(*map(come_and_go, range(200)))
    await nothing_left(hub)


async def test_nothing_is_left_of_topics(hub):
    group = names.course(1)
    connections = [arrive(hub) for _ in range(50)]
    for number, (connection, _) in enumerate(connections):
        await hub.subscribe(connection, [group], linger=0)
        for pattern in ("a/#", "a/+/b", f"a/{number}"):
            hub.subscribe_topic(connection, pattern, group)
    hub.deliver(group, [notices.Topic("a/7/b", b"hello")])
    for _, texts in connections:
        await eventually(lambda texts=texts: texts)
        assert texts == ["hello"]
    for connection, _ in connections:
        depart(hub, connection)
    await nothing_left(hub)
