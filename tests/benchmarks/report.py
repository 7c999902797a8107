"""Runs the sides of a benchmark in turn and makes tables of what was measured."""

import argparse
import datetime
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from peerchat.rehearsal.client import percentile
from tests.benchmarks.load import Measured
from tests.benchmarks.sides import Side

PREFACE = """\
# Benchmarks

peerchat beside what a user of Django Channels would write, on one machine in one run. `make bench`
measures this again and writes this page.

Server CPU is user and system time of the server's worker processes, from the kernel's own account
of them; PostgreSQL and Redis are not in it. The stock consumer is that of the tutorial of Channels,
an `AsyncJsonWebsocketConsumer` that sends to a group, on daphne with `channels_redis.core`; it is
in `tests/benchmarks/stock/`. Its settings differ from the documentation's in its favour: enough
connections to Redis and a capacity of the channel layer with which nothing fails or is dropped, and
Django's connection pool, without which Channels would connect anew for each message.
The load client is written with picows, a WebSocket client in C.
"""


@dataclass(frozen=True)
class Figure:
    """A figure of a measurement. `digits` are those after the point."""

    name: str
    value: Callable[[Measured], float]
    digits: int = 0


CPU_PER_FRAME = Figure(
    "server CPU per delivered frame, µs", lambda m: m.cpu / m.deliveries * 1e6, 1
)
CPU_PER_MESSAGE = Figure("server CPU per message, µs", lambda m: m.cpu / m.messages * 1e6)
FRAMES = Figure("frames delivered per second", lambda m: m.deliveries / m.seconds)
MESSAGES = Figure("messages per second", lambda m: m.messages / m.seconds)
MEDIAN = Figure("p50, ms", lambda m: percentile(m.latencies, 0.5) * 1000, 1)
SLOW = Figure("p99, ms", lambda m: percentile(m.latencies, 0.99) * 1000, 1)
CLIENT = Figure(
    "share of a core that the load client took, %", lambda m: m.client_cpu / m.seconds * 100
)


@dataclass(frozen=True)
class Goal:
    """What the first side must reach against the second: a ratio of medians."""

    figure: Figure
    most: float | None = None
    least: float | None = None

    def text(self, ratio: float) -> str:
        bound = f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"
        word = "reached" if self.reached(ratio) else "MISSED"
        return f"{self.figure.name}: ratio {ratio:.3g}, wanted {bound}: {word}"

    def reached(self, ratio: float) -> bool:
        if self.most is not None:
            return ratio <= self.most
        assert self.least is not None
        return ratio >= self.least


@dataclass(frozen=True)
class Benchmark:
    title: str
    about: str
    figures: Sequence[Figure]
    goals: Sequence[Goal]
    sides: Callable[[float, float], tuple[Side, Side]]
    """From the seconds of warm-up and of measuring to ours and theirs."""


@dataclass(frozen=True)
class Result:
    benchmark: Benchmark
    names: tuple[str, str]
    rounds: Sequence[tuple[Measured, Measured]]

    def median(self, side: int, figure: Figure) -> float:
        return statistics.median(figure.value(pair[side]) for pair in self.rounds)

    def ratio(self, figure: Figure) -> float:
        return self.median(0, figure) / self.median(1, figure)

    @property
    def reached(self) -> bool:
        return all(goal.reached(self.ratio(goal.figure)) for goal in self.benchmark.goals)

    def table(self) -> str:
        """Medians, with the least and the most of the rounds."""
        head = f"| | {self.names[0]} | {self.names[1]} | ratio |"
        lines = [head, "| --- | ---: | ---: | ---: |"]
        for figure in self.benchmark.figures:
            cells = []
            for side in (0, 1):
                values = [figure.value(pair[side]) for pair in self.rounds]
                middle, *ends = (
                    f"{value:,.{figure.digits}f}"
                    for value in (statistics.median(values), min(values), max(values))
                )
                cells.append(f"{middle} ({ends[0]} to {ends[1]})")
            lines.append(f"| {figure.name} | {cells[0]} | {cells[1]} | {self.ratio(figure):.3g} |")
        goals = "\n".join(
            f"- {goal.text(self.ratio(goal.figure))}" for goal in self.benchmark.goals
        )
        return "\n".join(lines) + f"\n\n{goals}"


def run(benchmark: Benchmark, options: argparse.Namespace) -> Result:
    """Measures both sides in turn, and tells on standard error how it goes."""
    ours, theirs = benchmark.sides(options.warm_up, options.seconds)
    rounds = []
    for number in range(1, options.rounds + 1):
        pair = []
        for side in (ours, theirs):
            measured = side.measure()
            pair.append(measured)
            figures = ", ".join(
                f"{figure.name} {figure.value(measured):,.{figure.digits}f}"
                for figure in benchmark.figures
            )
            sys.stderr.write(f"{benchmark.title}, round {number}, {side.name}: {figures}\n")
        rounds.append((pair[0], pair[1]))
    return Result(benchmark, (ours.name, theirs.name), rounds)


def main(*benchmarks: Benchmark, page: Path | None = None) -> int:
    """Runs benchmarks and prints the page of them, or writes it; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(description="\n".join(one.about for one in benchmarks))
    parser.add_argument("--rounds", type=int, default=3, help="of each side (default 3)")
    parser.add_argument("--warm-up", type=float, default=2, help="seconds (default 2)")
    parser.add_argument("--seconds", type=float, default=6, help="of measuring (default 6)")
    options = parser.parse_args()
    others = os.getloadavg()[0]
    results = [run(benchmark, options) for benchmark in benchmarks]
    how = (
        f"{options.rounds} rounds of each side in turn, each with a server of its own, measured "
        f"for {options.seconds:g} s after {options.warm_up:g} s of warm-up: medians, and in "
        f"brackets the least and the most."
    )
    parts = [f"{PREFACE}\n{machine(others)}\n\n{_wrapped(how)}"]
    for result in results:
        about = _wrapped(result.benchmark.about)
        parts.append(f"## {result.benchmark.title}\n\n{about}\n\n{result.table()}")
    text = "\n\n".join(parts) + "\n"
    if page is None:
        sys.stdout.write(text)
    else:
        page.write_text(text, encoding="utf-8")
    return 0 if all(result.reached for result in results) else 1


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100)


def machine(others: float) -> str:
    """What all of it ran on, as a list in Markdown; `others` is the load average before."""
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
    packages = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("django", "channels", "channels-redis", "daphne", "psycopg", "picows")
    )
    system = f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    flush = "fsync on" if durable else "fsync off"
    lines = [
        f"{cpu}, {system}, shared by server, load client, PostgreSQL and Redis",
        f"load average before the run, from what else ran there: {others:.1f}",
        f"Python {platform.python_version()}, {packages}",
        f"PostgreSQL {postgres} ({flush}), Redis {info['redis_version']}, over Unix sockets",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {_commit()}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
