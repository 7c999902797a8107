"""How PostgreSQL answers the queries of a page."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

BIG = frozenset({"peerchat_rooms_message", "peerchat_rooms_uselog", "peerchat_rooms_vote"})
"""The tables that grow with everything that everybody does."""


@dataclass(frozen=True)
class Plan:
    """A query with the time it took, and the big tables that it read from end to end."""

    sql: str
    ms: float
    scanned: frozenset[str]


def plans(work: Callable[[], Any]) -> list[Plan]:
    """Do some work, and return the plans of the queries that it made, in their order."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return [
        _plan(query["sql"])
        for query in captured.captured_queries
        if query["sql"].startswith("SELECT")
    ]


def database_cpu() -> float:
    """Return the seconds of CPU that PostgreSQL, on this machine, has spent on this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    # In nanoseconds, while `stat` counts hundredths of a second.
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9


def _plan(sql: str) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    (told,) = json.loads(found) if isinstance(found, str) else found
    scanned = {
        node["Relation Name"] for node in _nodes(told["Plan"]) if node["Node Type"] == "Seq Scan"
    }
    return Plan(sql, told["Execution Time"], frozenset(scanned & BIG))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        # What a limit or a condition kept from running read nothing.
        if below.get("Actual Loops", 1):
            yield from _nodes(below)
