"""A gateway in front of a peerchat, and of servers that behave as no peerchat does."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts import people, tokens
from peerchat.proxy import ProxyConsumer
from rooms.models import Course, Enrollment
from tests.client import Client
from tests.pace import patient
from tests.rooms.cast import Person
from tests.rooms.school import make_person
from tests.running import Site, environment, until

WITHIN = patient(10.0)
CREDENTIALS = {"authorization", "cookie", "origin"}

pytestmark = pytest.mark.django_db(transaction=True)
Handler = Callable[[ServerConnection], Awaitable[None]]


def start(folder: Path, url: str, *, within: float, measured: bool = False) -> Site:
    """A gateway to the URL, as a context manager. It has no use for the database.

    `within` is how many seconds a handshake there may take.
    """
    env = environment(
        DJANGO_SETTINGS_MODULE="tests.inclusion.gateway", UPSTREAM=url, UPSTREAM_WITHIN=str(within)
    )
    return Site(folder, env=env, measured=measured)


@pytest.fixture(scope="module")
def port() -> int:
    """A free port for what is behind the gateway."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def gateway(django_db_setup, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    url = f"ws://127.0.0.1:{port}"
    with start(tmp_path_factory.mktemp("gateway"), url, within=2, measured=True) as running:
        yield running


@contextlib.asynccontextmanager
async def upstream(port: int, handler: Handler, **options: Any) -> AsyncIterator[None]:
    """A WebSocket server in this process, behind the gateway."""
    async with serve(handler, "127.0.0.1", port, compression=None, **options):
        yield


async def echo(there: ServerConnection) -> None:
    async for frame in there:
        await there.send(frame)


def open_at(gateway: Site, path: str = "/any/where/", **options: Any) -> connect:
    return connect(gateway.socket_url + path, compression=None, **options)


async def closed(client: ClientConnection) -> int | None:
    async with asyncio.timeout(WITHIN):
        await client.wait_closed()
    return client.close_code


@pytest.fixture
def ada() -> Person:
    user = make_person("ada")
    course = Course.objects.create(slug="physics", title="Physics")
    Enrollment.objects.create(course=course, user=user)
    return Person(user, tokens.issue(user))


# --- a peerchat behind it ------------------------------------------------------------------------


@pytest.fixture
def front(site, tmp_path) -> Iterator[Site]:
    """A gateway in front of a peerchat."""
    behind = site(env=environment(CSRF_TRUSTED_ORIGINS="https://courses.example.edu"))
    with start(tmp_path, behind.socket_url, within=WITHIN) as running:
        yield running


async def test_one_talks_through_it_and_is_refused_or_closed_by_it(front, ada):
    await one_talks_through_it(front, ada)
    await what_peerchat_refuses_is_refused(front, ada)
    await a_socket_that_peerchat_closes_is_closed_with_its_code(front)


async def one_talks_through_it(front, ada):
    header = {"Authorization": f"Bearer {ada.token}"}
    async with open_at(front, "/ws/chat/", additional_headers=header) as first:
        await talk(first, 1)
    offered: Any = ["peerchat.v1", f"token.{ada.token}"]
    async with open_at(front, "/ws/chat/", subprotocols=offered) as second:
        assert second.subprotocol == "peerchat.v1"
        await talk(second, 2)
    session = await database_sync_to_async(ada.log_in)()
    cookie = {"Cookie": f"sessionid={session}", "Origin": "https://courses.example.edu"}
    async with open_at(front, "/ws/chat/", additional_headers=cookie) as third:
        await talk(third, 3)


async def talk(socket_: ClientConnection, seq: int) -> None:
    client = Client(socket_)
    try:
        welcome = await client.event("welcome")
        assert welcome["user"] == {"username": people.sample_name("ada"), "display_name": "Ada"}
        room = welcome["courses"][0]["room"]
        await client.post("new_message", room=room, text=f"Hello {seq}")
        assert (await client.message(f"Hello {seq}"))["message"]["seq"] == seq
    finally:
        await client.close()


async def what_peerchat_refuses_is_refused(front, ada):
    session = await database_sync_to_async(ada.log_in)()
    for wrong in (
        {"Authorization": "Bearer pc_wrong"},
        {"Sec-WebSocket-Protocol": "peerchat.v1, token.pc_wrong"},
        {"Cookie": f"sessionid={session}", "Origin": "https://elsewhere.example.com"},
    ):
        with pytest.raises(InvalidStatus) as refused:
            await open_at(front, "/ws/chat/", additional_headers=wrong)
        assert refused.value.response.status_code == 403


async def a_socket_that_peerchat_closes_is_closed_with_its_code(front):
    async with open_at(front, "/ws/chat/") as socket_:
        await Client(socket_).post("authenticate", token="pc_wrong")
        assert await closed(socket_) == 4401


# --- anything behind it --------------------------------------------------------------------------


async def test_frames_come_as_they_are_both_ways(gateway, port):
    frames = ["text ☃", bytes(range(256)), "x" * 60_000, b"\xff" * 60_000]
    async with upstream(port, echo), open_at(gateway) as client:
        for frame in frames:
            await client.send(frame)
        async with asyncio.timeout(WITHIN):
            assert [await client.recv() for _ in frames] == frames


