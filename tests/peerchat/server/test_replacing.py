"""`kill -HUP`: the workers are replaced one by one, under load, by what is on the disk."""

import asyncio
import contextlib
import itertools
import json
import os
import pty
import signal
import socket
import sqlite3
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from peerchat.client import Client
from peerchat.server import supervisor
from rooms import metrics
from rooms.models import Course, Enrollment, Message, Room
from rooms.wire.events import NewMessageEvent
from tests import migrated
from tests.client import Client as StrictClient
from tests.pace import patient
from tests.peerchat.server.sheets import Sheet
from tests.peerchat.server.test_serve import is_stopped_by
from tests.rooms.cast import in_thread, make_person
from tests.running import Site, alive, children, environment, manage, until
from tests.servers import ROOT

WITHIN = patient(60.0)
"""Seconds that a round of replacements may take on a busy machine."""


@pytest.fixture
def group(transactional_db):
    """A course with six students: the id of its room, and their tokens."""
    course = Course.objects.create(slug="physics", title="Physics")
    people = [make_person(f"student{number}", "") for number in range(6)]
    for person in people:
        Enrollment.objects.create(course=course, user=person.user)
    return str(Room.objects.get(course=course).id), [person.token for person in people]


def hang_up(site: Site) -> None:
    os.kill(site.pid, signal.SIGHUP)


async def eventually(condition, *, within: float = WITHIN):
    return await asyncio.to_thread(until, condition, within=within)


def replaced(site: Site, before: set[int]) -> bool:
    now = site.workers()
    return len(now) == len(before) and not now & before


# --- Load --------------------------------------------------------------------------------------


class Talker:
    """A student who says something every third of a second, and keeps what is acknowledged."""

    def __init__(self, name: str, client: Client, room: str) -> None:
        self.client = client
        self.acknowledged: dict[str, int] = {}
        self.seen: list[int] = []
        self._name = name
        self._room = room

    async def talk(self, over: asyncio.Event) -> None:
        for number in itertools.count():
            text = f"{self._name} says {number}"
            self.acknowledged[text] = (await self.client.send(self._room, text)).seq
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.3)
                return

    async def listen(self) -> None:
        async for event in self.client.listen():
            if isinstance(event, NewMessageEvent):
                self.seen.append(event.message.seq)


async def post(site: Site, room: str, token: str, over: asyncio.Event) -> Counter[str]:
    """Posts over HTTP, each time on a new connection: the site always accepts."""
    posted: Counter[str] = Counter()
    for number in itertools.count():
        text = f"HTTP says {number}"
        request = urllib.request.Request(
            f"{site.url}api/rooms/{room}/messages/",
            json.dumps({"text": text}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )

        def send(request=request) -> int:
            with urllib.request.urlopen(request, timeout=patient(20)) as answer:
                return answer.status

        assert await asyncio.to_thread(send) == 201
        posted[text] += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.3)
            return posted
    raise AssertionError


async def replace_under_load(site: Site, room: str, tokens: list[str], stored) -> None:
    """Replaces the workers while everybody talks, and checks that nothing was lost or doubled.

    `stored` returns the numbers and texts of the room's messages.
    """
    before = site.workers()
    over = asyncio.Event()
    async with contextlib.AsyncExitStack() as exits:
        clients = [
            await exits.enter_async_context(Client(site.origin, token)) for token in tokens[1:]
        ]
        talkers = [Talker(f"{n}", client, room) for n, client in enumerate(clients)]
        listening = [asyncio.create_task(one.listen()) for one in talkers]
        talking = [asyncio.create_task(one.talk(over)) for one in talkers]
        posting = asyncio.create_task(post(site, room, tokens[0], over))
        await eventually(lambda: all(one.acknowledged for one in talkers))
        hang_up(site)
        await eventually(lambda: replaced(site, before))
        said = [len(one.acknowledged) for one in talkers]
        await eventually(
            lambda: all(len(one.acknowledged) > n + 1 for one, n in zip(talkers, said, strict=True))
        )
        over.set()
        await asyncio.gather(*talking)
        posted = await posting
        rows = await in_thread(stored)
        numbers = [number for number, _ in rows]
        assert numbers == list(range(1, len(rows) + 1))
        assert Counter(text for _, text in rows) == posted + Counter(
            text for one in talkers for text in one.acknowledged
        )
        where = {text: number for number, text in rows}
        for one in talkers:
            assert one.acknowledged.items() <= where.items()
            await eventually(lambda one=one: one.seen and one.seen[-1] == numbers[-1])
            assert one.seen == numbers
    await asyncio.gather(*listening)


