"""PostgreSQL stopped, and cut off at the worst moment: nothing is acknowledged that is not stored,
and what is stored comes, whatever its sender was told."""

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
import pytest

from tests import migrated
from tests.client import Client
from tests.faults.cast import Cast
from tests.pace import patient
from tests.rooms.cast import Hall, eventually
from tests.running import Site, environment, read_figures, unmeasured
from tests.servers import ROOT, Postgres, Redis

SOCKET = ".s.PGSQL.5432"
CHUNK = 1 << 16


class DatabaseProxy:
    """A proxy in front of PostgreSQL, on a Unix socket.

    `cut` is (a text, what, when): the connection on which the text goes is cut off before or after
    what commits it, which is the text's own statement if `what` is empty.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self._path, self._server = folder / SOCKET, server / SOCKET
        self.cut: tuple[str, str, str] | None = None
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(patient(10))
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_unix_server(self._connected, self._path) as server:
            self._ready.set()
            await self._over.wait()
            server.close()

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.closing(back), contextlib.suppress(OSError):
            far, there = await asyncio.open_unix_connection(self._server)
            answers = asyncio.create_task(_pass_on(far, back))
            meant = False
            with contextlib.closing(there):
                while data := await near.read(CHUNK):
                    if self.cut is not None:
                        text, what, when = self.cut
                        meant = meant or text.encode() in data
                        if meant and what.encode() in data:
                            self.cut = None
                            answers.cancel()
                            await asyncio.wait((answers,))
                            if when == "after":
                                there.write(data)
                                # PostgreSQL's answer is read here and passed on to nobody.
                                await far.read(CHUNK)
                            return
                    there.write(data)


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.closing(target), contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)


class Store:
    """A site whose database and Redis nobody else uses, and three students at it."""

    def __init__(
        self, postgres: Postgres, proxy: DatabaseProxy, redis: Redis, site: Site, cast: Cast
    ) -> None:
        self.postgres, self.proxy, self.redis, self.site = postgres, proxy, redis, site
        self.course, self.room = cast.course, cast.course_room
        self.tokens = list(cast.students.values())
        self.hall = Hall(site)

    async def chat(self, student: int, *, worker: int) -> tuple[Client, str]:
        """A socket of a student, and the id of the course's room.

        It connects again, as pages do, while the worker meets connections from before an outage.
        """
        async with asyncio.timeout(patient(30)):
            while True:
                async with self.hall.only(worker):
                    client = await Client.open(
                        f"{self.site.socket_url}/ws/chat/", token=self.tokens[student]
                    )
                try:
                    welcome = await client.event("welcome")
                except AssertionError:
                    await client.close()
                    if client.socket.close_code != 4503:
                        raise
                    await asyncio.sleep(0.1)
                else:
                    return client, welcome["courses"][0]["room"]

    def query(self, query: str, *fields: Any) -> list[Any]:
        with psycopg.connect(
            host=str(self.postgres.folder), user="peerchat", dbname="peerchat"
        ) as connection:
            return connection.execute(query, fields).fetchall()

    def stored(self, room: str) -> list[str]:
        rows = self.query(
            "SELECT text FROM peerchat_rooms_message "
            "WHERE room_id = %s AND kind = 'text' ORDER BY seq",
            room,
        )
        return [text for (text,) in rows]


@pytest.fixture(scope="module")
def store(django_db_setup: None) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="peerchat-", dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o711)  # PostgreSQL may have to run as somebody else
        for name in ("pg", "proxy", "redis", "site"):
            (path / name).mkdir()
        host = quote(str(path / "proxy"), safe="")
        with (
            Postgres(path / "pg") as postgres,
            DatabaseProxy(path / "proxy", path / "pg") as proxy,
            Redis(path / "redis") as redis,
        ):
            env = environment() | {
                "DATABASE_URL": f"postgres://peerchat@{host}/peerchat",
                "DATABASE_POOL_TIMEOUT": "1",
                "REDIS_URL": redis.url,
            }
            migrated.fill_postgresql(postgres.url)
            made = subprocess.run(
                [sys.executable, "-m", "tests.faults.cast", "3"],
                cwd=ROOT,
                env=unmeasured(env),
                stdout=subprocess.PIPE,
                check=True,
            )
            (cast,) = json.loads(made.stdout)
            with Site(path / "site", workers=2, env=env, measured=True) as site:
                yield Store(postgres, proxy, redis, site, Cast(**cast))


@pytest.fixture
async def three(store: Store) -> AsyncIterator[tuple[list[Client], str]]:
    """Sockets of two students at one worker and one at the other; their course's room."""
    clients = []
    async with contextlib.AsyncExitStack() as exits:
        for number in range(3):
            client, room = await store.chat(number, worker=number % 2)
            exits.push_async_callback(client.close)
            clients.append(client)
        yield clients, room


