"""A PostgreSQL and a Redis of their own, with courses, and sites that run on them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.cast import Cast
from tests.faults.stores import FaultyPostgres, FaultyRedis
from tests.pace import patient
from tests.running import Site, unmeasured
from tests.servers import ROOT, environment

WORKERS = 3
UP_WITHIN = patient(40.0)
"""Seconds in which all workers are there again: dead ones are started after a wait that grows."""


class Place:
    """A context manager. `casts` are the courses made for the numbers of students given.

    `fill` puts the tables into the database of a URL; by itself the place runs `migrate`.
    """

    def __init__(self, *students: int, fill: Callable[[str], None] | None = None) -> None:
        # A Unix socket's path may have 107 bytes, so not in a long TMPDIR.
        self.folder = Path(tempfile.mkdtemp(prefix="peerchat-faults-", dir="/tmp"))
        self.folder.chmod(0o711)  # PostgreSQL may have to run as somebody else
        places = {name: self.folder / name for name in ("pg", "redis", "static", "switches")}
        for place in places.values():
            place.mkdir()
        self.switches = places["switches"]
        self.postgres = FaultyPostgres(places["pg"], durable=True)
        self.redis = FaultyRedis(places["redis"])
        self.casts: list[Cast] = []
        self._students = students
        self._fill = fill
        self._sites = 0
        # Within the tests the static files are there already.
        self._static = os.environ.get("STATIC_ROOT", "")
        self.env = {
            **environment(self.postgres, self.redis, Path(self._static or places["static"])),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "PYTHONPATH": str(ROOT),
            "FAULTS": str(self.switches),
            # The clients talk as much as they are told to, and come back as often.
            "MESSAGE_RATE": "100",
            "MESSAGE_BURST": "500",
            "VOTE_RATE": "100",
            "VOTE_BURST": "500",
            # These settings decide how soon the site notices that somebody is gone.
            "PING_INTERVAL": "5",
            "PING_TIMEOUT": "5",
            "PRESENCE_EXPIRY": "15",
        }

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.redis.start()
            if not self._static:
                self._manage("manage.py", "collectstatic", "--noinput", "--verbosity=0")
            if self._fill is None:
                self._manage("manage.py", "migrate", "--verbosity=0")
            else:
                self._fill(self.postgres.url)
            made = self._manage("-m", "tests.faults.cast", *map(str, self._students))
            self.casts = [Cast(**cast) for cast in json.loads(made)]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.redis.stop()
            self.postgres.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=unmeasured(self.env),
            capture_output=True,
            text=True,
            timeout=patient(120),
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def site(self, **env: str) -> Site:
        """A site, to be started: a context manager."""
        self._sites += 1
        folder = self.folder / f"site{self._sites}"
        folder.mkdir()
        return Site(folder, workers=WORKERS, env={**self.env, **env})

    def switch_on(self, name: str) -> None:
        """See `tests.faults.switches`."""
        (self.switches / name).touch()

    def switch_off(self, name: str) -> None:
        (self.switches / name).unlink(missing_ok=True)
