"""The cost of finding the subscribers of a topic, among few subscriptions and among many.

The goal is for the same publishes, whatever other subscriptions exist. Publishes over all topics
are shown beside it: if there are many, the tree does not fit into the nearest caches.
"""

import functools
import random
import time
from collections.abc import Sequence
from functools import partial

from rooms.delivery.topics import Subscriptions
from tests.benchmarks.benchmark import Benchmark, Entry, Figure, Goal
from tests.benchmarks.sides import Settings

FEW, MANY = 100, 10_000
LOOKUPS = 1_000
"""Look-ups in one measurement: about a millisecond, which is seldom interrupted."""
ROUNDS = 100
MATCHES = 3
"""Subscriptions that each topic matches."""


@functools.cache
def subscribed(size: int) -> tuple[Subscriptions[int], list[str]]:
    """A tree of so many subscriptions of as many sockets, and the topics that match."""
    tree: Subscriptions[int] = Subscriptions()
    subscriber = 0
    while subscriber < size:
        place = subscriber // MATCHES
        for pattern in (
            f"physics101/place/{place}/vote",
            f"physics101/+/{place}/vote",
            f"physics101/place/{place}/#",
        ):
            if subscriber < size:
                tree.insert(pattern, subscriber)
                subscriber += 1
    topics = [f"physics101/place/{place}/vote" for place in range(size // MATCHES)]
    assert all(len(tree.match(topic)) == MATCHES for topic in topics)
    return tree, topics


def _once(tree: Subscriptions[int], topics: Sequence[str]) -> float:
    """Microseconds for one look-up."""
    match = tree.match
    started = time.perf_counter()
    for topic in topics:
        match(topic)
    return (time.perf_counter() - started) / len(topics) * 1e6


def measure(size: int, published: int, settings: Settings) -> float:
    """Microseconds for one look-up among so many subscriptions, of topics that are also among so
    few: the best of many measurements, since other work of the machine can only add time."""
    tree, topics = subscribed(size)[0], subscribed(published)[1]
    chance = random.Random(1)
    return min(_once(tree, chance.choices(topics, k=LOOKUPS)) for _ in range(ROUNDS))


COST = Figure("µs for a look-up", lambda cost: cost, 2)

TOPICS = Benchmark(
    name="topics",
    title="Who is subscribed to a topic",
    about=(
        f"What a publish costs to find the {MATCHES} subscriptions that it is for, in the process "
        "itself. The best of many measurements in each run."
    ),
    figures=(COST,),
    goals=(
        Goal(
            f"{MANY:,} topic subscriptions instead of {FEW}, the same publishes",
            COST,
            of=f"peerchat, {MANY:,} subscriptions, the same publishes",
            against=f"peerchat, {FEW} subscriptions",
            most=2.0,
        ),
    ),
    entries=lambda: [
        Entry("peerchat", partial(measure, FEW, FEW), f"{FEW} subscriptions"),
        Entry(
            "peerchat", partial(measure, MANY, FEW), f"{MANY:,} subscriptions, the same publishes"
        ),
        Entry(
            "peerchat", partial(measure, MANY, MANY), f"{MANY:,} subscriptions, all their topics"
        ),
    ],
)
