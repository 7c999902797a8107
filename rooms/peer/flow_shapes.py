"""The shapes of a diagram of flows: from first answers, on one side, to second ones. Pure, no I/O.

Each side is a column of bars, an answer each, as high as the students who gave it; bands lead from
the bars of the first answers to those of the second, as broad as the students who went there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rooms.peer.answers import REST, AnswerKey
from rooms.peer.content import Kind

MOST: Final = 8
"""The most answers that have a bar of their own; all others share one."""
WIDTH: Final = 400
"""The width of the diagram, between whose columns the bands run."""
BAR: Final = 10
GAP: Final = 10
SCALE: Final = 180
"""The height of all students together."""

Flow = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """An answer on one side. `y` is its upper edge."""

    answer: str
    students: int
    is_right: bool
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        """Return the height at which the label stands."""
        return round(self.y + self.height / 2, 2)


@dataclass(frozen=True, slots=True)
class Band:
    """Students who went from one answer to another. `path` is that of an SVG."""

    before: str
    after: str
    students: int
    to: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The diagram, `width` by `height`. There is room for labels beside it, not in it."""

    width: int
    height: float
    first: tuple[Bar, ...]
    second: tuple[Bar, ...]
    bands: tuple[Band, ...]


def order(key: AnswerKey, flows: Iterable[Flow]) -> list[str]:
    """Return the answers that have a bar, from the top down, perhaps with REST as the last.

    Choices and numbers come in their own order, and texts by how many gave them.
    """
    given: Counter[str] = Counter()
    for before, after, students in flows:
        given[before] += students
        given[after] += students
    frequent = sorted(given, key=lambda answer: (-given[answer], answer))
    kept = frequent if len(frequent) <= MOST else frequent[: MOST - 1]
    rest = [REST] if len(kept) < len(frequent) else []
    if key.kind == Kind.NUMBER:
        kept = sorted(kept, key=float)
    elif key.kind != Kind.TEXT:
        kept = sorted(kept)
    return [*kept, *rest]


def lumped(flows: Iterable[Flow], answers: Sequence[str]) -> list[Flow]:
    """Return the flows between these answers in their order; all other answers are REST."""
    place = {answer: number for number, answer in enumerate(answers)}
    together: Counter[tuple[str, str]] = Counter()
    for before, after, students in flows:
        ends = (before if before in place else REST, after if after in place else REST)
        together[ends] += students
    in_order = sorted(together, key=lambda ends: (place[ends[0]], place[ends[1]]))
    return [(before, after, together[before, after]) for before, after in in_order]


def drawing(key: AnswerKey, flows: Iterable[Flow]) -> Drawing | None:
    """Return the diagram of some flows, or None if nobody voted twice."""
    given = list(flows)
    answers = order(key, given)
    found = lumped(given, answers)
    if not found:
        return None
    unit = SCALE / sum(students for _, _, students in found)
    first = _bars(key, answers, [(before, n) for before, _, n in found], unit, x=0)
    second = _bars(key, answers, [(after, n) for _, after, n in found], unit, x=WIDTH - BAR)
    # The bands leave and reach the bars in the order of the answers, so that few of them cross.
    leaving = {one.answer: one.y for one in first}
    reaching = {one.answer: one.y for one in second}
    bands = []
    for before, after, students in found:
        height = students * unit
        path = _path(leaving[before], reaching[after], height)
        bands.append(Band(before, after, students, _to(key, after), path))
        leaving[before] += height
        reaching[after] += height
    bottom = max(one.y + one.height for one in (*first, *second))
    return Drawing(WIDTH, round(bottom, 2), first, second, tuple(bands))


def is_right(key: AnswerKey, group: str) -> bool:
    """Return whether answers of this group are right; those that share a bar are not told."""
    return group != REST and key.is_right(group)


def _to(key: AnswerKey, after: str) -> str:
    if key.correct is None or after == REST:
        return "unknown"
    return "right" if is_right(key, after) else "wrong"


def _bars(
    key: AnswerKey,
    answers: Iterable[str],
    given: Iterable[tuple[str, int]],
    unit: float,
    *,
    x: float,
) -> tuple[Bar, ...]:
    students: Counter[str] = Counter()
    for answer, n in given:
        students[answer] += n
    y, bars = 0.0, []
    for answer in answers:
        if n := students[answer]:
            height = n * unit
            bars.append(
                Bar(answer, n, is_right(key, answer), x, round(y, 2), round(height, 2)),
            )
            y += height + GAP
    return tuple(bars)


def _path(start: float, end: float, height: float) -> str:
    left, right, middle = BAR, WIDTH - BAR, WIDTH / 2
    return (
        f"M{left} {start:.2f}C{middle:g} {start:.2f} {middle:g} {end:.2f} {right} {end:.2f}"
        f"V{end + height:.2f}"
        f"C{middle:g} {end + height:.2f} {middle:g} {start + height:.2f} {left} "
        f"{start + height:.2f}Z"
    )
