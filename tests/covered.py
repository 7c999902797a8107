"""The branch coverage of a whole run, shown before pytest's last line; below FLOORS the run fails.

`python -m tests.servers --coverage` measures every Python process under it: those of pytest, the
workers of the sites, and commands. A process that is killed tells nothing.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.measure.sitecustomize import ROOT, SOURCES, slipcover
from tests.pace import patient
from tests.summary import section

TITLE = "branch coverage, in % of statements and branches"
PURE = (
    *("rooms/peer/", "rooms/wire/"),
    *("rooms/delivery/names.py", "rooms/delivery/notices.py", "rooms/delivery/topics.py"),
)
FLOORS = {"accounts": 97.0, "peerchat": 83.0, "rooms": 96.8, "pure modules": 99.3}
"""The percentages reached. The main module of a process, such as a worker, is not measured, and the
bad habits of `rehearse` and the whole of a try-out run in `make long`."""
SHOWN_BELOW = 95.0


class Figures(NamedTuple):
    """The number of lines and branches of a file, and of those that have run."""

    ran: int
    all: int


def percent(files: Iterable[Figures]) -> float:
    """Return the percentage of the lines and branches of all these files that has run."""
    listed = list(files)
    return 100.0 * sum(one.ran for one in listed) / max(sum(one.all for one in listed), 1)


@cache
def _whole() -> Future[dict[str, Any]]:
    """Return the lines and branches of all files, which a thread finds out while tests run."""

    def find_out() -> dict[str, Any]:
        files = slipcover(source=[str(ROOT / name) for name in SOURCES]).get_coverage()["files"]
        return dict(files)

    return ThreadPoolExecutor(1).submit(find_out)


def _reports(config: pytest.Config) -> bool:
    """Return whether this process controls the others and reports; they write their files."""
    return "COVERAGE_FOLDER" in os.environ and config.pluginmanager.hasplugin("dsession")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    if _reports(node.config):
        _whole()


def measured(folder: Path) -> dict[str, Figures]:
    """The figures of each file of the project, from what the processes left in the folder."""
    everything = _whole().result(patient(60))
    ran: dict[str, set[Any]] = defaultdict(set)
    for path in folder.glob("*.json"):
        for name, places in json.loads(path.read_text()).items():
            ran[os.path.relpath(name, ROOT)].update(
                place if isinstance(place, int) else tuple(place) for place in places
            )
    figures = {}
    for name, found in everything.items():
        there_is = {*found["missing_lines"], *map(tuple, found["missing_branches"])}
        relative = os.path.relpath(ROOT / name, ROOT)
        figures[relative] = Figures(len(there_is & ran[relative]), len(there_is))
    return figures


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not _reports(session.config):
        return
    files = measured(Path(os.environ["COVERAGE_FOLDER"]))
    lines = section(session.config, TITLE)
    for name, floor in FLOORS.items():
        begins = PURE if name == "pure modules" else (f"{name}/",)
        reached = percent(of for path, of in files.items() if path.startswith(begins))
        lines.append(f"{name:<14}{reached:6.1f}  (at least {floor:g})")
        if reached < floor:
            lines.append(f"FAILED: {name} must reach {floor:g}.")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    lines.append("")
    lines += [
        f"{percent([figures]):6.1f}  {path}"
        for path, figures in sorted(files.items(), key=lambda item: percent([item[1]]))
        if percent([figures]) < SHOWN_BELOW and figures.all > 1
    ]
