"""The needs of many students at once, by the measured costs of a message, vote or connection.

`Costs` says which measured figure each cost is; the assumptions about lessons and machines are in
`Lesson` and `Machines`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lesson:
    """The average acts of a student during a class. Assumed."""

    course: int = 100
    """Students of a course."""
    cycle: float = 600.0
    """Seconds from one question to the next."""
    clicks: int = 8
    """Clicks of the instructor in a cycle."""
    votes: float = 2.0
    """Votes of each student in a cycle; the next figures are for the same."""
    partner_messages: float = 6.0
    typing: float = 12.0
    course_messages: float = 0.1
    reconnects: float = 0.2
    """Reconnects by wireless networks, laptops that are shut, and pages that are loaded again."""
    arrival: float = 300.0
    """Seconds in which everybody comes at the beginning."""
    hours: float = 4.0
    """Hours of such lessons on a day."""


@dataclass(frozen=True)
class Machines:
    """The available machines, and the share of them that may be used. Assumed."""

    share: float = 0.6
    """The share of a core, which leaves room for the busiest seconds."""
    postgres_cores: int = 32
    redis_cores: int = 1
    """Redis serves its clients in one thread."""
    network: float = 10e9
    """Bits per second of one load balancer."""
    commits: float = 15_000
    """Per second, of a disk that is fast and does not lie."""


@dataclass(frozen=True)
class Costs:
    """The measured costs: CPU in seconds, the rest in bytes."""

    frame: float
    message: float
    lone_message: float
    vote: float
    click: float
    """CPU for each student who gets the event."""
    connect: float
    idle_second: float
    """CPU in each second for each student."""
    receive: float
    """CPU for each message of Redis that a worker gets and did not send."""
    memory: float
    worker_memory: float
    postgres_message: float
    postgres_lone: float
    postgres_vote: float
    postgres_click: float
    postgres_connect: float
    postgres_worker: float
    """In each second, for each worker."""
    redis_message: float
    redis_delivery: float
    commit: float
    """Seconds that the commit of one message takes, there and back."""
    wal: float
    disk: float

    @classmethod
    def measured(cls, figures: dict[str, Any]) -> "Costs":
        """From docs/benchmarks.json: benchmark, entry, figure."""
        micro, frame = 1e-6, "server CPU per frame, µs"
        pairs = figures["pairs"]["peerchat"]
        lesson = figures["class"]["peerchat"]
        votes = figures["votes"]["peerchat"]
        coming = figures["connect"]["peerchat"]
        idle = figures["idle"]["peerchat"]
        one, four = (
            figures["workers"][f"peerchat, {n}, one pair among 100"]
            for n in ("1 worker", "4 workers")
        )
        cpu, redis = "server CPU per message above idle, µs", "Redis CPU per message, µs"
        # Three of four workers get what one of them sends.
        receive, delivery = (max(four[name] - one[name], 0) / 3 for name in (cpu, redis))
        return cls(
            frame=figures["fanout"]["peerchat, stored"][frame] * micro,
            message=pairs["server CPU per message, µs"] * micro,
            lone_message=one[cpu] * micro,
            vote=votes["server CPU per vote, µs"] * micro,
            click=lesson[frame] * micro,
            connect=coming["server CPU per client, µs"] * micro,
            idle_second=idle["server CPU, % of a core"] / 100 / 2_000,
            receive=receive * micro,
            memory=idle["worker memory per connection, KB"] * 1024,
            worker_memory=idle["worker memory before, MB"] * 2**20,
            postgres_message=pairs["PostgreSQL CPU per message, µs"] * micro,
            postgres_lone=one["PostgreSQL CPU per message, µs"] * micro,
            postgres_vote=votes["PostgreSQL CPU per vote, µs"] * micro,
            postgres_click=lesson["PostgreSQL CPU per message, µs"] * micro,
            postgres_connect=coming["PostgreSQL CPU per client, µs"] * micro,
            postgres_worker=idle["PostgreSQL CPU, % of a core"] / 100,
            redis_message=max(one[redis] - delivery, 0) * micro,
            redis_delivery=delivery * micro,
            commit=figures["lone"]["peerchat"]["p50, ms"] / 1000,
            wal=pairs["WAL per message, bytes"],
            disk=pairs["disk per message, bytes"],
        )


BYTES = {"message": 420, "control": 900, "typing": 170, "presence": 90, "ping": 120}
"""Bytes of frames on the wire; the message has a text of 90 characters."""
ENVELOPE = 100
"""Bytes of WebSocket, TLS, TCP and IP around a frame."""


@dataclass(frozen=True)
class Needs:
    """The needs of so many students per second; CPU in cores."""

    students: int
    workers: int
    worker_cores: float
    receive_cores: float
    """The part of `worker_cores` for notices from other workers."""
    memory: float
    postgres_cores: float
    commits: float
    wal: float
    disk_per_day: float
    redis_cores: float
    publishes: float
    redis_deliveries: float
    network: float
    messages: float
    connects: float
    arrivals: float
    arrival_cores: float
    back: float
    """Seconds until all students are back after a loss of all connections."""


def batch(rate: float, seconds: float) -> float:
    """Return how many messages one worker commits together: those that come during a commit."""
    return max(1.0, rate * seconds)


def needs(students: int, costs: Costs, lesson: Lesson, machines: Machines) -> Needs:
    """Return the needs of students whose courses have sockets at all workers."""
    workers = 1
    while True:
        found = _with(workers, students, costs, lesson, machines)
        # During the arrival nothing goes on but the idle sockets of those who have come already.
        wanted = math.ceil(max(found.worker_cores, found.arrival_cores) / machines.share)
        if wanted <= workers:
            return found
        workers = wanted


def _with(workers: int, students: int, costs: Costs, lesson: Lesson, machines: Machines) -> Needs:
    courses = students / lesson.course
    each = students / lesson.cycle
    clicks = courses * lesson.clicks / lesson.cycle
    votes = each * lesson.votes
    partner, typing, course = (
        each * part for part in (lesson.partner_messages, lesson.typing, lesson.course_messages)
    )
    messages = partner + course
    connects = each * lesson.reconnects
    # The course is told of those who come and go, at most once a second.
    presence = courses * min(1.0, 2 * connects / courses)

    together = batch(messages / workers, costs.commit)
    message = costs.message + (costs.lone_message - costs.message) / together
    postgres_message = (
        costs.postgres_message + (costs.postgres_lone - costs.postgres_message) / together
    )
    # A course has sockets at so many workers, of which one sends and the others receive.
    reached = workers * (1 - (1 - 1 / workers) ** lesson.course)
    publishes = clicks + votes + messages + typing + 2 * connects
    receive = publishes * max(reached - 1, 0) * costs.receive
    own = (
        students * costs.idle_second
        + clicks * lesson.course * costs.click
        + votes * costs.vote
        + messages * message
        + course * lesson.course * costs.frame
        + typing * costs.message
        + presence * lesson.course * costs.frame
        + connects * costs.connect
    )
    commits = clicks + votes + messages / together + 2 * connects
    bits = 8 * sum(
        rate * (BYTES[kind] + ENVELOPE)
        for kind, rate in (
            ("control", clicks * lesson.course * 2),
            ("message", 2 * partner + course * lesson.course),
            ("typing", typing),
            ("presence", presence * lesson.course),
            ("ping", students / 20 + votes),
        )
    )
    arrivals = students / lesson.arrival
    return Needs(
        students=students,
        workers=workers,
        worker_cores=own + receive,
        receive_cores=receive,
        memory=workers * costs.worker_memory + students * costs.memory,
        postgres_cores=(
            clicks * costs.postgres_click
            + votes * costs.postgres_vote
            + messages * postgres_message
            + connects * costs.postgres_connect
            + workers * costs.postgres_worker
        ),
        commits=commits,
        wal=(messages + votes) * costs.wal,
        disk_per_day=(messages + votes) * costs.disk * lesson.hours * 3600,
        redis_cores=publishes * (costs.redis_message + reached * costs.redis_delivery),
        publishes=publishes,
        redis_deliveries=publishes * reached,
        network=bits,
        messages=messages,
        connects=connects,
        arrivals=arrivals,
        arrival_cores=arrivals * costs.connect + students * costs.idle_second,
        back=students
        * max(costs.connect / workers, costs.postgres_connect / machines.postgres_cores),
    )


def apart(one: Needs, cells: int) -> dict[str, float]:
    """Return the needs of so many cells of the same size together."""
    together = {name: value * cells for name, value in vars(one).items()}
    # The cells come back side by side.
    return together | {"back": one.back}


def saturation(
    part: Callable[[Needs], float], limit: float, costs: Costs, lesson: Lesson, machines: Machines
) -> int:
    """Return the number of simultaneous students at which a part reaches its limit."""
    low, high = 100, 100_000_000
    while high - low > low // 100 + 1:
        middle = (low + high) // 2
        if part(needs(middle, costs, lesson, machines)) > limit:
            high = middle
        else:
            low = middle
    return low
