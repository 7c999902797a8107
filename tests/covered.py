"""The branch coverage of a whole run, shown before pytest's last line; below FLOORS the run fails.

`python -m tests.servers --coverage` measures every Python process under it: those of pytest, the
workers of the sites, and commands. A process that is killed tells nothing.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import coverage
import pytest

from tests.summary import section

TITLE = "branch coverage, in % of statements and branches"
PURE = (
    *("rooms/peer/", "rooms/wire/"),
    *("rooms/delivery/names.py", "rooms/delivery/notices.py", "rooms/delivery/topics.py"),
)
FLOORS = {"accounts": 95.0, "peerchat": 95.0, "rooms": 95.0, "pure modules": 100.0}

Figures = Mapping[str, int]


def percent(files: Iterable[Figures]) -> float:
    """How much of the statements and branches of all these files has run."""
    sums: Counter[str] = Counter()
    for figures in files:
        sums.update(figures)
    all_there_is = sums["num_statements"] + sums["num_branches"]
    return 100.0 * (sums["covered_lines"] + sums["covered_branches"]) / max(all_there_is, 1)


def measured(data: str) -> dict[str, Figures]:
    """The figures of coverage.py for each file, from what the processes left beside `data`."""
    combined = coverage.Coverage(data_file=data, messages=False)
    combined.combine()
    # Not beside the data with a name that begins like it: coverage.py would take it for more.
    place = Path(data).with_name("report.json")
    combined.json_report(outfile=str(place))
    report = json.loads(place.read_text())
    names = ("num_statements", "num_branches", "covered_lines", "covered_branches")
    return {
        path: {name: of["summary"][name] for name in names} for path, of in report["files"].items()
    }


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    data = os.environ.get("COVERAGE_FILE")
    # Of the processes that share the tests, and of those that tests start, others tell.
    if data is None or not session.config.pluginmanager.hasplugin("dsession"):
        return
    files = measured(data)
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
        if percent([figures]) < FLOORS["rooms"]
    ]
