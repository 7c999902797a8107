"""Feeds: every text frame to everyone, as it came."""

import asyncio
import itertools
import json
import random
from collections import Counter

import pytest
from channels.db import database_sync_to_async
from websockets.exceptions import InvalidStatus

from accounts import tokens
from accounts.models import Token
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import Person, eventually
from tests.rooms.consumers.feeds import Feed, notice
from tests.running import Site, environment

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
    # The senders are on both workers, and so are the listeners. No two of them share a course.
    feeds: list[Feed] = []
    for person in (cast.ada, cast.zoe, cast.ivan, cast.ada):
        feeds.append(await place.join(person))
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
    # A client hears of its own arrival, too, and its frames come between its notices.
    joined = [notice("feed_joined", place.name, one) for one in (first, second, third)]
    left = [notice("feed_left", place.name, one) for one in (second, third)]
    said = b"last words"
    assert first.frames == [*joined, said, left[1], left[0]]
    # The notice of the first may still have been on its way when the second came.
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
        # The notice that the previous client has left may still come.
        assert [frame for frame in one.frames if b"feed_left" not in frame] == [
            notice("feed_joined", place.name, one),
            f"kept nowhere {turn}".encode(),
        ]
        await one.close()
        # Wait until no frame of the feed is on its way any more.
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
    sent = 0
    while not all(any(b"rate_limited" in frame for frame in one.frames) for one in (ada, again)):
        assert sent < 8000
        for _ in range(50):
            await ada.send(f"a{sent}")
            await again.send(f"b{sent}")
            sent += 2
        await asyncio.sleep(0.01)  # in which answers come
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
    assert len(relayed) + sum(map(len, errors)) == sent
    assert 500 <= len(relayed) < sent
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
"""The number of visitors to a feed on which others stay, and of visits of each."""
PAIRS, MEETINGS = 70, 10
"""The number of pairs with a feed of their own, and of meetings of each.

The feed begins and ends with each meeting.
"""
STORM_WITHIN = patient(120.0)


async def stay(feed: Feed, name: str, over: asyncio.Event) -> int:
    """Send one number after the other, each when the last one is back; return how many."""
    number = 0
    while not over.is_set():
        await feed.send(f"{name} {number}")
        await feed.text(f"{name} {number}")
        number += 1
    return number


async def visit(site: Site, name: str, token: str, visitor: int) -> None:
    """Come, hear oneself and a client that stays on each worker, and go, `VISITS` times."""
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
    """Let two clients come while the two before them leave; the two hear each other."""
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
        # The previous clients leave before, while or after the next ones come.
        leaving += [asyncio.create_task(leave(one, chance.uniform(0, 0.03))) for one in feeds]
    await asyncio.gather(*leaving)


@pytest.mark.timeout(300)
@pytest.mark.long
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
            # All visitors have left again.
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
