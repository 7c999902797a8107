"""Databases with all tables, made once in a run: `migrate` takes seconds of CPU.

The processes that share the tests (pytest-xdist) share them, too, if their settings are the same:
another model of users means other tables. The migrations themselves have tests of their own.
"""

import fcntl
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings

from tests.running import environment, manage
from tests.servers import find_postgres


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


def _name() -> str:
    """Return the name of the databases with the tables of these settings."""
    return f"migrated_{settings.SETTINGS_MODULE.replace('.', '_')}"


def copy_sqlite(file: Path) -> None:
    """Put an SQLite database with all tables at a path."""
    with closing(sqlite3.connect(file)) as target:
        fill_sqlite(target)


def fill_sqlite(target: sqlite3.Connection) -> None:
    """Put all tables into an SQLite database, in place of what it has."""
    made = shared() / f"{_name()}.sqlite3"
    env = environment(DATABASE_URL=f"sqlite:///{made}", REDIS_URL="")
    once(f"{_name()}-on-sqlite", lambda: _migrate(env))
    with closing(sqlite3.connect(made)) as source:
        source.backup(target)


def template() -> str:
    """Return the name of a PostgreSQL database with all tables."""
    server, name = urlsplit(os.environ["DATABASE_URL"]), _name()

    def make() -> str:
        url = urlunsplit(server._replace(path="/postgres"))
        with psycopg.connect(url, autocommit=True) as connection:
            # Of a run before, on the same server.
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        return _migrate(environment(DATABASE_URL=urlunsplit(server._replace(path=f"/{name}"))))

    once(f"{name}-on-postgresql", make)
    return name


def fill_postgresql(url: str) -> None:
    """Put all tables into an empty database, which may be on another server."""
    file = shared() / f"{_name()}.dump"
    once(f"{_name()}-dumped", lambda: _dump(file))
    _run_program("pg_restore", "--single-transaction", f"--dbname={url}", str(file))


def _dump(file: Path) -> str:
    server, name = urlsplit(os.environ["DATABASE_URL"]), f"{_name()}_to_dump"
    # Nobody may be connected to a database while another is made from it, so a copy is read.
    source = template()
    with psycopg.connect(urlunsplit(server._replace(path="/postgres")), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        copy = urlunsplit(server._replace(path=f"/{name}"))
        _run_program("pg_dump", "--format=custom", f"--dbname={copy}", f"--file={file}")
        admin.execute(f"DROP DATABASE {name}")
    return "dumped"


def _run_program(name: str, *arguments: str) -> None:
    """Run a program that comes with PostgreSQL."""
    programs = find_postgres()
    assert programs is not None
    done = subprocess.run(
        [programs / name, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _migrate(env: dict[str, str]) -> str:
    done = manage("migrate", "--verbosity=0", env=env)
    assert done.returncode == 0, done.stderr
    return "migrated"
