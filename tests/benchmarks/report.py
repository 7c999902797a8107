"""The page of the results, and the same figures for programs."""

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.benchmarks.benchmark import Figure, Goal, Result, Spread
from tests.servers import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = ROOT / "docs" / "benchmarks.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""The results stand between these lines of the page; the rest of it is written by hand."""
PACKAGES = (
    *("django", "channels", "channels-redis", "daphne", "psycopg", "redis", "picows", "aiohttp"),
    *("sanic", "fastapi", "fastapi-distributed-websocket", "uvicorn", "uvloop", "websockets"),
)


def wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def text_of(results: Sequence[Result], how: str, others: float) -> str:
    """Return the results in Markdown; `how` describes the runs, `others` is the load before."""
    parts = [
        "\n".join(f"- {line}" for line in machine(others)),
        wrapped(how),
        _goals(results),
        *(
            f"## {one.benchmark.title}\n\n{wrapped(one.benchmark.about)}\n\n{_table(one)}"
            for one in results
        ),
    ]
    return "\n\n".join(parts)


def _goals(results: Sequence[Result]) -> str:
    lines = ["| work | wanted | measured | |", "| --- | --- | ---: | --- |"]
    lines.extend(_goal(one, goal) for one in results for goal in one.benchmark.goals)
    return "\n".join(lines)


def _goal(result: Result, goal: Goal) -> str:
    outcome = result.outcome(goal)
    figure = Figure("", goal.figure.value, digits(outcome)) if goal.against else goal.figure
    word = "met" if goal.met(outcome.median) else "**missed**"
    return f"| {goal.work} | {goal.bound()} | {outcome.text(figure)} | {word} |"


def digits(ratio: Spread) -> int:
    """Return the digits after the point that give a ratio three significant digits."""
    return next((n for n, edge in enumerate((100, 10, 0.1)) if ratio.median >= edge), 3)


def _table(result: Result) -> str:
    figures = result.benchmark.figures
    lines = [
        "| | " + " | ".join(figure.name for figure in figures) + " |",
        "| --- |" + " ---: |" * len(figures),
    ]
    for title in result.runs:
        cells = [result.spread(figure, title).text(figure) for figure in figures]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(results: Sequence[Result], how: str, others: float) -> None:
    """Put the results into the page, and into a file for programs beside it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE} lacks {BEGIN} or {END}"
    text = text_of(results, how, others)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    FIGURES.write_text(json.dumps(_for_programs(results, others), indent=1) + "\n")


def _for_programs(results: Sequence[Result], others: float) -> dict[str, Any]:
    """Medians by benchmark, entry and figure."""
    return {
        "machine": machine(others),
        "figures": {
            one.benchmark.name: {
                title: {
                    figure.name: round(one.spread(figure, title).median, 4)
                    for figure in one.benchmark.figures
                }
                for title in one.runs
            }
            for one in results
        },
    }


def machine(others: float) -> list[str]:
    """Describe the machine of the runs; `others` is the load average before."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        postgres = str(database.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]
        durable = database.execute("SHOW fsync").fetchone() == ("on",)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as cache:
        info = cache.info("server")
    cores = len(os.sched_getaffinity(0))
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    system = f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    flush = "fsync on" if durable else "fsync off"
    return [
        f"{cpu}, {system}, shared by server, load client, PostgreSQL and Redis",
        f"load average before the first run, from what else ran there: {others:.1f}",
        f"Python {platform.python_version()}, {packages}",
        f"PostgreSQL {postgres} ({flush}), Redis {info['redis_version']}, over Unix sockets",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {_commit()}",
    ]


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