async def say(client: Client, room: str, text: str, uuid: str) -> dict[str, Any]:
    """Send a message with this uuid until it is stored; return the reply."""
    async with asyncio.timeout(patient(30)):
        while True:
            frame = await client.command("new_message", room=room, text=text, uuid=uuid)
            if frame["status"] == "success":
                return frame
            assert frame["error_code"] == "unavailable"
            await asyncio.sleep(0.1)


async def test_while_the_database_is_away_nothing_is_acknowledged(store, three):
    clients, room = three
    store.postgres.stop()
    try:
        for number, client in enumerate(clients):
            said = {"room": room, "text": f"away {number}", "uuid": f"away-{number}"}
            assert await client.fail("new_message", **said) == {"error_code": "unavailable"}
            assert await client.fail("state", course=store.course) == {"error_code": "unavailable"}
        assert [client.socket.close_code for client in clients] == [None] * 3
    finally:
        store.postgres.start()
    # The clients send the same again with the same uuid, as pages do.
    for number, client in enumerate(clients):
        await say(client, room, f"away {number}", f"away-{number}")
    for client in clients:
        for number, other in enumerate(clients):
            if other is not client:
                await client.message(f"away {number}")
    assert store.stored(room) == [f"away {number}" for number in range(3)]


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("way", ["alone", "as a batch"])
async def test_a_commit_of_which_nobody_hears(store, three, way, cut):
    """Cut off before PostgreSQL got it, or after it carried it out."""
    (ada, bea, carl), room = three
    # What mentions somebody is stored as a batch.
    text, what = (f"cut {cut}", "") if way == "alone" else (f"cut {cut} for @nobody", "COMMIT")
    uuid = f"cut-{cut}-{way}"
    before = store.stored(room)
    store.proxy.cut = text, what, cut
    refused = await ada.fail("new_message", room=room, text=text, uuid=uuid)
    assert refused == {"error_code": "unavailable"}
    if cut == "after":
        # The message is stored, and comes to everybody, its sender included.
        await eventually(lambda: store.stored(room) == [*before, text])
        for client in (ada, bea, carl):
            await client.message(text)
    again = await say(ada, room, text, uuid)
    assert store.stored(room) == [*before, text]
    if cut == "before":
        for client in (bea, carl):
            await client.message(text)
    # Only the sender, who sent the message twice, gets it twice.
    await say(bea, room, f"after {text}", f"after-{uuid}")
    for client in (ada, carl):
        await client.message(f"after {text}")
    for client in (ada, bea, carl):
        assert [frame for frame in await client.settled() if frame["action"] == "new_message"] == []
    assert again["message"]["text"] == text
    (seqs,) = store.query(
        "SELECT array_agg(seq ORDER BY seq), max(last_seq) FROM peerchat_rooms_message m "
        "JOIN peerchat_rooms_room r ON r.id = m.room_id WHERE r.id = %s",
        room,
    )
    assert seqs[0] == list(range(1, seqs[1] + 1))


