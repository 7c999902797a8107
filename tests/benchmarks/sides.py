"""The sides of a comparison: each starts its server, and makes the load client's task for it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from tests.benchmarks.task import Measured, Task
from tests.running import Site, until
from tests.servers import ROOT

FOREVER = str(10**9)
START_WITHIN = 60.0
RATES = {f"{kind}_{limit}": FOREVER for kind in ("MESSAGE", "FEED") for limit in ("RATE", "BURST")}
NO_GRACE = {"CLOSE_GRACE": "0"}
"""The time after the end of a vote, in which unsent choices still arrive, is no work."""
STOCK = "tests.benchmarks.peers.stock"

Running = AbstractContextManager[tuple[str, Sequence[int]]]
"""A server that runs: its ws:// address, and the ids of its worker processes."""


@dataclass(frozen=True)
class Settings:
    """The length of a measurement, in seconds."""

    warm_up: float
    seconds: float


@dataclass(frozen=True)
class Side:
    """One line of a comparison."""

    running: Callable[[], Running]
    task: Callable[[str, Sequence[int], Settings], Task]
    """Makes the task from the server's address and workers."""
    stored: Callable[[], int] | None = None
    """Returns the number of messages or votes in the database, if the work stores any."""

    def measure(self, settings: Settings) -> Measured:
        """Start a server, measure it, stop it. Raises AssertionError where any were lost."""
        before = self.stored() if self.stored else 0
        with self.running() as (address, pids):
            measured = load(self.task(address, pids, settings))
        if self.stored:
            stored = self.stored() - before
            assert stored == measured.sent, f"{stored} of {measured.sent} stored"
        return measured


def load(task: Task) -> Measured:
    """Run the load client; raises CalledProcessError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.works"],
        cwd=ROOT,
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measured(**json.loads(done.stdout))


# --- Servers -----------------------------------------------------------------------------------


@contextmanager
def peerchat(workers: int = 1) -> Iterator[tuple[str, Sequence[int]]]:
    """`manage.py serve`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Site(Path(folder), workers=workers, env={**os.environ, **RATES, **NO_GRACE}) as site,
    ):
        yield site.socket_url, sorted(site.workers())
        log = site.log.read_text()
        assert log == "", log[:2_000]


@contextmanager
def program(*command: str, env: dict[str, str] | None = None) -> Iterator[tuple[str, list[int]]]:
    """A server in one process: `python -m command`, in which {port} stands for a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [part.format(port=port) for part in command]
    with subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, env={**os.environ, **(env or {})}
    ) as process:
        try:
            until(lambda: process.poll() is None and _listens(port), within=START_WITHIN)
            yield f"ws://127.0.0.1:{port}", [process.pid]
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def uvicorn(application: str) -> Running:
    return program("uvicorn", "--port={port}", "--log-level=warning", application)


def peer(module: str) -> Running:
    return program(f"tests.benchmarks.peers.{module}", "{port}")


def stock_daphne() -> Running:
    """Start daphne without its limit of 5 s for a handshake, which many at once would exceed."""
    return program(
        *("daphne", "--verbosity=0", "--port={port}", "--websocket_connect_timeout=60"),
        f"{STOCK}.asgi:application",
        env=stock_environment(),
    )


def stock_uvicorn() -> Running:
    return program(
        *("uvicorn", "--port={port}", "--log-level=warning", f"{STOCK}.asgi:application"),
        env=stock_environment(),
    )


def stock_environment() -> dict[str, str]:
    """Return the environment of the stock site, which has a database of its own."""
    return {
        "DJANGO_SETTINGS_MODULE": f"{STOCK}.settings",
        "DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/stock",
    }


def stock_database() -> psycopg.Connection:
    return psycopg.connect(stock_environment()["DATABASE_URL"], autocommit=True)


def stock_run(*command: str) -> str:
    """Run a program of the stock site; return its output."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **stock_environment()},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
