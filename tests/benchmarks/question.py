"""A class that goes through a whole question on two workers, of sizes up to 5,000."""

from typing import Any

from peerchat.rehearsal.client import percentile
from tests.benchmarks import tasks
from tests.benchmarks.benchmark import Benchmark, Entry, Figure, Goal
from tests.benchmarks.task import Measured

SIZES = (500, 1_000, 3_000, 5_000)
CLICKS = ("start_question", "stop_vote", "make_partners", "enable_chat", "start_revote", "reveal")


def _steps(measured: Measured, *names: str) -> list[dict[str, Any]]:
    return [step for step in measured.steps if step["name"] in names]


def _students(measured: Measured) -> int:
    """Return how many students were told of each click."""
    return len(_steps(measured, "make_partners")[0]["latencies"])


def _told(measured: Measured, *names: str) -> float:
    """Return the seconds until the last student was told of these clicks, the slowest of them."""
    return max(max(step["latencies"]) for step in _steps(measured, *names))


def _clicks_cpu(measured: Measured) -> float:
    return sum(step["cpu"] for step in _steps(measured, *CLICKS))


def _talk(measured: Measured) -> dict[str, Any]:
    (step,) = _steps(measured, "new_message")
    return step


MAKE_PARTNERS = Figure(
    "make_partners until the last student has partners, s", lambda m: _told(m, "make_partners"), 2
)
SLOWEST = Figure("the slowest click until the last student, s", lambda m: _told(m, *CLICKS), 2)
MAKE_PARTNERS_EACH = Figure(
    "make_partners, µs a student", lambda m: _told(m, "make_partners") / _students(m) * 1e6
)
OTHERS_EACH = Figure(
    "the slowest other click, µs a student",
    lambda m: _told(m, *(set(CLICKS) - {"make_partners"})) / _students(m) * 1e6,
)
CLICKS_CPU = Figure(
    "server CPU of all clicks, µs a student", lambda m: _clicks_cpu(m) / _students(m) * 1e6
)
TALK = Figure("messages per second", lambda m: _talk(m)["messages"] / _talk(m)["seconds"])
TALK_SLOW = Figure("p99 of these, ms", lambda m: percentile(_talk(m)["latencies"], 0.99) * 1000)
TALK_CPU = Figure(
    "server CPU per message, µs", lambda m: _talk(m)["cpu"] / _talk(m)["messages"] * 1e6
)
TALK_POSTGRES = Figure(
    "PostgreSQL CPU per message, µs",
    lambda m: _talk(m)["postgres_cpu"] / _talk(m)["messages"] * 1e6,
)
TALK_CLIENT = Figure(
    "load client's CPU per message, µs",
    lambda m: _talk(m)["client_cpu"] / _talk(m)["messages"] * 1e6,
)
_QUESTION_EACH = f"a class of {SIZES[-1]:,} on two workers against one of {SIZES[0]:,}, per student"


def _entry(students: int) -> Entry:
    """Return an entry. Its people are made only when it is measured."""
    return Entry(
        "peerchat",
        lambda settings: tasks.peerchat_question(students, workers=2).measure(settings),
        f"{students:,} students",
    )


def _of(students: int) -> str:
    return f"peerchat, {students:,} students"


QUESTION = Benchmark(
    name="question",
    title="A whole question on two workers",
    about=(
        "Students vote, 400 of them a second, are paired, and send three messages each to their "
        "partners, all at once; the instructor clicks through the question. Each step begins when "
        "every student was told of the one before. Messages per second are those of the time until "
        "every student has the messages of both partners."
    ),
    figures=(
        MAKE_PARTNERS,
        SLOWEST,
        CLICKS_CPU,
        TALK,
        TALK_SLOW,
        TALK_CPU,
        TALK_POSTGRES,
        TALK_CLIENT,
    ),
    goals=(
        *(
            Goal(
                f"{_QUESTION_EACH}: {what}",
                figure,
                _of(SIZES[-1]),
                _of(SIZES[0]),
                most=1.2,
                wanted=f"at most 1.2 x that of {SIZES[0]:,}",
            )
            for what, figure in (
                ("make_partners", MAKE_PARTNERS_EACH),
                ("the slowest other click", OTHERS_EACH),
                ("server CPU of all clicks", CLICKS_CPU),
            )
        ),
        Goal(
            "3,000 students who send three messages each at once: messages per second",
            TALK,
            _of(3_000),
            _of(1_000),
            least=1.0,
            wanted="at least as many as with 1,000",
        ),
        Goal(
            f"a class of {SIZES[-1]:,}: the slowest click until the last student",
            SLOWEST,
            _of(SIZES[-1]),
            most=1.5,
            wanted="at most 1.5 s",
        ),
    ),
    entries=lambda: [_entry(students) for students in SIZES],
)
