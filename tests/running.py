"""`manage.py` as a process of its own, against the database of the tests."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from tests.pace import patient
from tests.servers import ROOT


def environment(**changes: str) -> dict[str, str]:
    """The environment of a process that works on the tests' own database."""
    name = str(connection.settings_dict["NAME"])
    url = os.environ["DATABASE_URL"]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
        "DATABASE_URL": f"{url.rpartition('/')[0]}/{name}",
        **changes,
    }


def unmeasured(env: dict[str, str]) -> dict[str, str]:
    """The environment without the measurement of coverage, which makes a start slower."""
    return {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}


def manage(
    *arguments: str,
    env: dict[str, str] | None = None,
    within: float = 60,
    measured: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a command of manage.py to its end, which must come within so many seconds."""
    env = environment() if env is None else env
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env if measured else unmeasured(env),
        capture_output=True,
        text=True,
        timeout=patient(within),
        check=False,
    )


def children(pid: int) -> set[int]:
    """The ids of the processes that `pid` started and that still run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Site:
    """A running `manage.py serve` on a free port; a context manager.

    `log` is the file with what it wrote to standard error, `env` is its environment. `measured`:
    with coverage, for what no other measured site does.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        env: dict[str, str] | None = None,
        bind: str = "",
        arguments: Sequence[str] = (),
        measured: bool = False,
    ) -> None:
        self.log = folder / "serve.log"
        self._command = [
            *(sys.executable, "manage.py", "serve", "--port", "0", "--workers", str(workers)),
            # The checks take a third of the time of the start, and have tests of their own.
            "--skip-checks",
            *(("--bind", bind) if bind else ()),
            *arguments,
        ]
        env = environment() if env is None else env
        self.env = env if measured else unmeasured(env)
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")

    @property
    def socket_url(self) -> str:
        """The URL of its WebSockets, without a path."""
        return self.origin.replace("http://", "ws://")

    def workers(self) -> set[int]:
        return children(self.pid)

    def __enter__(self) -> Self:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        # The line comes when all workers listen; when they cannot, the test's time-out ends it.
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            self.stop()
            raise AssertionError(f"serve did not start: {line}{self.log.read_text()}")
        self.url = found[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self, *, within: float = patient(30.0)) -> int:
        """Ends it with SIGTERM and returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(within)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()
        return code


def read_figures(site: Site, *, token: str | None = None) -> dict[tuple[str, ...], float]:
    """Return the figures of /metrics: a value for each name with the values of its labels."""
    request = urllib.request.Request(f"{site.url}metrics")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=patient(10)) as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        text = response.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def until(condition, *, within: float = patient(10.0)):
    """Returns the first true result of `condition()`; fails after `within` seconds without one."""
    deadline = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < deadline, f"did not happen within {within} s"
        time.sleep(0.01)
    return result
