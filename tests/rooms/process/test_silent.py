"""Silent ends of connections: clients that answer no pings, dead lines, workers that die."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
from urllib.parse import urlsplit

import psycopg
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from rooms.models import Connection
from tests.client import Client, barrier
from tests.rooms.cast import Hall, eventually, online, store
from tests.running import Site, environment

SHORTER = {"PING_INTERVAL": "1", "PING_TIMEOUT": "2", "PRESENCE_EXPIRY": "6"}
"""Seconds, in place of 20, 30 and 30."""


@pytest.fixture(scope="module")
def hall(django_db_setup, tmp_path_factory):
    """A site with two workers that soon lose patience, in place of the shared one."""
    folder = tmp_path_factory.mktemp("silent")
    with Site(folder, workers=2, env=environment(**SHORTER)) as site:
        yield Hall(site)


@pytest.fixture
def site(hall):
    return hall.site


@pytest.fixture
async def enter(site):
    """A function that opens a chat socket of a person, through another address if one is given."""
    async with contextlib.AsyncExitStack() as exits:

        async def enter(person, *, url=None):
            client = await Client.open(f"{url or site.socket_url}/ws/chat/", token=person.token)
            exits.push_async_callback(client.close)
            welcome = await client.event("welcome")
            await online(welcome["conn_id"])
            return client

        yield enter


class StallingProxy:
    """A TCP proxy to the site that can stall: it passes on nothing, and neither end is told."""

    def __init__(self, site: Site) -> None:
        self._site = urlsplit(site.origin)
        self._alive = asyncio.Event()
        self._alive.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def die(self) -> None:
        self._alive.clear()

    def revive(self) -> None:
        self._alive.set()

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer) -> None:
        there, back = await asyncio.open_connection(self._site.hostname, self._site.port)
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._carry(source, target))
            self._tasks.add(task)

    async def _carry(self, source, target) -> None:
        try:
            while data := await source.read(65_536):
                await self._alive.wait()
                target.write(data)
                await target.drain()
            await self._alive.wait()
        finally:
            target.close()


@pytest.fixture
async def proxy(site):
    proxy = StallingProxy(site)
    proxy.url = await proxy.open()
    yield proxy
    await proxy.close()


async def test_a_connection_that_died_is_noticed(cast, enter, proxy):
    ada = await enter(cast.ada)
    bea = await enter(cast.bea, url=proxy.url)
    await ada.event("presence", room=cast.room, online=2)
    row = await Connection.objects.aget(user=cast.bea.user, closed_at=None)
    proxy.die()
    await ada.event("presence", room=cast.room, online=1, left=[cast.bea.name])
    await row.arefresh_from_db()
    assert row.closed_at
    assert not bea.socket.close_code
    # The other sockets have noticed nothing.
    await barrier(ada, cast.room)


def by_hand(site, token):
    """A chat socket that does nothing by itself."""
    address = urlsplit(site.origin)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    deaf.connect((address.hostname, address.port))
    protocol = ClientProtocol(parse_uri(f"{site.socket_url}/ws/chat/"), max_size=None)
    request = protocol.connect()
    request.headers["Authorization"] = f"Bearer {token}"
    protocol.send_request(request)
    deaf.sendall(b"".join(protocol.data_to_send()))
    return deaf, protocol


async def test_who_answers_no_pings_is_dropped_and_nobody_else(cast, site, enter):
    ada = await enter(cast.ada)
    deaf, protocol = await asyncio.to_thread(by_hand, site, cast.bea.token)

    def read_to_the_end() -> int:
        pings = 0
        with deaf, contextlib.suppress(ConnectionResetError):
            while data := deaf.recv(65_536):
                protocol.receive_data(data)
                pings += sum(
                    getattr(event, "opcode", None) == Opcode.PING
                    for event in protocol.events_received()
                )
        return pings

    reading = asyncio.create_task(asyncio.to_thread(read_to_the_end))
    await ada.event("presence", room=cast.room, online=2)
    await ada.event("presence", room=cast.room, online=1, left=[cast.bea.name])
    assert await reading == 1
    await barrier(ada, cast.room)


@pytest.mark.long
async def test_who_reads_slowly_is_not_silent(cast, site):
    """The ping waits behind megabytes that take longer than the time allowed for its answer."""
    room = cast.open_room(cast.ada)
    store(room, cast.carl, *(["👋" * 4000] * 400))
    deaf, protocol = await asyncio.to_thread(by_hand, site, cast.ada.token)

    def read_slowly() -> bytes:
        asked = {"uuid": "1", "action": "resume", "rooms": {str(room.id): 0}}
        sent = False
        with deaf:
            while data := deaf.recv(16_384):
                protocol.receive_data(data)
                deaf.sendall(b"".join(protocol.data_to_send()))
                for event in protocol.events_received():
                    if getattr(event, "opcode", None) != Opcode.TEXT:
                        continue
                    if b'"resume"' in event.data[:200]:
                        return event.data
                    if not sent:
                        sent = True
                        protocol.send_text(json.dumps(asked).encode())
                        deaf.sendall(b"".join(protocol.data_to_send()))
                if sent:
                    # Some 800 kilobytes a second, which is eight seconds.
                    pause.wait(0.02)
        raise AssertionError("dropped")

    pause = threading.Event()
    answer = json.loads(await asyncio.to_thread(read_slowly))
    assert len(answer["rooms"][str(room.id)]["messages"]) == 400


async def test_who_waits_for_us_is_not_silent(cast, enter):
    """While a hundred commands of a client wait, the server does not read its pongs either."""
    ada = await enter(cast.ada)
    with psycopg.connect(environment()["DATABASE_URL"]) as holder:
        holder.execute("LOCK TABLE peerchat_rooms_membership IN ACCESS EXCLUSIVE MODE")
        names = [await ada.post("list_users", room=cast.room) for _ in range(100)]
        await asyncio.sleep(5)  # longer than it may be silent: that is what is tested
    for name in names:
        assert (await ada.reply(name, "list_users"))["status"] == "success"


async def test_rooms_are_told_of_those_whose_worker_died(cast, site, enter):
    one, other = sorted(site.workers())

    async def enter_at(worker, person):
        stopped = other if worker == one else one
        os.kill(stopped, signal.SIGSTOP)
        try:
            return await enter(person)
        finally:
            os.kill(stopped, signal.SIGCONT)

    ada = await enter_at(one, cast.ada)
    await enter_at(other, cast.bea)
    # A user with another socket at a worker that lives is not away.
    await enter_at(one, cast.carl)
    await enter_at(other, cast.carl)
    await ada.event("presence", room=cast.room, online=3)
    ada.forget()
    os.kill(other, signal.SIGKILL)
    await ada.event("presence", room=cast.room, online=2, left=[cast.bea.name])
    open_ones = Connection.objects.filter(closed_at=None, user__in=[cast.bea.user, cast.carl.user])
    await eventually(lambda: open_ones.count() == 1)
    await eventually(lambda: len(site.workers()) == 2)
    await barrier(ada, cast.room)
    assert not [one for one in ada.unread(but=frozenset()) if one["action"] == "presence"]
