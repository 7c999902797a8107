"""Changes by one worker while Redis is away: they still reach the sockets of the other one."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from rooms.models import PartnerGroup
from tests.attacks.web import Visitor
from tests.client import Client
from tests.pace import patient
from tests.rooms.cast import Cast, Hall
from tests.rooms.lesson import lead
from tests.running import Site, environment
from tests.servers import Redis

LOST = patient(30.0)
"""Seconds within which a worker notices a change of which it was not told."""


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    # A Unix socket's path may have 107 bytes, so not in a long TMPDIR.
    folder = Path(tempfile.mkdtemp(prefix="peerchat-", dir="/tmp"))
    server = Redis(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def hall(
    redis: Redis, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hall]:
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    redis.start()
    env = environment(REDIS_URL=redis.url, RECHECK_EVERY="2")
    with Site(tmp_path_factory.mktemp("deaf"), workers=2, env=env, measured=True) as site:
        yield Hall(site)


@pytest.fixture
def away(redis: Redis) -> Iterator[Redis]:
    """The Redis, to be stopped; after the test it runs again."""
    yield redis
    if redis.process is None:
        redis.start()


async def comes(client: Client, action: str, **fields: object):
    """Return the event, which may take as long as a worker needs without a notice."""
    return await client.take(
        lambda frame: frame["action"] == action and fields.items() <= frame.items(),
        f"{action} {fields}",
        within=LOST,
    )


async def has_partners(client: Client, room: str, count: int) -> None:
    """Wait for a `partners` event of the room with `count` partners; older ones may come first."""
    await client.take(
        lambda frame: (
            frame["action"] == "partners"
            and frame["room"] == room
            and len(frame["partners"]) == count
        ),
        f"{count} partners in {room}",
        within=LOST,
    )


async def test_a_revoked_token(cast: Cast, away: Redis) -> None:
    paths = ("/ws/chat/", f"/ws/instructor/{cast.course.slug}/", f"/ws/feed/{cast.tag}/")
    sockets = [await cast.connect(path, token=cast.tess.token, worker=0) for path in paths]
    away.stop()
    async with cast.hall.only(1):
        visitor = Visitor(cast.hall.site.origin)
        answer = await visitor.send("DELETE", "/api/tokens/current/", token=cast.tess.token)
        assert answer.status == 204
    assert [await client.closed(within=LOST) for client in sockets] == [4401] * 3


async def test_partners_who_were_not_told(cast: Cast, away: Redis) -> None:
    """They get their room, its members, and the messages said there, in order."""
    ada = await cast.chat(cast.ada, worker=0)
    bea = await cast.chat(cast.bea, worker=1)
    board = await cast.dashboard(worker=1)
    await lead(board, "vote_closed")
    away.stop()
    assert (await board.ask("make_partners"))["groups"] == 1
    room = (await bea.event("room_added", kind="partners"))["room"]
    for text in ("one", "two"):
        await bea.ask("ping")
        await bea.post("new_message", room=room, text=text)
        await bea.message(text)
    await board.ask("enable_chat")
    await comes(ada, "room_added", room=room, last_seq=0, members=2)
    told = await comes(ada, "partners", room=room)
    assert [one["username"] for one in told["partners"]] == [cast.bea.name]
    await bea.post("new_message", room=room, text="three")
    for number, text in enumerate(("one", "two", "three"), start=1):
        said = (await comes(ada, "new_message", room=room))["message"]
        assert (said["seq"], said["text"]) == (number, text)


async def test_a_student_who_was_moved(cast: Cast, away: Redis) -> None:
    """The members of the group that the student joins are told of their new partners, too."""
    students = [cast.ada, cast.bea, cast.carl, cast.student("dora"), cast.student("eve")]
    sockets = dict(zip(students, await cast.chat(*students, worker=0), strict=True))
    board = await cast.dashboard(worker=1)
    await lead(board, "discuss", groups=True)
    told = {who: await client.event("partners") for who, client in sockets.items()}
    # After the outage of the previous test, `room_added` may come later than `partners`.
    for who, client in sockets.items():
        await comes(client, "room_added", room=told[who]["room"])
    sizes = Counter(one["room"] for one in told.values())
    trio, pair = (room for room, _ in sizes.most_common())
    mover = next(who for who in students if told[who]["room"] == trio)
    host = next(who for who in students if told[who]["room"] == pair)
    await asyncio.gather(*(client.settled() for client in sockets.values()))
    away.stop()
    number = PartnerGroup.objects.get(room=pair).number
    await board.ask("move_student", username=mover.name, group=number)
    await comes(sockets[mover], "room_removed", room=trio)
    await comes(sockets[mover], "room_added", room=pair)
    for who in (mover, host):
        await has_partners(sockets[who], pair, 2)
    left = next(who for who in students if told[who]["room"] == trio and who is not mover)
    await has_partners(sockets[left], trio, 1)
