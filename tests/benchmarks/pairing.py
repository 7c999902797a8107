"""Compares pairing with greedy and random pairing, in simulated classes, and prints tables.

`python -m tests.benchmarks.pairing` prints what docs/pairing.md shows. It needs no server.
"""

import argparse
import itertools
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.pairing import Facts, Student, facts, form_groups

KEY = AnswerKey(Kind.SINGLE, tuple("ABCD"), ("A",))
QUESTIONS = 10
One = Student[int]
Earlier = dict[int, set[int]]
Way = Callable[[list[One], int, Earlier, random.Random], list[list[One]]]


def ask(size: int, silent: Collection[int], chance: random.Random) -> list[One]:
    """Return a class after a vote: 30 to 70 percent are right, and sure ones more often so."""
    share = chance.uniform(0.3, 0.7)
    wrong = [chance.random() + 0.1 for _ in "BCD"]
    class_ = []
    for key in range(size):
        if key in silent:
            class_.append(Student(key, None))
            continue
        is_right = chance.random() < share
        answer = "A" if is_right else chance.choices("BCD", wrong)[0]
        sure = min(5, max(1, round(chance.gauss(3.4 if is_right else 2.6, 1.1))))
        class_.append(Student(key, answer, confidence=sure, is_right=is_right))
    return class_


def optimal(
    class_: list[One], size: int, earlier: Earlier, chance: random.Random
) -> list[list[One]]:
    """Group a class as peerchat does."""
    by_key = {one.key: one for one in class_}
    formed = form_groups(class_, size=size, judge=KEY, rng=chance, earlier=earlier)
    return [[by_key[key] for key in group] for group in formed]


def greedy(
    class_: list[One], size: int, earlier: Earlier, chance: random.Random
) -> list[list[One]]:
    """Give each student in turn the first others with new answers, and then those who are left."""
    waiting = chance.sample(class_, len(class_))
    # Those without a vote fill the groups at the end.
    waiting.sort(key=lambda one: one.answer is None)
    groups = []
    for _ in range(max(1, len(class_) // size)):
        group = [waiting.pop(0)]
        while len(group) < size:
            given = {one.answer for one in group} | {None}
            new = (at for at, one in enumerate(waiting) if one.answer not in given)
            group.append(waiting.pop(next(new, 0)))
        groups.append(group)
    for one, group in zip(waiting, groups, strict=False):
        group.append(one)
    return groups


def at_random(
    class_: list[One], size: int, earlier: Earlier, chance: random.Random
) -> list[list[One]]:
    """Group a class at random."""
    order = chance.sample(class_, len(class_))
    count = max(1, len(class_) // size)
    return [order[start::count] for start in range(count)]


WAYS: dict[str, Way] = {"peerchat": optimal, "greedy": greedy, "random": at_random}


class Tally:
    """What a way of pairing has led to in all classes."""

    def __init__(self) -> None:
        self.questions = 0
        self.classes = 0
        self.counts: Counter[str] = Counter()

    def add(self, class_: Sequence[One], groups: list[list[One]], earlier: Earlier) -> None:
        """Count the groups of one question."""
        told: list[Facts] = [facts(group, judge=KEY, earlier=earlier) for group in groups]
        votes = Counter(one.answer for one in class_ if one.answer is not None)
        v, g = sum(votes.values()), len(groups)
        mixed = min(g, v // 2, v - max(votes.values(), default=0))
        right = min(g, votes["A"], v - mixed)
        same = sum(not one.is_mixed for one in told)
        nobody = sum(not one.right for one in told)
        self.questions += 1
        self.counts["groups"] += g
        self.counts["same"] += same
        self.counts["nobody"] += nobody
        self.counts["same avoidable"] += same > g - mixed
        self.counts["nobody avoidable"] += nobody > g - right
        self.counts["repeats"] += sum(one.repeats for one in told)
        self.counts["contrast"] += sum((one.confidence_gap or 0) >= 2 for one in told)

    def row(self, name: str) -> str:
        """Return a line of the table."""
        counts, questions = self.counts, self.questions
        return (
            f"| {name} | {counts['groups'] / questions:.1f} | {counts['same'] / questions:.2f} "
            f"| {counts['same avoidable'] / questions:.0%} "
            f"| {counts['nobody'] / questions:.2f} "
            f"| {counts['nobody avoidable'] / questions:.0%} "
            f"| {counts['contrast'] / counts['groups']:.0%} "
            f"| {counts['repeats'] / self.classes:.1f} |"
        )


def compare(classes: int, students: int, size: int, silent: tuple[int, int]) -> list[str]:
    """Return the table of all ways, for classes of ten questions with some who do not vote."""
    tallies = {name: Tally() for name in WAYS}
    for number in range(classes):
        for name, way in WAYS.items():
            # Each way gets the same classes.
            chance, own = random.Random(number), random.Random(number)
            earlier: Earlier = defaultdict(set)
            for _ in range(QUESTIONS):
                quiet = chance.sample(range(students), chance.randint(*silent))
                class_ = ask(students, set(quiet), chance)
                groups = way(class_, size, earlier, own)
                tallies[name].add(class_, groups, earlier)
                for one, other in itertools.chain(
                    *(itertools.permutations(group, 2) for group in groups)
                ):
                    earlier[one.key].add(other.key)
            tallies[name].classes += 1
    return [
        (
            "| pairing | groups | of one answer | one too many of these | nobody right "
            "| one too many of these | sure and unsure | repeats in ten questions |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(tally.row(name) for name, tally in tallies.items()),
    ]


def clock(students: int, size: int) -> float:
    """Return the seconds of CPU for a class with earlier partners, the best of five."""
    chance = random.Random(1)
    class_ = ask(students, set(range(students // 10)), chance)
    earlier = {key: {chance.randrange(students) for _ in range(9)} for key in range(students)}
    took = []
    for _ in range(5):
        began = time.process_time()
        optimal(class_, size, earlier, random.Random(1))
        took.append(time.process_time() - began)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=1500, help="(default 1500)")
    options = parser.parse_args()
    lines = []
    for title, students, size, silent in (
        ("pairs of 60 students who all vote", 60, 2, (0, 0)),
        ("threes of 60 students who all vote", 60, 3, (0, 0)),
        ("pairs of 55 students, of whom 5 to 14 do not vote", 55, 2, (5, 14)),
    ):
        lines += [f"{options.classes:,} classes, {title}:", ""]
        lines += [*compare(options.classes, students, size, silent), ""]
    lines += ["| students | pairs | threes | fives |", "| --- | --- | --- | --- |"]
    for students in (60, 500, 10_000):
        times = " | ".join(f"{clock(students, size) * 1000:.1f} ms" for size in (2, 3, 5))
        lines.append(f"| {students:,} | {times} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
