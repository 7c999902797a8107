"""SIGTERM: commands in flight are finished, sockets are closed with 4503, within 15 s.

What is in flight is held there by a lock in the database, until the test lets go of it.
"""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from rooms.models import Connection, Course, Enrollment, Message, Room
from tests.client import Client
from tests.pace import patient
from tests.rooms.api.wire import Wire, waiting_requests
from tests.rooms.cast import Hall, in_thread, make_person
from tests.running import Site, children, environment, until
from tests.servers import Postgres, Redis, find_postgres

WITHIN = patient(15.0)
"""Seconds after SIGTERM until a site is gone, whatever happens: the contract."""


@pytest.fixture
def group(transactional_db):
    """A course with three students: the id of its room, and their tokens."""
    course = Course.objects.create(slug="physics", title="Physics")
    people = [make_person(name, "") for name in ("ada", "bea", "carl")]
    for person in people:
        Enrollment.objects.create(course=course, user=person.user)
    return str(Room.objects.get(course=course).id), [person.token for person in people]


@contextlib.contextmanager
def locked(*tables: str):
    """Lock these tables against all reads and writes. Yields a function that unlocks them."""
    with psycopg.connect(environment()["DATABASE_URL"]) as holder:
        holder.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield holder.rollback


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


async def eventually(condition, *, within: float = patient(20.0)):
    return await asyncio.to_thread(until, condition, within=within)


async def held_up(number: int) -> None:
    """Wait until so many statements wait for the lock."""
    await in_thread(until, lambda: waiting_for_locks() >= number, within=patient(20.0))


def texts(room: str) -> list[tuple[str, str]]:
    rows = Message.objects.filter(room__id=room).order_by("seq")
    return list(rows.values_list("uuid", "text"))


def accepts(site: Site) -> bool:
    address = urlsplit(site.origin)
    try:
        socket.create_connection((address.hostname, address.port), timeout=patient(5)).close()
    except ConnectionRefusedError:
        return False
    return True


async def enter(site: Site, token: str) -> Client:
    client = await Client.open(f"{site.socket_url}/ws/chat/", token=token)
    await client.event("welcome")
    return client


@contextlib.asynccontextmanager
async def stopping(site: Site):
    """Tells a site to stop, and waits for its end."""
    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + WITHIN
    yield
    assert await asyncio.to_thread(site.process.wait, end - time.monotonic()) == 0


async def test_what_is_in_flight_is_finished_and_acknowledged(site, group):
    room, (ada, bea, carl) = group
    running = await asyncio.to_thread(lambda: site(workers=2, measured=True))
    first, second = [await enter(running, token) for token in (ada, bea)]
    wire = http.client.HTTPConnection(urlsplit(running.origin).netloc, timeout=patient(20))
    idle = http.client.HTTPConnection(urlsplit(running.origin).netloc, timeout=patient(20))
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    with locked("peerchat_rooms_message") as let_go:
        name = await first.post("new_message", room=room, text="by socket")
        await held_up(1)
        wire.request(
            "POST",
            f"/api/rooms/{room}/messages/",
            json.dumps({"text": "by HTTP"}),
            {"Content-Type": "application/json", "Authorization": f"Bearer {carl}"},
        )
        await held_up(2)
        async with stopping(running):
            # The site accepts no connection any more, and closes those that are only kept alive.
            # The second socket has nothing in flight.
            await eventually(lambda: not accepts(running))
            assert await asyncio.to_thread(idle.sock.recv, 1) == b""
            assert await second.closed() == 4503
            late = await first.post("new_message", room=room, text="too late")
            let_go()
            assert (await first.reply(name, "new_message"))["status"] == "success"
            answer = await asyncio.to_thread(wire.getresponse)
            assert (answer.status, answer.headers["Connection"]) == (201, "close")
            assert json.load(answer)["text"] == "by HTTP"
            assert await first.closed() == 4503
    # The late command was not begun: it has no answer, and is not stored.
    assert not [frame for frame in first.unread() if frame.get("uuid") == late]
    stored = await in_thread(texts, room)
    assert sorted(text for _, text in stored) == ["by HTTP", "by socket"]
    # They left just now, and are not taken for long gone, which would cost them their partners.
    assert await in_thread(Connection.objects.exclude(closed_at=None).count) == 2
    for one in (wire, idle):
        one.close()


