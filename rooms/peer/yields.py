"""The yield of pairings: what groups of each make gained from talking. Pure, no I/O.

Students who voted in both rounds are counted under the make of their group as it was noted. The
gain is Hake's normalised gain of all students under one make (`phases.normalised_gain`): of what
could be gained, the part that was. Groups of one class differ in more than their make, so the
rows describe and do not prove; only methods that were dealt at random within a class are an
experiment.
"""

from __future__ import annotations

import enum
import math
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from rooms.peer.phases import normalised_gain

CONTRAST: Final = 2
"""The difference of confidence, from 1 to 5, from which on a sure one met an unsure one."""
LARGEST: Final = 6
"""Groups of this size and larger ones are counted together."""


class By(enum.StrEnum):
    """Tells groups apart. The order is that of the tables."""

    ANSWERS = "answers"
    RIGHT = "right"
    CONFIDENCE = "confidence"
    PLACE = "place"
    SIZE = "size"
    METHOD = "method"
    EXPERIMENT = "experiment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A group of one question: its make, and the votes of those members who voted twice.

    `question` names the round. `pairs` has (right before, right after, changed the answer) for
    each of these members. The other fields are those of the facts of a group.
    """

    question: Hashable
    method: str
    size: int
    voters: int
    is_mixed: bool
    right: int | None
    confidence_gap: int | None
    place: str
    pairs: tuple[tuple[bool, bool, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """Holds the gain of the groups of one make. Shares are from 0 to 1.

    `margin` is half the 95 % confidence interval of `change`, the share right after less the share
    right before, over students: 1.96 standard errors of the mean of their differences. Students of
    one group influence each other, so the true interval is rather wider. It is None of one student,
    and `gain` is None if everybody was right before.
    """

    by: By
    make: str
    groups: int
    students: int
    before: float
    after: float
    changed: float
    change: float
    margin: float | None
    gain: float | None


def yields(cases: Iterable[Case]) -> list[Yield]:
    """Return a row for each make that has a student who voted twice, in the order of the tables."""
    found = [case for case in cases if case.pairs]
    methods: dict[Hashable, set[str]] = defaultdict(set)
    for case in found:
        methods[case.question].add(case.method)
    rows: dict[tuple[By, str], list[Case]] = defaultdict(list)
    for case in found:
        for by, make in _makes(case, compared=len(methods[case.question] & _DEALT) > 1):
            rows[by, make].append(case)
    order = {(by, make): place for place, (by, make) in enumerate(_ORDER)}
    places = sorted(rows, key=lambda key: (list(By).index(key[0]), order.get(key, 0), key[1]))
    return [_count(by, make, rows[by, make]) for by, make in places]


_DEALT: Final = frozenset({"different_answers", "random"})
"""The methods that are dealt at random where a course compares methods."""
_ORDER: Final = [
    (By.ANSWERS, "different"),
    (By.ANSWERS, "same"),
    (By.ANSWERS, "one"),
    (By.RIGHT, "some"),
    (By.RIGHT, "all"),
    (By.RIGHT, "nobody"),
    (By.CONFIDENCE, "contrast"),
    (By.CONFIDENCE, "alike"),
    (By.CONFIDENCE, "unknown"),
    (By.PLACE, "hall"),
    (By.PLACE, "elsewhere"),
    (By.PLACE, "both"),
]


def _makes(case: Case, *, compared: bool) -> Iterable[tuple[By, str]]:
    """Return the rows that a group is counted in."""
    if case.voters < 2:
        yield By.ANSWERS, "one"
    else:
        yield By.ANSWERS, "different" if case.is_mixed else "same"
    if case.right is not None:
        if case.right == 0:
            yield By.RIGHT, "nobody"
        else:
            yield By.RIGHT, "some" if case.right < case.voters else "all"
    if case.is_mixed:
        gap = case.confidence_gap
        yield (
            By.CONFIDENCE,
            "unknown" if gap is None else "contrast" if gap >= CONTRAST else "alike",
        )
    if case.place:
        yield By.PLACE, case.place
    yield By.SIZE, str(min(case.size, LARGEST))
    if case.method:
        yield By.METHOD, case.method
        if compared and case.method in _DEALT:
            yield By.EXPERIMENT, case.method


def _count(by: By, make: str, cases: list[Case]) -> Yield:
    pairs = [pair for case in cases for pair in case.pairs]
    n = len(pairs)
    before = sum(one for one, _, _ in pairs)
    after = sum(two for _, two, _ in pairs)
    mean = (after - before) / n
    # Of n differences that are -1, 0 or 1.
    squares = sum((two - one) ** 2 for one, two, _ in pairs)
    variance = (squares - n * mean * mean) / (n - 1) if n > 1 else None
    return Yield(
        by=by,
        make=make,
        groups=len(cases),
        students=n,
        before=before / n,
        after=after / n,
        changed=sum(changed for _, _, changed in pairs) / n,
        change=mean,
        margin=None if variance is None else 1.96 * math.sqrt(max(0.0, variance) / n),
        gain=normalised_gain(before, after, n),
    )