async def test_after_a_long_outage_both_workers_are_back_at_once(store, three):
    """By itself the pool of connections would retry at ever longer intervals."""
    clients, room = three
    store.postgres.stop()
    try:
        await asyncio.sleep(9)
    finally:
        store.postgres.start()
    async with asyncio.timeout(patient(5)):
        for number in range(2):
            await say(clients[number], room, f"long {number}", f"long-{number}")
        for client in clients[2:]:
            await client.message("long 1")
    assert "Traceback" not in store.site.log.read_text()


async def test_a_socket_that_closes_during_an_outage_is_closed_in_the_database_after_it(
    store, three
):
    """Its worker is alive, so that no other process would ever close it."""
    clients, room = three
    leaving, _ = await store.chat(1, worker=1)
    id_ = json.loads(leaving.raw[0])["conn_id"]
    still_open = "SELECT 1 FROM peerchat_rooms_connection WHERE id = %s AND closed_at IS NULL"
    await eventually(lambda: store.query(still_open, id_))
    store.postgres.stop()
    try:
        await leaving.close()
        # The same worker must store this message after it has noted the end of the other socket.
        said = {"room": room, "text": "too late", "uuid": "too-late"}
        assert await clients[1].fail("new_message", **said) == {"error_code": "unavailable"}
    finally:
        store.postgres.start()
    await eventually(lambda: not store.query(still_open, id_))


# --- over HTTP, with Redis away as well ----------------------------------------------------------


async def ask(store: Store, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
    """Return the status, the headers and the body of an answer to the first student."""

    def call() -> tuple[int, Any, Any]:
        origin = store.site.origin.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(origin, timeout=patient(30))) as http_:
            headers = {
                "Authorization": f"Bearer {store.tokens[0]}",
                "Content-Type": "application/json",
            }
            http_.request(method, f"/api/{path}", body and json.dumps(body), headers)
            answer = http_.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())

    return await asyncio.to_thread(call)


async def ask_until_it_is_back(
    store: Store, method: str, path: str, body: Any
) -> tuple[int, Any, Any]:
    """Ask again and again while the answer is that the database is away."""
    for _ in range(100):
        answer = await ask(store, method, path, body)
        if answer[0] != 503:
            break
        await asyncio.sleep(0.1)
    return answer


async def test_over_http_without_redis_and_then_without_the_database(store):
    messages, said = f"rooms/{store.room}/messages/", {"text": "hello", "uuid": "http-one"}
    try:
        # Redis carries only hints: without it everything goes on.
        store.redis.stop()
        # The worker may not have noticed yet that the database was away in an earlier test.
        status, _, first = await ask_until_it_is_back(store, "POST", messages, said)
        assert status == 201
        seq = first["seq"]
        page = (await ask(store, "GET", f"{messages}?after={seq - 1}&wait=25"))[2]
        assert page["results"] == [first]
        status, _, page = await ask(store, "GET", f"{messages}?after={seq}&wait=1")
        assert (status, page["results"]) == (200, [])
        failures = "peerchat_database_errors_total"
        before = read_figures(store.site).get((failures,), 0)

        store.postgres.stop()
        for method, path, body in (
            ("GET", "courses/", None),
            ("GET", f"{messages}?after={seq}&wait=1", None),
            ("POST", messages, {"text": "again", "uuid": "http-two"}),
            ("POST", "tokens/", {"username": "student1", "password": "x"}),
        ):
            status, headers, answer = await ask(store, method, path, body)
            assert (status, answer["error_code"]) == (503, "unavailable"), (method, path)
            assert headers["Retry-After"] == "1"

        # Each failure is counted, and one line in the log.
        assert read_figures(store.site)[(failures,)] >= before + 4
        assert "Traceback" not in store.site.log.read_text()

        # Nothing was kept, and the same can be sent again.
        store.postgres.start()
        again = {"text": "again", "uuid": "http-two"}
        status, _, second = await ask_until_it_is_back(store, "POST", messages, again)
        assert (status, second["seq"]) == (201, seq + 1)
        assert (await ask_until_it_is_back(store, "POST", messages, said))[2] == first
    finally:
        for server in (store.postgres, store.redis):
            if server.process is None:
                server.start()