async def test_path_query_and_chosen_headers_go_upstream(gateway, port):
    seen: dict[str, Any] = {}

    async def look(there: ServerConnection) -> None:
        assert there.request
        seen["path"] = there.request.path
        seen.update((name.lower(), value) for name, value in there.request.headers.raw_items())

    sent = {
        "Authorization": "Bearer it",
        "Cookie": "a=b",
        "Origin": "https://courses.example.edu",
        "X-Other": "not for there",
    }
    async with upstream(port, look):
        client = await open_at(gateway, "/any/w%20%C3%A9/?a=1&b=%20", additional_headers=sent)
        await closed(client)
        assert seen.pop("path") == "/any/w%20%C3%A9/?a=1&b=%20"
        assert {name: seen[name] for name in CREDENTIALS} == {
            name.lower(): value for name, value in sent.items() if name.lower() in CREDENTIALS
        }
        assert seen["x-gateway"] == "riverside"
        assert seen["host"] == f"127.0.0.1:{port}"
        assert "x-other" not in seen
        assert "user-agent" not in seen


@pytest.mark.parametrize(("sent", "seen"), [(1000, 1000), (3000, 3000), (4499, 4499)])
async def test_close_codes_of_upstream(gateway, port, sent, seen):
    async def leave(there: ServerConnection) -> None:
        await there.close(sent)

    async with upstream(port, leave), open_at(gateway) as client:
        assert await closed(client) == seen


@pytest.mark.parametrize("code", [1001, 1009, 1011, None])
async def test_a_failure_of_upstream_sends_clients_away_for_a_while(gateway, port, code):
    async def fail(there: ServerConnection) -> None:
        if code is None:
            there.transport.abort()
        else:
            await there.close(code)

    async with upstream(port, fail), open_at(gateway) as client:
        assert await closed(client) == 4503


@pytest.mark.parametrize(("sent", "seen"), [(1000, 1000), (1001, 1001), (4321, 4321), (None, 1006)])
async def test_close_codes_of_the_client(gateway, port, sent, seen):
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def wait(there: ServerConnection) -> None:
        await there.wait_closed()
        codes.put_nowait(there.close_code)

    async with upstream(port, wait), open_at(gateway) as client:
        if sent is None:
            client.transport.abort()
        else:
            await client.close(sent)
        async with asyncio.timeout(WITHIN):
            assert await codes.get() == seen


async def test_the_subprotocol_is_the_one_that_upstream_chose(gateway, port):
    async with upstream(port, echo, subprotocols=["two"]):
        offered: Any = ["one", "two", "three"]
        async with open_at(gateway, subprotocols=offered) as client:
            assert client.subprotocol == "two"


async def test_a_redirect_is_not_followed(gateway, port):
    asked = asyncio.Event()

    async def other(there: ServerConnection) -> None:
        asked.set()

    async with serve(other, "127.0.0.1", 0) as elsewhere:
        (one,) = elsewhere.sockets
        location = f"ws://127.0.0.1:{one.getsockname()[1]}/"

        def redirect(there: ServerConnection, request: Any) -> Any:
            response = there.respond(302, "")
            response.headers["Location"] = location
            return response

        async with upstream(port, echo, process_request=redirect), open_at(gateway) as client:
            assert await closed(client) == 4503
    assert not asked.is_set()


@pytest.mark.parametrize(("status", "code"), [(401, 403), (404, 403), (429, None), (503, None)])
async def test_what_upstream_answers_instead(gateway, port, status, code):
    def refuse(there: ServerConnection, request: Any) -> Any:
        return there.respond(status, "")

    async with upstream(port, echo, process_request=refuse):
        if code is None:
            async with open_at(gateway) as client:
                assert await closed(client) == 4503
        else:
            with pytest.raises(InvalidStatus) as refused:
                await open_at(gateway)
            assert refused.value.response.status_code == code


async def test_nobody_there(gateway):
    offered: Any = ["token.pc_x", "peerchat.v1"]
    async with open_at(gateway, subprotocols=offered) as client:
        assert client.subprotocol == "peerchat.v1"
        assert await closed(client) == 4503


async def test_somebody_there_who_never_answers(gateway, port):
    with socket.create_server(("127.0.0.1", port)):
        async with open_at(gateway) as client:
            assert await closed(client) == 4503


@pytest.mark.long
async def test_a_client_that_does_not_read_stops_upstream_from_sending(gateway, port):
    sent = 0

    async def flood(there: ServerConnection) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionClosed):
            while True:
                await there.send("x" * 65_536)
                sent += 1

    async with upstream(port, flood), open_at(gateway, max_queue=1) as client:
        await client.recv()
        before = -1
        async with asyncio.timeout(patient(60)):
            # The buffers of the sockets fill until nothing moves for a second.
            while sent != before:
                before = sent
                await asyncio.sleep(1)
        assert sent * 65_536 < 64 * 1_048_576
        for _ in range(sent):
            await client.recv()
        # It goes on for a client that reads again.
        await asyncio.to_thread(until, lambda: sent > before)


async def test_an_upstream_that_does_not_read_stops_the_client_from_sending(gateway, port):
    gone = asyncio.Event()

    async def deaf(there: ServerConnection) -> None:
        there.transport.pause_reading()
        await gone.wait()
        there.transport.abort()

    async with upstream(port, deaf), open_at(gateway, write_limit=1) as client:
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent * 60_000 < 64 * 1_048_576:
                async with asyncio.timeout(patient(3)):
                    await client.send("x" * 60_000)
                sent += 1
        assert sent * 60_000 < 64 * 1_048_576
        client.transport.abort()
        gone.set()


def test_upstream_must_be_the_url_of_a_websocket():
    with pytest.raises(ValueError, match="ws://"):
        ProxyConsumer(upstream="http://peerchat.internal")
