"""What it costs to find who is subscribed to a topic, among few subscriptions and among many.

`python -m tests.benchmarks.topics` writes it to standard output, and exits with 1 where the goal
is missed. The goal is for the same publishes, whatever else there are subscriptions to. Publishes
spread over all topics are shown beside it: there the tree does not fit the nearest caches where
there are many.
"""

import random
import sys
import time

from rooms.topics import Subscriptions

FEW, MANY = 100, 10_000
GOAL = 2.0
"""Times the cost among few that the cost among many may be."""
LOOKUPS = 1_000
"""In one measurement: about a millisecond, which is seldom interrupted."""
ROUNDS = 200
MATCHES = 3
"""Subscriptions that each topic matches."""


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


def measure(tree: Subscriptions[int], topics: list[str]) -> float:
    """Microseconds for one look-up."""
    match = tree.match
    started = time.perf_counter()
    for topic in topics:
        match(topic)
    return (time.perf_counter() - started) / len(topics) * 1e6


def compare(subjects: dict[int, tuple[Subscriptions[int], list[str]]]) -> dict[int, float]:
    """The best of many measurements of each: what else the machine does only ever adds."""
    chance = random.Random(1)
    best = dict.fromkeys(subjects, float("inf"))
    for _ in range(ROUNDS):
        # By turns, to be fair.
        for size, (tree, topics) in subjects.items():
            best[size] = min(best[size], measure(tree, chance.choices(topics, k=LOOKUPS)))
    return best


def main() -> int:
    subjects = {size: subscribed(size) for size in (FEW, MANY)}
    same = subjects[FEW][1]
    lines = [f"µs to find the {MATCHES} subscriptions that a publish is for"]
    ratios = []
    for title, costs in (
        (
            "the same publishes",
            compare({size: (tree, same) for size, (tree, _) in subjects.items()}),
        ),
        ("publishes to all topics", compare(subjects)),
    ):
        ratios.append(costs[MANY] / costs[FEW])
        among = ", ".join(f"{cost:.2f} among {size:,}" for size, cost in costs.items())
        lines.append(f"{title}: {among}; ratio {ratios[-1]:.2f}")
    reached = ratios[0] <= GOAL
    lines.append(f"goal, at most {GOAL:g} for the same: {'reached' if reached else 'MISSED'}")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
