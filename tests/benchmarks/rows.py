"""The benchmarks, in the order of the page."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks import question, sides, tasks, topics
from tests.benchmarks.benchmark import (
    CLIENT,
    COMMANDS,
    CPU_PER_FRAME,
    CPU_PER_MESSAGE,
    DISK,
    FRAMES,
    MEDIAN,
    MESSAGES,
    POSTGRES_PER_MESSAGE,
    REDIS_PER_MESSAGE,
    SLOW,
    WAL,
    Benchmark,
    Entry,
    Figure,
    Goal,
)
from tests.benchmarks.sides import Side

RECEIVERS = 500
MANY = 4_000
BURST = 100
PAIRS = 200
CLASS = 1_000
IDLE_SOCKETS = 2_000
PAUSE = 0.05
"""Seconds in which an idle server is left alone."""


PEERCHAT = "peerchat"
STOCK = "stock Channels"


def _entry(name: str, about: str, side: Callable[..., Side], *args: Any, **options: Any) -> Entry:
    """Return an entry. Its side is made, with its people, only when it is measured."""
    return Entry(name, lambda settings: side(*args, **options).measure(settings), about)


# --- One room ----------------------------------------------------------------------------------


def _fanout() -> list[Entry]:
    limit = partial(sides.peer, "picows_limit")
    distributed = partial(sides.uvicorn, "tests.benchmarks.peers.fastapi_distributed:app")
    fastapi = partial(sides.uvicorn, "tests.benchmarks.peers.fastapi_redis:app")
    peers = {
        "picows": limit,
        "aiohttp with Redis": partial(sides.peer, "aiohttp_gateway"),
        "Sanic feed": partial(sides.peer, "sanic_feed"),
        tasks.DISTRIBUTED: distributed,
        "FastAPI with Redis for each socket": fastapi,
    }
    stock = {f"{STOCK} on uvicorn": sides.stock_uvicorn, f"{STOCK} on daphne": sides.stock_daphne}
    at_once = f"{BURST} at once"
    return [
        _entry(PEERCHAT, "feed", tasks.peerchat_feed, RECEIVERS),
        *(_entry(name, "", tasks.feed, name, run, RECEIVERS) for name, run in peers.items()),
        *(_entry(name, "", tasks.stock_feed, run, RECEIVERS) for name, run in stock.items()),
        _entry(PEERCHAT, "stored", tasks.peerchat_room, RECEIVERS),
        _entry(PEERCHAT, f"stored, {at_once}", tasks.peerchat_room, RECEIVERS, burst=BURST),
        _entry("picows", at_once, tasks.feed, "picows", limit, RECEIVERS, burst=BURST),
        _entry(PEERCHAT, f"stored, {MANY:,} receivers", tasks.peerchat_room, MANY),
    ]


_FEED = "one room, 500 receivers, one message at a time, not stored (feed)"

FANOUT = Benchmark(
    name="fanout",
    title="One room",
    about=(
        "500 sockets in one room. The first of them sends a message when all have got the one "
        "before; where it says 100 at once, 100 of them send one each. What says stored is a "
        "course's room, whose messages are in PostgreSQL before anybody gets them; nothing else "
        "stores anything. Latency is from sending to the last frame at the last socket."
    ),
    figures=(
        CPU_PER_FRAME,
        FRAMES,
        MEDIAN,
        SLOW,
        REDIS_PER_MESSAGE,
        POSTGRES_PER_MESSAGE,
        CLIENT,
    ),
    goals=(
        Goal(_FEED, CPU_PER_FRAME, "peerchat, feed", "picows", most=1.2),
        Goal(_FEED, CPU_PER_FRAME, "peerchat, feed", "aiohttp with Redis", most=0.7),
        Goal(_FEED, CPU_PER_FRAME, "peerchat, feed", "Sanic feed", most=0.7),
        Goal(
            _FEED,
            CPU_PER_FRAME,
            "peerchat, feed",
            "stock Channels on daphne",
            most=1 / 22,
            wanted="at most 1/22 x stock Channels on daphne",
        ),
        Goal(
            "the same, stored messages in a course's room",
            CPU_PER_FRAME,
            "peerchat, stored",
            "picows",
            most=1.45,
        ),
        Goal(
            "100 messages posted at once into that room",
            CPU_PER_FRAME,
            f"peerchat, stored, {BURST} at once",
            f"picows, {BURST} at once",
            most=0.15,
            wanted="at most 0.15 x picows, which sends them one by one",
        ),
        Goal(
            "4,000 receivers instead of 500",
            CPU_PER_FRAME,
            f"peerchat, stored, {MANY:,} receivers",
            "peerchat, stored",
            most=1.5,
            wanted="at most 1.5 x its own figure at 500",
        ),
    ),
    entries=_fanout,
)

# --- Pairs -------------------------------------------------------------------------------------


def _pairs() -> list[Entry]:
    return [
        _entry(PEERCHAT, "", tasks.peerchat_pairs, PAIRS),
        _entry(STOCK, "", tasks.stock_pairs, PAIRS),
    ]


_LOOP = "200 pairs in closed loop, each message committed before its ack"

CLOSED_LOOP = Benchmark(
    name="pairs",
    title="200 pairs in closed loop",
    about=(
        "200 rooms with two sockets each. One of the two sends a message when its last one came "
        "back, which it does when it is committed in PostgreSQL; the other one gets it, too. The "
        "stock consumer stores with `acreate`. Both end with as many messages in the database as "
        "were sent. Latency is from sending to the message's coming back."
    ),
    figures=(
        MESSAGES,
        MEDIAN,
        SLOW,
        CPU_PER_MESSAGE,
        REDIS_PER_MESSAGE,
        POSTGRES_PER_MESSAGE,
        WAL,
        DISK,
        CLIENT,
    ),
    goals=(
        Goal(f"{_LOOP}: messages/s", MESSAGES, "peerchat", "stock Channels", least=15),
        Goal(
            f"{_LOOP}: p99",
            SLOW,
            "peerchat",
            "stock Channels",
            most=1 / 12,
            wanted="at most 1/12 x stock Channels",
        ),
    ),
    entries=_pairs,
)


def _lone() -> list[Entry]:
    return [
        _entry(PEERCHAT, "", tasks.peerchat_pairs, 1, pause=PAUSE),
        _entry(STOCK, "", tasks.stock_pairs, 1, pause=PAUSE),
    ]


LONE = Benchmark(
    name="lone",
    title="One lone message",
    about=(
        "One room with two sockets on an otherwise idle server. One of them sends a message 50 ms "
        "after its last one came back. Latency is from sending to the message's coming back."
    ),
    figures=(MEDIAN, SLOW, CPU_PER_MESSAGE, POSTGRES_PER_MESSAGE),
    goals=(
        Goal(
            "one lone message, idle server: p50 from send to ack",
            MEDIAN,
            "peerchat",
            "stock Channels",
            most=0.55,
        ),
        Goal(
            "one lone message, idle server: server CPU",
            CPU_PER_MESSAGE,
            "peerchat",
            "stock Channels",
            most=0.4,
        ),
    ),
    entries=_lone,
)

# --- A class -----------------------------------------------------------------------------------

RATE = Figure("clients per second", lambda m: m.messages / max(m.latencies))
FAILURES = Figure("failures", lambda m: m.failures)
CPU_PER_CLIENT = Figure("server CPU per client, µs", lambda m: m.cpu / m.messages * 1e6)
POSTGRES_PER_CLIENT = Figure(
    "PostgreSQL CPU per client, µs", lambda m: m.postgres_cpu / m.messages * 1e6
)
LAST = Figure("until the last welcome, s", lambda m: max(m.latencies), 2)


def _connecting() -> list[Entry]:
    return [
        _entry(PEERCHAT, "", tasks.peerchat_class, "connect", CLASS),
        _entry(STOCK, "", tasks.stock_class, "connect", CLASS),
    ]


_COMING = "1,000 clients connecting at once, until each has its welcome"

CONNECTING = Benchmark(
    name="connect",
    title="1,000 clients connect at once",
    about=(
        "All begin at the same moment, with a session cookie, and wait for their `welcome`. The "
        "stock consumer stands behind AuthMiddlewareStack, joins three groups and sends the name "
        "of its user."
    ),
    figures=(RATE, FAILURES, MEDIAN, SLOW, LAST, CPU_PER_CLIENT, POSTGRES_PER_CLIENT, CLIENT),
    goals=(
        Goal(f"{_COMING}: failures", FAILURES, "peerchat", most=0, wanted="none"),
        Goal(f"{_COMING}: rate", RATE, "peerchat", "stock Channels", least=4),
    ),
    entries=_connecting,
)

MEMORY = Figure("worker memory per connection, KB", lambda m: m.memory / m.messages / 1024, 1)
BASE = Figure("worker memory before, MB", lambda m: m.memory_before / 2**20)
STANDING_CPU = Figure("server CPU, % of a core", lambda m: m.cpu / m.seconds * 100, 1)
STANDING_POSTGRES = Figure(
    "PostgreSQL CPU, % of a core", lambda m: m.postgres_cpu / m.seconds * 100, 1
)


def _idle() -> list[Entry]:
    return [
        _entry(PEERCHAT, "", tasks.peerchat_class, "idle", IDLE_SOCKETS),
        _entry(STOCK, "", tasks.stock_class, "idle", IDLE_SOCKETS),
    ]


IDLE = Benchmark(
    name="idle",
    title="Idle connections",
    about=(
        "2,000 students of one course, authenticated and welcomed, who do nothing but send "
        "peerchat a `ping` every 20 s, as its pages do. Memory is what the worker's resident set "
        "grows by from the 200th to the last of them; CPU is what it takes that they stand."
    ),
    figures=(MEMORY, BASE, STANDING_CPU, STANDING_POSTGRES),
    goals=(
        Goal(
            "an idle connection",
            MEMORY,
            "peerchat",
            most=24,
            wanted="at most 24 KB of worker memory",
        ),
        Goal(
            "2,000 idle connections",
            STANDING_CPU,
            "peerchat",
            most=4,
            wanted="at most 4 % of a core",
        ),
    ),
    entries=_idle,
)


def _lesson() -> list[Entry]:
    return [
        _entry(PEERCHAT, "", tasks.peerchat_class, "lesson", CLASS, pause=PAUSE),
        _entry(STOCK, "", tasks.stock_class, "lesson", CLASS, pause=PAUSE),
    ]


LESSON = Benchmark(
    name="class",
    title="A class of 1,000",
    about=(
        "An instructor opens a vote, ends it, reveals the answer, and so on; 1,000 students are "
        "online. Each click is stored before anybody hears of it, with stock Channels, too. "
        "Latency is from the instructor's click to the last student's frame."
    ),
    figures=(MEDIAN, SLOW, CPU_PER_FRAME, REDIS_PER_MESSAGE, POSTGRES_PER_MESSAGE, CLIENT),
    goals=(
        Goal(
            "a class of 1,000: from the instructor's click to the last student's frame, p99",
            SLOW,
            "peerchat",
            "stock Channels",
            most=0.1,
        ),
    ),
    entries=_lesson,
)

CPU_PER_VOTE = Figure("server CPU per vote, µs", lambda m: m.cpu / m.messages * 1e6)
POSTGRES_PER_VOTE = Figure(
    "PostgreSQL CPU per vote, µs", lambda m: m.postgres_cpu / m.messages * 1e6
)
VOTES = Benchmark(
    name="votes",
    title="1,000 votes",
    about=(
        "1,000 students vote, spread evenly over the time that is measured. Latency is from the "
        "vote to its reply, which comes when it is committed. The instructor's dashboard is open "
        "and gets live figures twice a second, whose cost is in these. The stock consumer stores "
        "with `aupdate_or_create`, counts, and sends the counts to the dashboard after each vote."
    ),
    figures=(MEDIAN, SLOW, CPU_PER_VOTE, POSTGRES_PER_VOTE),
    goals=(
        Goal(
            "1,000 votes with the dashboard open: server CPU per vote",
            CPU_PER_VOTE,
            "peerchat",
            "stock Channels",
            most=0.25,
            wanted="at most 1/4 x stock Channels",
        ),
        Goal(
            "1,000 votes with the dashboard open: server CPU per vote",
            CPU_PER_VOTE,
            "peerchat",
            most=500,
            wanted="at most 500 µs",
        ),
    ),
    entries=lambda: [
        _entry(PEERCHAT, "", tasks.peerchat_class, "votes", CLASS),
        _entry(STOCK, "", tasks.stock_votes, CLASS),
    ],
)

# --- Several workers ---------------------------------------------------------------------------


BEYOND = Figure(
    "server CPU per message above idle, µs",
    lambda m: (m.cpu - m.quiet_cpu * m.seconds) / m.messages * 1e6,
)
STANDBY = 100
_AMONG = f"one pair among {STANDBY}"


def _workers() -> list[Entry]:
    return [
        _entry(PEERCHAT, "1 worker", tasks.peerchat_room, RECEIVERS),
        _entry(PEERCHAT, "2 workers", tasks.peerchat_room, RECEIVERS, workers=2),
        _entry(PEERCHAT, "4 workers", tasks.peerchat_room, RECEIVERS, workers=4),
        _entry(PEERCHAT, f"2 workers, {CLASS:,} receivers", tasks.peerchat_room, CLASS, workers=2),
        _entry(PEERCHAT, f"1 worker, {_AMONG}", tasks.peerchat_pairs, STANDBY, talking=1),
        _entry(
            PEERCHAT, f"4 workers, {_AMONG}", tasks.peerchat_pairs, STANDBY, talking=1, workers=4
        ),
    ]


_SPREAD_CPU = "1, 2 and 4 workers, same load: CPU per delivery"
_SPREAD_REDIS = "1, 2 and 4 workers, same load: Redis commands per broadcast"

WORKERS = Benchmark(
    name="workers",
    title="Several workers",
    about=(
        "The same stored messages in a course's room with 500 receivers, who are spread over the "
        "workers, and once with 1,000. Then one pair that talks in a course of 100 pairs: of what "
        "the worker of its sender sends to Redis, the other workers get everything, and there is "
        "nothing to do but for one of them. The CPU is that of all workers together."
    ),
    figures=(
        COMMANDS,
        CPU_PER_FRAME,
        BEYOND,
        FRAMES,
        REDIS_PER_MESSAGE,
        POSTGRES_PER_MESSAGE,
    ),
    goals=(
        *(
            Goal(
                _SPREAD_REDIS,
                COMMANDS,
                f"peerchat, {number} workers",
                "peerchat, 1 worker",
                most=float(number),
                wanted=f"{number} workers: at most {number} x those of one",
            )
            for number in (2, 4)
        ),
        Goal(
            _SPREAD_REDIS,
            COMMANDS,
            f"peerchat, 2 workers, {CLASS:,} receivers",
            "peerchat, 2 workers",
            most=1.05,
            wanted=f"{CLASS:,} receivers instead of {RECEIVERS}: the same (at most 1.05 x)",
        ),
        *(
            Goal(
                _SPREAD_CPU,
                CPU_PER_FRAME,
                f"peerchat, {number} workers",
                "peerchat, 1 worker",
                most=most,
                wanted=f"{number} workers: at most {most} x that of one",
            )
            for number, most in ((2, 1.15), (4, 1.25))
        ),
    ),
    entries=_workers,
)

BENCHMARKS = (
    FANOUT,
    CLOSED_LOOP,
    CONNECTING,
    IDLE,
    WORKERS,
    LESSON,
    question.QUESTION,
    VOTES,
    LONE,
    topics.TOPICS,
)
