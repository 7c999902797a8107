"""The parts of a benchmark: entries that are measured in turn, their figures, and goals."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peerchat.rehearsal.client import percentile
from tests.benchmarks.sides import Settings


@dataclass(frozen=True)
class Figure:
    """A figure of what an entry measured. `digits` are those after the point."""

    name: str
    value: Callable[[Any], float]
    digits: int = 0

    def text(self, value: float) -> str:
        return f"{value:,.{self.digits}f}"


CPU_PER_FRAME = Figure("server CPU per frame, µs", lambda m: m.cpu / m.deliveries * 1e6, 2)
CPU_PER_MESSAGE = Figure("server CPU per message, µs", lambda m: m.cpu / m.messages * 1e6)
REDIS_PER_MESSAGE = Figure("Redis CPU per message, µs", lambda m: m.redis_cpu / m.messages * 1e6)
POSTGRES_PER_MESSAGE = Figure(
    "PostgreSQL CPU per message, µs", lambda m: m.postgres_cpu / m.messages * 1e6
)
WAL = Figure("WAL per message, bytes", lambda m: m.wal / m.messages)
DISK = Figure("disk per message, bytes", lambda m: m.disk / m.messages)
FRAMES = Figure("frames per second", lambda m: m.deliveries / m.seconds)
MESSAGES = Figure("messages per second", lambda m: m.messages / m.seconds)
COMMANDS = Figure("Redis commands per message", lambda m: m.redis_commands / m.messages, 2)
MEDIAN = Figure("p50, ms", lambda m: percentile(m.latencies, 0.5) * 1000, 2)
SLOW = Figure("p99, ms", lambda m: percentile(m.latencies, 0.99) * 1000, 1)
CLIENT = Figure("load client, % of a core", lambda m: m.client_cpu / m.seconds * 100)


@dataclass(frozen=True)
class Entry:
    """One line of a table. `about` tells it from others of the same `name`."""

    name: str
    measure: Callable[[Settings], Any]
    about: str = ""

    @property
    def title(self) -> str:
        return f"{self.name}, {self.about}" if self.about else self.name


@dataclass(frozen=True)
class Goal:
    """A bound of a figure of the entry `of`: of its ratio to that of `against`, where one is
    named. `work` is what the table of goals calls it."""

    work: str
    figure: Figure
    of: str
    against: str = ""
    most: float | None = None
    least: float | None = None
    wanted: str = ""
    """The bound in words, where "at most 1.35 x picows" does not say it well."""

    def bound(self) -> str:
        if self.wanted:
            return self.wanted
        word, value = ("at most", self.most) if self.most is not None else ("at least", self.least)
        return f"{word} {value:.3g}" + (f" x {self.against}" if self.against else "")

    def met(self, value: float) -> bool:
        if self.most is not None:
            return value <= self.most
        assert self.least is not None
        return value >= self.least


@dataclass(frozen=True)
class Benchmark:
    """`entries` are those that are measured in turn; `name` is for the command line."""

    name: str
    title: str
    about: str
    figures: Sequence[Figure]
    goals: Sequence[Goal]
    entries: Callable[[], Sequence[Entry]]


@dataclass(frozen=True)
class Spread:
    """The median of several runs, the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def text(self, figure: Figure) -> str:
        return f"{figure.text(self.median)} ({figure.text(self.least)} to {figure.text(self.most)})"


@dataclass(frozen=True)
class Result:
    """The results of a benchmark: for each entry's title one value for each run."""

    benchmark: Benchmark
    runs: Mapping[str, Sequence[Any]]

    def spread(self, figure: Figure, title: str) -> Spread:
        return Spread.of([figure.value(one) for one in self.runs[title]])

    def outcome(self, goal: Goal) -> Spread:
        """Return the spread of the goal's figure, or of its ratio within each run."""
        ours = [goal.figure.value(one) for one in self.runs[goal.of]]
        if not goal.against:
            return Spread.of(ours)
        theirs = [goal.figure.value(one) for one in self.runs[goal.against]]
        return Spread.of([mine / other for mine, other in zip(ours, theirs, strict=True)])
