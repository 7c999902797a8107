"""The figures of the kernel and of Redis about the processes that take part."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import redis

from tests.benchmarks.task import Measured

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third on (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds that the processes have used, in user and kernel mode, with all threads."""
    return sum(sum(map(int, _stat(pid)[11:13])) for pid in pids) / TICKS


def exact_cpu_of(pid: int) -> float:
    """The same of a process whose threads stay, in steps of nanoseconds instead of 10 ms."""
    places = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(place.read_text().split()[0]) for place in places) / 1e9


def cpu_of_family(pid: int) -> float:
    """The same of a process with its children, those that have ended included."""
    seconds = exact_cpu_of(pid) + sum(map(int, _stat(pid)[13:15])) / TICKS
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(place.name))[1]) == pid:
                seconds += exact_cpu_of(int(place.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return seconds


def memory_of(pids: Sequence[int]) -> int:
    """Bytes of memory that the processes hold."""
    return PAGE * sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)


class Meter:
    """Reads what was used between `begin` and `end`. Takes some milliseconds at each of them."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._redis = redis.Redis.from_url(os.environ["REDIS_URL"])
        self._redis_pid = int(self._redis.info("server")["process_id"])
        self._database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        self._postmaster = int(_stat(self._database.info.backend_pid)[1])

    def begin(self, measured: Measured) -> None:
        # Negative, so that `end` only has to add.
        self._add(measured, -1)

    def end(self, measured: Measured) -> None:
        self._add(measured, 1)

    def _add(self, measured: Measured, sign: int) -> None:
        measured.seconds += sign * time.perf_counter()
        measured.cpu += sign * cpu_of(self._pids)
        measured.client_cpu += sign * time.process_time()
        measured.redis_cpu += sign * exact_cpu_of(self._redis_pid)
        measured.postgres_cpu += sign * cpu_of_family(self._postmaster)
        measured.redis_commands += sign * self._commands()
        wal, disk = self._written()
        measured.wal += sign * wal
        measured.disk += sign * disk

    def _written(self) -> tuple[int, int]:
        """Bytes of PostgreSQL's log so far, and of its databases."""
        row = self._database.execute(
            "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint,"
            " (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def _commands(self) -> int:
        """Commands that Redis has carried out, without those that ask for this."""
        stats = self._redis.info("commandstats")
        own = {"cmdstat_info", "cmdstat_hello", "cmdstat_client|setinfo"}
        return sum(int(one["calls"]) for name, one in stats.items() if name not in own)
