"""The order of the tests, and which process runs which, where several share them (pytest-xdist).

A running site leaves rows in the database of its process, so tests that look at whole tables, or
empty them, run before. Then come the files that take longest, so that no process is left alone
with one at the end. The tests of a file stay in one process, where its site starts once. A site
that waits takes a fiftieth of a core, so the one of a folder stops after its last file in a row.

Each process imports all files, in an order of its own: in a fresh clone, pytest rewrites each file
at its first import, and otherwise all processes would do so at the same time.
"""

import os
from collections.abc import Generator
from functools import cache
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ORDER = (
    *("tests/e2e/test_class.py", "tests/e2e/test_devices.py", "tests/e2e/test_kinds.py"),
    "tests/faults/test_faults.py",
    *("tests/deployment/test_deployment.py", "tests/test_rehearse.py"),
    *("tests/e2e/test_inclusion.py", "tests/e2e/test_log_in.py", "tests/e2e/test_pages.py"),
    *("tests/inclusion/test_foreign_users.py", "tests/inclusion/test_installed.py"),
    *("tests/e2e/test_fallback.py", "tests/e2e/test_rooms.py", "tests/e2e/test_texts.py"),
    *("tests/peerchat/server/test_replacing.py", "tests/rooms/test_redis_away.py"),
    *("tests/rooms/api/test_schemathesis.py", "tests/rooms/test_lonely.py"),
    # The files of a folder that share a site follow one another; the site stops after them.
    *("tests/attacks/test_answers.py", "tests/attacks/test_pictures.py"),
    *("tests/attacks/test_markup.py", "tests/attacks/test_reading.py", "tests/attacks/"),
    "",
    *("tests/rooms/test_transitions.py", "tests/rooms/consumers/test_authentication.py"),
    *("tests/rooms/api/test_site.py", "tests/rooms/process/test_silent.py"),
    *("tests/rooms/test_database_away.py", "tests/rooms/test_presence.py"),
    *("tests/rooms/test_question.py", "tests/rooms/test_tryouts.py"),
    *("tests/rooms/test_revocation.py", "tests/rooms/test_seating.py"),
    *("tests/rooms/test_partners.py", "tests/rooms/test_untold_revocation.py"),
    *("tests/rooms/test_screen.py", "tests/rooms/test_wire.py", "tests/rooms/"),
)
"""The beginnings of paths in the order of the files, whose place is that of the longest one: first
what takes longest, last what is short."""


def turn(item: pytest.Item) -> int:
    """Return when a test runs: first those that are rolled back, then those that empty tables."""
    names = getattr(item, "fixturenames", ())
    mark = item.get_closest_marker("django_db")
    if "transactional_db" in names or (mark and mark.kwargs.get("transaction")):
        return 1
    return 0 if mark or "db" in names else 2


@cache
def rank(path: str) -> int:
    """Return the place of a file among the others."""
    return ORDER.index(max((one for one in ORDER if path.startswith(one)), key=len))


def number() -> tuple[int, int]:
    """Return the number of this process, from 0, and how many share the tests."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Have each process begin with another file of a folder."""
    report = yield
    if isinstance(collector, pytest.Directory) and report.result:
        own, all_ = number()
        begin = len(report.result) * own // all_
        report.result = report.result[begin:] + report.result[:begin]
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[int, int, str]:
        path = item.nodeid.partition("::")[0]
        return turn(item), rank(path), path

    items.sort(key=place)


class ByFile(LoadScopeScheduling):
    """Hands out the tests in their order, and at once those of a file that follow one another."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._units: dict[str, str] = {}

    def schedule(self) -> None:
        if self.collection is None:
            last, number = "", 0
            for nodeid in next(iter(self.registered_collections.values())):
                path = nodeid.partition("::")[0]
                number += path != last
                last = path
                self._units[nodeid] = f"{number} {path}"
        super().schedule()

    def remove_node(self, node: Any) -> str | None:
        """Hand out what a process that crashed has left, and return the test in which it ended.

        xdist would hand out what the process had done, too, for which nobody ever reports an end,
        and the test that made it crash.
        """
        workload = self.assigned_work.pop(node)
        left = [
            (unit, test) for unit in workload.values() for test, done in unit.items() if not done
        ]
        if not left:
            return None
        unit, crashed = left[0]
        unit[crashed] = True
        self.workqueue.update(
            {scope: unit for scope, unit in workload.items() if not all(unit.values())}
        )
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)
