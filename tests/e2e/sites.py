"""Running sites with the demo course, each on a database of its own."""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests import migrated
from tests.running import Site, manage

# Variables that a developer's shell, or the wrapper around these tests, may have set.
OURS = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "HTTPS", "STATIC_ROOT"),
    "CLOSE_GRACE",
)
# Who comes to a class in a test of something else has logged in before.
LOG_IN = """
from datetime import timedelta
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from accounts.models import User
for user in User.objects.all():
    Session.objects.create(
        session_key=f"session-of-{user.username}",
        session_data=SessionStore().encode({
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }),
        expire_date=timezone.now() + timedelta(days=1),
    )
"""
# Pages need the usual time to send the choices that nobody has sent.
GRACE = {"CLOSE_GRACE": ""}


@dataclass(frozen=True)
class Running:
    """A site that serves the demo course."""

    url: str
    log: Path
    password: str
    store: "Store"

    def log_in(self, username: str) -> str:
        """Return the key of a new session of a user of the demo course."""
        key = uuid.uuid4().hex
        made = self.store.rows(
            "INSERT INTO django_session (session_key, session_data, expire_date) "
            f"SELECT '{key}', session_data, expire_date FROM django_session "
            f"WHERE session_key = 'session-of-{username}' RETURNING session_key"
        )
        assert made == [(key,)]
        return key

    def chat_sockets(self, usernames: Collection[str]) -> list[tuple[str, str]]:
        """The open chat sockets of these users: (username, worker)."""
        rows = self.store.rows(
            "SELECT u.username, c.worker_id FROM peerchat_rooms_connection c "
            "JOIN peerchat_accounts_user u ON u.id = c.user_id WHERE c.closed_at IS NULL"
        )
        return [(name, str(worker)) for name, worker in rows if name in usernames]


class Store(Protocol):
    """A prepared database and copies of it. `tls`: whether browsers reach its sites over https."""

    workers: int
    tls: bool

    def copy(self) -> "Store": ...
    def environment(self) -> dict[str, str]: ...
    def rows(self, query: str) -> list[tuple[Any, ...]]: ...
    def remove(self) -> None: ...


class OneProcess:
    """Sites as by `make run`: SQLite, the in-process channel layer, DEBUG."""

    workers = 1
    tls = False

    def __init__(self, folder: Path, **variables: str) -> None:
        """`variables`: what its sites have in their environment beside the usual."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._variables = variables
        self._file = folder / "db.sqlite3"

    def create(self) -> None:
        """Make a database with all tables."""
        migrated.copy_sqlite(self._file)

    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key not in OURS}
        return {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "peerchat.settings",
            "DATABASE_URL": f"sqlite:///{self._file}",
            "DEBUG": "1",
            **self._variables,
        }

    def copy(self, **variables: str) -> "OneProcess":
        one = OneProcess(self._folder / uuid.uuid4().hex, **self._variables, **variables)
        with (
            closing(sqlite3.connect(self._file)) as source,
            closing(sqlite3.connect(one._file)) as target,
        ):
            source.backup(target)
        return one

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            return connection.execute(query).fetchall()

    def remove(self) -> None:
        shutil.rmtree(self._folder)


class Pool:
    """Sites as in production: PostgreSQL, Redis and two workers."""

    workers = 2
    tls = False

    def __init__(self, name: str = "", *, template: str | None = "template1") -> None:
        """Make a database, or use one that is there if `template` is None."""
        self._name = name or f"peerchat_{uuid.uuid4().hex}"
        self._server = urlsplit(os.environ["DATABASE_URL"])
        if template is not None:
            self.create(template)

    def create(self, template: str = "template1") -> None:
        with self._connect("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(self._name), sql.Identifier(template)
                )
            )

    def _url(self, name: str) -> str:
        return urlunsplit(self._server._replace(path=f"/{name}"))

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._url(name), autocommit=True)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **GRACE,
            "DJANGO_SETTINGS_MODULE": "peerchat.settings",
            "DATABASE_URL": self._url(self._name),
            "REDIS_PREFIX": self._name,
        }

    def copy(self) -> "Pool":
        return type(self)(template=self._name)

    def below_a_path(self) -> "BelowAPath":
        """A copy for sites that have no host of their own."""
        return BelowAPath(template=self._name)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._connect(self._name) as connection:
            return connection.execute(query).fetchall()

    def remove(self) -> None:
        with self._connect("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(self._name)
                )
            )


class OneWorker(Pool):
    """Sites as of `Pool` for tests to which it is all the same on which worker somebody is."""

    workers = 1


class BelowAPath(Pool):
    """Sites as of `Pool`, below /a/b/ of a host with TLS, which a proxy ends."""

    tls = True

    def environment(self) -> dict[str, str]:
        own = {"SCRIPT_NAME": "/a/b", "HTTPS": "1", "TRUST_X_FORWARDED_PROTO": "1"}
        return {**super().environment(), **own}


def prepare(store: Store) -> str:
    """Make the demo course; returns the password of everybody in it."""
    told = ""
    for command in (("create_demo",), ("shell", "-c", LOG_IN)):
        done = manage(*command, env=store.environment())
        assert done.returncode == 0, done.stderr
        told += done.stdout
    (line,) = [one for one in told.splitlines() if one.startswith("Password for all: ")]
    return line.split()[-1]


@contextmanager
def serve(store: Store, password: str, folder: Path) -> Iterator[Running]:
    """Serves a copy of the prepared database."""
    own = store.copy()
    try:
        with Site(folder, workers=own.workers, env=own.environment()) as site:
            yield Running(url=site.url, log=site.log, password=password, store=own)
    finally:
        own.remove()