async def test_nothing_is_lost_while_workers_are_replaced(site, group):
    room, tokens = group
    running = await asyncio.to_thread(lambda: site(workers=2, measured=True))

    def stored():
        return list(Message.objects.filter(room=room).order_by("seq").values_list("seq", "text"))

    await replace_under_load(running, room, tokens, stored)
    assert "ERROR" not in running.log.read_text()
    # An interrupt stops all of the new ones.
    await asyncio.to_thread(is_stopped_by, running, signal.SIGINT)


@pytest.mark.long
async def test_one_worker_is_replaced_without_redis(site, tmp_path):
    file = tmp_path / "site.sqlite3"
    env = environment(
        REDIS_URL="", DATABASE_URL=f"sqlite:///{file}", DEBUG="1", LOG_LEVEL="WARNING"
    )
    migrated.copy_sqlite(file)
    assert manage("create_demo", "--students", "6", env=env).returncode == 0
    names = [f"student{number}" for number in range(1, 7)]
    tokens = manage("issue_token", *names, env=env).stdout.split()
    running = await asyncio.to_thread(lambda: site(env=env))
    async with Client(running.origin, tokens[0]) as client:
        [room] = [info.room for info in await client.list_rooms() if info.kind == "course"]

    def stored():
        with contextlib.closing(sqlite3.connect(file)) as database:
            return database.execute(
                "SELECT seq, text FROM peerchat_rooms_message WHERE room_id = ? ORDER BY seq",
                (room.replace("-", ""),),
            ).fetchall()

    await replace_under_load(running, room, tokens, stored)


# --- The code on the disk ----------------------------------------------------------------------


@pytest.fixture
def code(tmp_path):
    """A function that writes the settings of a site, and its environment."""
    file = tmp_path / "settings_on_disk.py"

    def write(*lines: str) -> dict[str, str]:
        file.write_text("\n".join(["from tests.settings import *  # noqa: F403", *lines]))
        return environment(
            DJANGO_SETTINGS_MODULE="settings_on_disk",
            PYTHONPATH=str(tmp_path),
            PYTHONDONTWRITEBYTECODE="1",
            LOG_LEVEL="INFO",
        )

    return write


async def rooms_limit(site: Site, token: str) -> int:
    client = await StrictClient.open(f"{site.socket_url}/ws/chat/", token=token)
    try:
        return (await client.event("welcome"))["limits"]["rooms"]
    finally:
        await client.close()


@pytest.mark.long
async def test_new_workers_run_what_is_on_the_disk(site, group, code, tmp_path, settings):
    """During the replacement each worker has the style sheets of both versions."""
    sheet = Sheet(tmp_path, settings)
    await in_thread(lambda: sheet.collect("a { color: red }"))
    static = f"STATIC_ROOT = {settings.STATIC_ROOT!r}"
    env = code("PEERCHAT['ROOMS_PER_SOCKET'] = 7", static)
    running = await asyncio.to_thread(lambda: site(workers=2, env=env))
    before = running.workers()
    assert await rooms_limit(running, group[1][0]) == 7
    over = asyncio.Event()
    requesting = asyncio.create_task(sheet.request(running, over))
    await in_thread(lambda: sheet.collect("a { color: blue }"))
    old, new = sheet.urls
    assert old != new
    await eventually(lambda: sheet.answers[new] > 20)
    code("PEERCHAT['ROOMS_PER_SOCKET'] = 8", static)
    hang_up(running)
    await eventually(lambda: "All workers have been replaced" in running.log.read_text())
    assert replaced(running, before)
    asked = sheet.answers[old]
    await eventually(lambda: sheet.answers[old] > asked + 20)
    over.set()
    await requesting
    assert sheet.wrong == []
    assert {await rooms_limit(running, group[1][0]) for _ in range(6)} == {8}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.long
