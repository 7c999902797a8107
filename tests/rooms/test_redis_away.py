"""Redis killed, frozen, replaced: nobody notices but by a moment's delay."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from rooms.models import Connection, Message
from tests.client import Client
from tests.pace import patient
from tests.rooms.api.wire import Wire
from tests.rooms.cast import Hall, body, eventually
from tests.rooms.conftest import SHORTER
from tests.rooms.lesson import FIELDS, PAIRED, lead
from tests.running import Site, environment, read_figures, until
from tests.servers import Redis

BACK_WITHIN = patient(5.0)
"""Seconds after the return of Redis within which every socket must have every message."""


class Away:
    """The Redis of the site, and what can happen to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = Redis(folder)
        self.replaced: list[Redis] = []
        self.redis.start()

    def kill(self) -> None:
        assert self.redis.process is not None
        self.redis.process.kill()
        self.redis.process.wait()

    def freeze(self) -> None:
        assert self.redis.process is not None
        os.kill(self.redis.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.redis.process is not None
        os.kill(self.redis.process.pid, signal.SIGCONT)

    def replace(self) -> None:
        """Let another one answer in its place; connections to the old one stay as they are."""
        self.freeze()
        self.replaced.append(self.redis)
        self.redis.socket.unlink()
        self.redis = Redis(self.folder)
        self.redis.start()

    def stop(self) -> None:
        for one in (self.redis, *self.replaced):
            if one.process is not None:
                one.process.kill()
                one.process.wait()


@pytest.fixture(scope="module")
def redis() -> Iterator[Away]:
    # A Unix socket's path may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="away-", dir="/tmp"))
    away = Away(folder)
    yield away
    away.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def hall(
    redis: Away, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hall]:
    """A site with a Redis of its own."""
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    # Workers must find lost notices when Redis is back, not at a later regular check.
    env = environment(**SHORTER | {"RECHECK_EVERY": "600"}, REDIS_URL=redis.redis.url)
    with Site(tmp_path_factory.mktemp("away"), workers=2, env=env, measured=True) as site:
        yield Hall(site)


@contextlib.contextmanager
def killed(redis: Away) -> Iterator[None]:
    redis.kill()
    try:
        yield
    finally:
        redis.redis.start()


@contextlib.contextmanager
def frozen(redis: Away) -> Iterator[None]:
    redis.freeze()
    try:
        yield
    finally:
        redis.go_on()


@pytest.fixture(params=[killed, pytest.param(frozen, marks=pytest.mark.long)])
def away(request, redis):
    """A context in which Redis does not answer."""
    return lambda: request.param(redis)


async def heard_again(speaker: Client, listener: Client, course: str) -> None:
    """Wait until frames that are not stored get from `speaker` to `listener`."""
    name = f"{course}/{id(speaker)}"
    await listener.ask("subscribe", topic=name)

    async def speak() -> None:
        while True:
            await speaker.ask("publish", topic=name, data=None)
            await asyncio.sleep(0.1)

    speaking = asyncio.create_task(speak())
    await listener.event("topic_message", topic=name)
    speaking.cancel()
    await listener.ask("unsubscribe", topic=name)
    await listener.settled()
    listener._unread = [frame for frame in listener._unread if frame.get("topic") != name]


async def texts(client: Client, count: int, *, within: float = patient(20.0)) -> list[str]:
    """Return the next `count` texts in order of arrival; check that each comes only once."""
    found = [
        await client.take(lambda frame: frame["action"] == "new_message", "text", within=within)
        for _ in range(count)
    ]
    seqs = [frame["message"]["seq"] for frame in found]
    assert seqs == list(range(seqs[0], seqs[0] + count))
    return [frame["message"]["text"] for frame in found]


async def test_messages_come_while_redis_is_away_and_after(away, cast):
    here, also_here, there = (
        await cast.chat(cast.ada, worker=0),
        await cast.chat(cast.bea, worker=0),
        await cast.chat(cast.carl, worker=1),
    )
    room = cast.room
    with away():
        for number in range(3):
            await here.post("new_message", room=room, text=f"one {number}")
            # The sender's reply, and those at the same worker.
            assert await texts(here, 1, within=patient(5)) == [f"one {number}"]
            assert await texts(also_here, 1, within=patient(5)) == [f"one {number}"]
        # The other worker reads the messages from the database, without a notice.
        assert await texts(there, 3) == [f"one {number}" for number in range(3)]
        await there.post("new_message", room=room, text="back")
        for client in (there, here, also_here):
            assert await texts(client, 1) == ["back"]
        await there.post("new_message", room=room, text="last")
        await here.post("new_message", room=room, text="at last")
    for client in (here, also_here, there):
        assert set(await texts(client, 2, within=BACK_WITHIN)) == {"last", "at last"}
    await heard_again(here, there, cast.course.slug)
    await heard_again(there, here, cast.course.slug)
    await there.post("new_message", room=room, text="end")
    for client in (here, also_here, there):
        assert await texts(client, 1) == ["end"]
        assert client.socket.close_code is None
    stored = list(Message.objects.filter(room=room).select_related("sender"))
    assert [message.seq for message in stored] == list(range(1, 8))
    # Each frame once, in order, with what is stored.
    for client in (here, also_here, there):
        told = [frame for frame in client.raw if b'"new_message"' in frame]
        assert len(told) == len(stored)
        for frame, message in zip(told, stored, strict=True):
            assert body(message)["id"].encode() in frame


async def test_who_comes_while_redis_is_away_is_welcome_and_misses_nothing(away, cast):
    here = await cast.chat(cast.ada, worker=0)
    # At first nobody of the course is at the other worker.
    with away():
        await here.post("new_message", room=cast.room, text="before")
        await texts(here, 1)
        there = await cast.chat(cast.carl, worker=1)
        await here.post("new_message", room=cast.room, text="during")
        assert await texts(there, 1) == ["during"]
        dashboard = await cast.dashboard(worker=1)
        assert (await dashboard.ask("state"))["phase"] == "idle"
    await heard_again(here, there, cast.course.slug)
    await there.post("new_message", room=cast.room, text="after")
    assert await texts(here, 2) == ["during", "after"]
    assert await texts(dashboard, 1) == ["after"]


async def test_the_class_moves_on_while_redis_is_away(away, cast):
    dashboard = await cast.dashboard(worker=0)
    other_dashboard = await cast.dashboard(cast.tess, worker=1)
    ada, bea = await cast.chat(cast.ada, worker=0), await cast.chat(cast.bea, worker=1)
    clients = (dashboard, other_dashboard, ada, bea)
    for action in PAIRED:
        await dashboard.ask(action, **FIELDS.get(action, {}))
    for client in (ada, bea):
        await client.event("room_added", kind="partners")
    for client in clients:
        for message in ("enableVote", "stopVote"):
            await client.control(message)
    with away():
        epochs = [(await dashboard.ask("enable_chat"))["epoch"]]
        for client, other in ((ada, cast.bea), (bea, cast.ada)):
            # Each student is told of the partner together with the step.
            partners = await client.event("partners")
            assert partners["epoch"] == epochs[0]
            assert [one["username"] for one in partners["partners"]] == [other.name]
        epochs.append((await dashboard.ask("start_revote"))["epoch"])
        for client in clients:
            steps = [await client.control(name) for name in ("enableChat", "enableRevote")]
            assert [step["epoch"] for step in steps] == epochs
            state = await client.ask("state", course=cast.course.slug)
            assert (state["phase"], state["epoch"]) == ("revote", epochs[-1])


async def test_votes_are_counted_at_every_dashboard_while_redis_is_away(away, cast):
    dashboard = await cast.dashboard(worker=0)
    other_dashboard = await cast.dashboard(cast.tess, worker=1)
    ada = await cast.chat(cast.ada, worker=0)
    for client in (dashboard, other_dashboard):
        await client.event("figures", online=1)
    await lead(dashboard, "vote")
    await ada.ask("vote", course=cast.course.slug, choice="A")
    for client in (dashboard, other_dashboard):
        await client.event("figures", votes=[1, 0])
    with away():
        await ada.ask("vote", course=cast.course.slug, choice="B")
        for client in (dashboard, other_dashboard):
            await client.event("figures", histograms=[{"A": 0, "B": 1, "C": 0, "D": 0}, {}])


async def test_a_text_that_is_removed_while_redis_is_away_vanishes(away, cast):
    here, there = await cast.chat(cast.ada, worker=0), await cast.chat(cast.bea, worker=1)
    await here.post("new_message", room=cast.room, text="regretted")
    for client in (here, there):
        await client.message("regretted")
    with away():
        path = f"rooms/{cast.room}/messages/1/"
        assert (await Wire(cast.hall).request("DELETE", path, cast.ada)).status == 204
        for client in (here, there):
            await client.event("message_removed", room=cast.room, seq=1)
    # Each event came once, although both the check and a late notice may have told of it.
    await heard_again(here, there, cast.course.slug)
    await heard_again(there, here, cast.course.slug)
    for client in (here, there):
        assert [frame["action"] for frame in client.unread()] == []


async def test_a_room_that_is_joined_while_redis_is_away_is_told_of(away, cast):
    room = cast.open_room(cast.ada)
    here, there = await cast.chat(cast.ada, worker=0), await cast.chat(cast.bea, worker=1)
    with away():
        # The user who joins has another socket at the other worker.
        joining = await cast.chat(cast.bea, worker=0)
        await joining.ask("join_room", room=str(room.id))
        await here.post("new_message", room=str(room.id), text="hello")
        await joining.message("hello")
    for client in (joining, there):
        await client.event("room_added", room=str(room.id))
    await there.message("hello")


async def test_who_waits_over_http_is_answered_while_redis_is_away(away, cast):
    here = await cast.chat(cast.ada, worker=0)
    with away():
        waits = {"after": 0, "wait": 20}
        asked = asyncio.create_task(
            Wire(cast.hall).get(f"rooms/{cast.room}/messages/", cast.bea, query=waits, worker=1)
        )
        # A user with a waiting request counts as online.
        await eventually(Connection.objects.filter(user=cast.bea.user).exists)
        await here.post("new_message", room=cast.room, text="hello")
        answer = await asked
    assert [one["text"] for one in answer.body["results"]] == ["hello"]


async def test_what_nobody_needs_any_more_is_not_kept_for_redis(redis, cast):
    site = cast.hall.site

    def figure(name: str) -> float:
        return sum(value for key, value in read_figures(site).items() if key[0] == name)

    here = await cast.chat(cast.ada, worker=0)
    before = await asyncio.to_thread(figure, "peerchat_publish_dropped_total")
    with killed(redis):
        for number in range(20):
            await here.post("new_message", room=cast.room, text=f"{number}")
        await texts(here, 20)
        await asyncio.to_thread(
            until, lambda: figure("peerchat_publish_dropped_total") >= before + 20, within=20
        )


async def test_connections_to_a_redis_that_was_replaced_are_given_up(redis, cast):
    here, there = await cast.chat(cast.ada, worker=0), await cast.chat(cast.carl, worker=1)
    redis.replace()
    await heard_again(here, there, cast.course.slug)
    await heard_again(there, here, cast.course.slug)