async def test_what_could_not_be_acknowledged_is_known_when_it_is_sent_again(site, group):
    room, (ada, *_) = group
    running = await asyncio.to_thread(site)
    client = await enter(running, ada)
    with locked("peerchat_rooms_message"):
        name = await client.post("new_message", room=room, text="held up for too long")
        await held_up(1)
        async with stopping(running):
            # The site does not wait for the message without end.
            assert await client.closed() == 4503
    assert not [frame for frame in client.unread() if frame.get("uuid") == name]
    again = await enter(await asyncio.to_thread(site), ada)
    sent = await again.command("new_message", room=room, text="held up for too long", uuid=name)
    assert sent["status"] == "success"
    assert await in_thread(texts, room) == [(name, "held up for too long")]
    await again.close()


@pytest.mark.long
async def test_sockets_are_closed_a_few_at_a_time(site):
    people = [await in_thread(make_person, f"one of many {number}", "") for number in range(60)]
    running = await asyncio.to_thread(site)
    clients = [await enter(running, people[number % 60].token) for number in range(300)]
    async with stopping(running):
        await clients[0].closed()
        # A socket that is not closed yet is served as before.
        await clients[-1].ask("ping")
        assert {await client.closed() for client in clients} == {4503}


async def test_a_client_that_reads_nothing_holds_up_nobody(site, group):
    """Neither sockets nor who waits over HTTP for messages, who is answered at once."""
    room, (ada, bea, carl) = group
    running = await asyncio.to_thread(site)
    address = urlsplit(running.origin)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((address.hostname, address.port))
        deaf.sendall(
            "GET /ws/chat/ HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\nAuthorization: Bearer {ada}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        client = await enter(running, bea)
        await client.event("presence", online=2)
        for number in range(15):
            await client.ask("new_message", room=room, text=f"{number}" + "x" * 3900)
        asked = Wire(Hall(running)).get(
            f"rooms/{room}/messages/",
            query={"after": 15, "wait": 25},
            headers={"Authorization": f"Bearer {carl}"},
        )
        waiting = asyncio.create_task(asked)
        await waiting_requests(running)
        async with stopping(running):
            began = time.monotonic()
            answer = await waiting
            assert (answer.status, answer.body["results"]) == (200, [])
            assert time.monotonic() - began < patient(5)
            assert await client.closed() == 4503


@pytest.fixture
def folder():
    """A folder with a path short enough for a Unix socket."""
    made = Path(tempfile.mkdtemp(prefix="peerchat-"))
    yield made
    shutil.rmtree(made)


@contextlib.contextmanager
def frozen(server):
    """A server that answers nothing."""
    pids = [server.process.pid, *children(server.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_redis_that_hangs(site, group, folder):
    room, (ada, bea, _) = group
    with Redis(folder) as redis:
        running = await asyncio.to_thread(lambda: site(env=environment(REDIS_URL=redis.url)))
        clients = [await enter(running, token) for token in (ada, bea)]
        with frozen(redis):
            for client in clients:
                await client.ask("new_message", room=room, text="acknowledged")
            async with stopping(running):
                assert {await client.closed() for client in clients} == {4503}
    assert len(await in_thread(texts, room)) == 2


def copy_database(url: str) -> None:
    """Copy the tests' database to that of another server."""
    programs = find_postgres()
    assert programs is not None
    source = environment()["DATABASE_URL"]
    dump = [str(programs / "pg_dump"), "--format=custom", f"--dbname={source}"]
    restore = [str(programs / "pg_restore"), f"--dbname={url}"]
    dumped = subprocess.run(dump, check=True, capture_output=True).stdout
    subprocess.run(restore, check=True, capture_output=True, input=dumped)


@pytest.mark.long
async def test_a_database_that_hangs(site, group, folder):
    room, (ada, bea, _) = group
    with Postgres(folder) as postgres:
        copy_database(postgres.url)
        env = environment(DATABASE_URL=postgres.url)
        running = await asyncio.to_thread(lambda: site(env=env))
        clients = [await enter(running, token) for token in (ada, bea)]
        with frozen(postgres):
            name = await clients[0].post("new_message", room=room, text="who knows")
            async with stopping(running):
                assert {await client.closed() for client in clients} == {4503}
    assert not [frame for frame in clients[0].unread() if frame.get("uuid") == name]
