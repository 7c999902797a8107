"""Databases with all tables, made once in a run: `migrate` takes four seconds of CPU.

The processes that share the tests (pytest-xdist) share them, too. The migrations themselves have
tests of their own.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.running import environment, manage

TEMPLATE = "peerchat_migrated"


def shared() -> Path:
    """Return the folder of all processes that share the tests."""
    return Path(os.environ["TESTS_SHARED"])


def once(name: str, make: Callable[[], str]) -> str:
    """Return what `make` gives the first of the processes that share the tests."""
    with (shared() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = shared() / name
        if not told.exists():
            told.write_text(make())
        return told.read_text()


def copy_sqlite(file: Path) -> None:
    """Put an SQLite database with all tables at a path."""
    made = shared() / "migrated.sqlite3"
    env = environment(DATABASE_URL=f"sqlite:///{made}", REDIS_URL="")
    once("sqlite", lambda: _migrate(env))
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)


def template() -> str:
    """Return the name of a PostgreSQL database with all tables."""
    server = urlsplit(os.environ["DATABASE_URL"])

    def make() -> str:
        url = urlunsplit(server._replace(path="/postgres"))
        with psycopg.connect(url, autocommit=True) as connection:
            # Of a run before, on the same server.
            connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        env = {**os.environ, "DATABASE_URL": urlunsplit(server._replace(path=f"/{TEMPLATE}"))}
        return _migrate(env)

    once("postgresql", make)
    return TEMPLATE


def _migrate(env: dict[str, str]) -> str:
    done = manage("migrate", "--verbosity=0", env=env)
    assert done.returncode == 0, done.stderr
    return "migrated"