async def test_where_the_new_code_does_not_start_the_old_one_goes_on(site, group, code, workers):
    env = code()
    env["REDIS_URL"] = "" if workers == 1 else env["REDIS_URL"]
    running = await asyncio.to_thread(lambda: site(workers=workers, env=env))
    before = running.workers()
    client = await StrictClient.open(f"{running.socket_url}/ws/chat/", token=group[1][0])
    await client.event("welcome")
    code("raise RuntimeError('the new code is broken')")
    hang_up(running)
    await eventually(lambda: "Worker 1 was not replaced" in running.log.read_text())
    assert "ended with exit code 1 before it started to serve" in running.log.read_text()
    assert running.workers() == before
    await client.ask("ping")
    # Once it is mended, so are they.
    code()
    hang_up(running)
    await eventually(lambda: "All workers have been replaced" in running.log.read_text())
    assert replaced(running, before)
    assert await client.closed() == 4503


# --- Signals that meet -------------------------------------------------------------------------


@pytest.mark.long
async def test_signals_during_a_replacement_mean_one_more_round(site, code):
    running = await asyncio.to_thread(lambda: site(workers=2, env=code()))
    first = running.workers()
    hang_up(running)
    await eventually(lambda: running.workers() - first)
    second = running.workers() - first
    for _ in range(3):
        hang_up(running)
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, len(running.workers()))
        return running.log.read_text().count("All workers have been replaced") == 2

    await eventually(done)
    # One at a time: a new one beside the two.
    assert most == 3
    assert len(running.workers()) == 2
    assert not running.workers() & (first | second)
    assert running.log.read_text().count("Replacing 2 worker(s)") == 2
    # SIGTERM during another one stops everything.
    workers = running.workers()
    hang_up(running)
    await eventually(lambda: len(running.workers()) == 3)
    workers |= running.workers()
    assert await asyncio.to_thread(lambda: running.stop(within=patient(15))) == 0
    assert not any(map(alive, workers))


def test_a_worker_that_died_is_replaced_without_its_wait(site):
    running = site(workers=1, measured=True)
    for count in range(1, 5):
        [worker] = until(running.workers)
        os.kill(worker, signal.SIGKILL)
        until(lambda count=count: running.log.read_text().count("starting it again") == count)
    hang_up(running)
    assert until(running.workers, within=patient(3.5))


def test_a_terminal_that_is_closed_stops_it(transactional_db, tmp_path):
    """A terminal sends SIGHUP to its programs when it is closed, which must not mean a restart."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        os.chdir(ROOT)
        # Under nohup the tests ignore the signal, and their children inherit that.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with contextlib.suppress(BaseException):
            os.execve(
                sys.executable,
                [sys.executable, "manage.py", "serve", "--port", "0", "--skip-checks"],
                environment(),
            )
        os._exit(1)
    try:
        said = b""
        while b"Serving on" not in said:
            said += os.read(terminal, 4096)
        workers = children(pid)
        assert workers
        os.close(terminal)
        until(lambda: not alive(pid), within=patient(20))
        assert not any(map(alive, workers))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# --- Workers that hang -------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def supervised(monkeypatch, folder: Path, env: dict[str, str], **options):
    """A supervisor of one worker in this process, which is told to stop at the end."""
    for name, value in {**env, metrics.FOLDER: str(folder)}.items():
        monkeypatch.setenv(name, value)
    ready = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pool = supervisor.Supervisor(listener, 1, on_ready=ready.set, **options)
        running = asyncio.create_task(pool.run())
        try:
            await asyncio.wait_for(ready.wait(), WITHIN)
            yield
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await running


async def test_a_worker_that_gives_no_sign_of_life_is_started_again(
    transactional_db, monkeypatch, caplog, tmp_path
):
    others = children(os.getpid())
    async with supervised(monkeypatch, tmp_path, environment(), silence=6.0):
        [worker] = children(os.getpid()) - others
        os.kill(worker, signal.SIGSTOP)
        await eventually(lambda: not alive(worker))
        await eventually(lambda: children(os.getpid()) - others - {worker})
    assert "gave no sign of life for 6 s and was killed" in caplog.text


@pytest.mark.long
async def test_a_new_worker_that_hangs_does_not_replace_the_old_one(
    transactional_db, monkeypatch, caplog, code, tmp_path
):
    monkeypatch.setattr(supervisor, "START_WITHIN", 15.0)
    monkeypatch.syspath_prepend(tmp_path)
    others = children(os.getpid())
    async with supervised(monkeypatch, tmp_path, code()):
        [worker] = children(os.getpid()) - others
        code("import time", "time.sleep(1000)")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: "Worker 1 was not replaced" in caplog.text)
        await eventually(lambda: children(os.getpid()) - others == {worker})
    assert "did not start within 15 s" in caplog.text
