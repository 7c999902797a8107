"""An hour of a campus, second by second: courses of many sizes that begin about the same time.

The averages of `scaling` do not say how much more the busiest second and the busiest worker have.
"""

import math
import random
from dataclasses import dataclass

SECONDS = 3_600
COURSE_MEDIAN, COURSE_SIGMA, COURSE_MOST = 65, 0.9, 1_000
"""Median, sigma and maximum of the sizes of courses, which are distributed log-normally."""
BEGIN_WITHIN = 240.0
"""Seconds between the first and the last course that begins."""
ARRIVE = 300.0
"""Seconds in which the students of a course come, the last of them at its beginning."""
PHASES = (
    # (least seconds, most seconds, votes of each, partner messages of each)
    ("vote", 45.0, 100.0, 1.0, 0.0),
    ("vote closed", 10.0, 40.0, 0.0, 0.0),
    ("discuss", 120.0, 240.0, 0.0, 6.0),
    ("revote", 30.0, 70.0, 1.0, 0.0),
    ("revote closed", 5.0, 20.0, 0.0, 0.0),
    ("revealed", 90.0, 240.0, 0.0, 0.0),
)
"""The phases of a lesson, each of which begins with a click of the instructor."""
VOTING = 0.4
"""The share of a vote in which most of it happens."""


@dataclass(frozen=True)
class Prices:
    """CPU seconds of a worker, of PostgreSQL and of Redis; `click` and `frame` are for each
    student, `idle_second` is for each student and second."""

    click: float
    vote: float
    message: float
    typing: float
    frame: float
    connect: float
    idle_second: float
    receive: float
    postgres_click: float
    postgres_vote: float
    postgres_message: float
    postgres_connect: float
    redis_message: float
    redis_delivery: float


class Course:
    """The load of a course on the workers, on PostgreSQL and on Redis in each second."""

    def __init__(self, size: int, reached: float, prices: Prices, chance: random.Random) -> None:
        self.size = size
        self.cpu = [0.0] * SECONDS
        self.postgres = [0.0] * SECONDS
        self.publishes = [0.0] * SECONDS
        self._prices = prices
        self._received = max(reached - 1, 0) * prices.receive
        begins = ARRIVE + chance.uniform(0, BEGIN_WITHIN)
        self._arrive(begins)
        now = begins
        while now < SECONDS:
            for _, least, most, votes, messages in PHASES:
                lasts = chance.uniform(least, most)
                self._add(now, now + 1, self.size * prices.click, prices.postgres_click, 1)
                if votes:
                    self._vote(now, lasts, votes * self.size, chance)
                if messages:
                    self._talk(now, lasts, messages * self.size)
                now += lasts

    def _add(self, begin: float, end: float, cpu: float, postgres: float, published: float) -> None:
        """Spread something evenly over a time."""
        first, last = int(begin), min(max(int(end), int(begin) + 1), SECONDS)
        seconds = max(int(end) - first, 1)
        for second in range(first, last):
            self.cpu[second] += (cpu + published * self._received) / seconds
            self.postgres[second] += postgres / seconds
            self.publishes[second] += published / seconds

    def _arrive(self, begins: float) -> None:
        prices, size = self._prices, self.size
        # Each arrival is told to the course, at most once a second.
        presence = min(size, ARRIVE) * size / 2 * prices.frame
        self._add(
            begins - ARRIVE,
            begins,
            size * prices.connect + presence,
            size * prices.postgres_connect,
            size,
        )
        for second in range(int(begins), SECONDS):
            self.cpu[second] += size * prices.idle_second

    def _vote(self, begin: float, lasts: float, votes: float, chance: random.Random) -> None:
        prices = self._prices
        early = votes * 0.8
        middle = begin + lasts * VOTING
        for start, end, part in ((begin, middle, early), (middle, begin + lasts, votes - early)):
            self._add(start, end, part * prices.vote, part * prices.postgres_vote, part)

    def _talk(self, begin: float, lasts: float, messages: float) -> None:
        prices = self._prices
        cpu = messages * (prices.message + 2 * prices.typing)
        self._add(begin, begin + lasts, cpu, messages * prices.postgres_message, messages * 3)


def campus(
    *, students: int, workers: int, prices: Prices, seed: int = 1
) -> list[tuple[str, float, float, float]]:
    """Return the cores that each part takes: on average, in one second of a hundred, at most."""
    chance = random.Random(seed)
    total, busy = [0.0] * SECONDS, [[0.0] * SECONDS for _ in range(workers)]
    postgres, redis = [0.0] * SECONDS, [0.0] * SECONDS
    placed = 0
    while placed < students:
        size = min(
            int(chance.lognormvariate(math.log(COURSE_MEDIAN), COURSE_SIGMA)) + 1,
            COURSE_MOST,
            students - placed,
        )
        placed += size
        shares = [0] * workers
        for _ in range(size):
            shares[chance.randrange(workers)] += 1
        reached = sum(share > 0 for share in shares)
        course = Course(size, reached, prices, chance)
        for second in range(SECONDS):
            total[second] += course.cpu[second]
            postgres[second] += course.postgres[second]
            redis[second] += course.publishes[second] * (
                prices.redis_message + reached * prices.redis_delivery
            )
        for worker, share in zip(busy, shares, strict=True):
            part = share / size
            for second, cpu in enumerate(course.cpu):
                worker[second] += part * cpu
    busiest = max(busy, key=sum)
    return [
        _seen("all workers together", total),
        _seen("the busiest worker", busiest),
        _seen("PostgreSQL", postgres),
        _seen("Redis", redis),
    ]


def _seen(name: str, seconds: list[float]) -> tuple[str, float, float, float]:
    ordered = sorted(seconds)
    return name, sum(seconds) / SECONDS, ordered[int(SECONDS * 0.99)], ordered[-1]
