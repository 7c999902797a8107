"""The sides of a comparison: each starts its server and says what the load client does to it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
django.setup()

# These need the apps that the call above loads.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from peerchat.management.commands.rehearse import Cast, make_cast  # noqa: E402
from rooms.models import Membership, Message, Room  # noqa: E402
from tests.benchmarks.load import Measured, Task  # noqa: E402
from tests.running import Site, until  # noqa: E402
from tests.servers import ROOT  # noqa: E402

TEXT = "I say it moves on at constant speed, since nothing pulls it back. What made you choose C?"
FOREVER = 10**9


def load(task: Task) -> Measured:
    """Run the load client; raises CalledProcessError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"],
        cwd=ROOT,
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measured(**json.loads(done.stdout))


class Side:
    """One of those that are compared."""

    name: str

    def __init__(self, work: str, *, sockets: int, warm_up: float, seconds: float) -> None:
        self.work = work
        self.sockets = sockets
        self.warm_up = warm_up
        self.seconds = seconds

    def measure(self) -> Measured:
        """Start a server, measure it, stop it. Raises AssertionError where messages were lost."""
        before = self.stored()
        with self.running() as (address, pids):
            measured = load(self.task(address, sorted(pids)))
        if (before, after := self.stored()) and after is not None and before is not None:
            assert after - before == measured.sent, f"{after - before} of {measured.sent} stored"
        return measured

    def stored(self) -> int | None:
        """How many messages are in the database; None where none are stored."""
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[tuple[str, set[int]]]:
        """The address of a running server, and the ids of its worker processes."""
        raise NotImplementedError

    def task(self, address: str, pids: Sequence[int]) -> Task:
        raise NotImplementedError


class Peerchat(Side):
    """`manage.py serve`: messages are stored, whatever the work."""

    name = "peerchat"

    def __init__(self, work: str, *, sockets: int, warm_up: float, seconds: float) -> None:
        super().__init__(work, sockets=sockets, warm_up=warm_up, seconds=seconds)
        call_command("migrate", verbosity=0)
        self._cast = make_cast(f"bench-{uuid.uuid4().hex[:8]}", sockets)
        self._rooms = (
            [self._cast.course.rooms.get()] if work == "fanout" else _pair_rooms(self._cast)
        )

    def stored(self) -> int:
        return Message.objects.filter(room__in=self._rooms).count()

    @contextmanager
    def running(self) -> Iterator[tuple[str, set[int]]]:
        env = {**os.environ, "MESSAGE_RATE": str(FOREVER), "MESSAGE_BURST": str(FOREVER)}
        with tempfile.TemporaryDirectory() as folder, Site(Path(folder), env=env) as site:
            yield site.socket_url, site.workers()
            log = site.log.read_text()
            assert log == "", log

    def task(self, address: str, pids: Sequence[int]) -> Task:
        run = uuid.uuid4().hex[:8]
        return Task(
            work=self.work,
            sockets=[
                (f"{address}/ws/chat/", {"Authorization": f"Bearer {token}"})
                for token in self._cast.students.values()
            ],
            frames=[
                (
                    f'{{"uuid":"{run}-',
                    f'","action":"new_message","room":"{room.id}","text":"{TEXT}"}}',
                )
                for room in self._rooms
                for _ in range(2)
            ],
            marker='{"action":"new_message"',
            ready='{"action":"welcome"',
            pids=pids,
            warm_up=self.warm_up,
            seconds=self.seconds,
        )


def _pair_rooms(cast: Cast) -> list[Room]:
    """A partner room for each two students."""
    students = cast.users[1:]
    rooms = Room.objects.bulk_create(
        Room(course=cast.course, kind=Room.Kind.PARTNERS, title="Partners")
        for _ in range(len(students) // 2)
    )
    Membership.objects.bulk_create(
        Membership(room=rooms[n // 2], user=user) for n, user in enumerate(students)
    )
    return rooms


class Stock(Side):
    """A consumer as the documentation of Channels has it, on daphne. Messages are stored where
    the work is `pairs`."""

    name = "stock Channels"

    def __init__(self, work: str, *, sockets: int, warm_up: float, seconds: float) -> None:
        super().__init__(work, sockets=sockets, warm_up=warm_up, seconds=seconds)
        self._env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.benchmarks.stock.settings"}
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0"],
            cwd=ROOT,
            env=self._env,
            check=True,
        )

    def stored(self) -> int | None:
        if self.work == "fanout":
            return None
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM stock_message")
            return int(cursor.fetchone()[0])

    @contextmanager
    def running(self) -> Iterator[tuple[str, set[int]]]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "daphne", "--verbosity=0", "--port", str(port)),
                "tests.benchmarks.stock.asgi:application",
            ],
            cwd=ROOT,
            env=self._env,
        ) as process:
            try:
                until(lambda: process.poll() is None and _listens(port), within=30)
                yield f"ws://127.0.0.1:{port}", {process.pid}
            finally:
                process.terminate()

    def task(self, address: str, pids: Sequence[int]) -> Task:
        place = "chat" if self.work == "fanout" else "stored"
        rooms = ["all"] * self.sockets
        if self.work == "pairs":
            rooms = [str(number // 2) for number in range(self.sockets)]
        return Task(
            work=self.work,
            sockets=[(f"{address}/ws/{place}/{room}/", {}) for room in rooms],
            frames=[('{"message":"', f' {TEXT}"}}')] * self.sockets,
            marker='{"message"',
            ready="",
            pids=pids,
            warm_up=self.warm_up,
            seconds=self.seconds,
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
