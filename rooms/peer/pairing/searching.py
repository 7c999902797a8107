"""The best grouping of a few students under the rules of the course, by trying all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from rooms.peer.pairing.improving import Groups, Worth
from rooms.peer.pairing.students import Key
from rooms.peer.pairing.table import Table

FEW: Final = 10
"""The greatest number of students whose groupings are all tried."""


def search(
    sizes: Sequence[int],
    units: Sequence[Sequence[int]],
    table: Table[Key],
    *,
    worth: Worth,
    is_fine: Callable[[Groups], bool],
) -> Groups | None:
    """Return the groups of the given sizes with the greatest worth; None if the units do not fit.

    The search ends with the first grouping that is fine, as nothing can be better.

    A unit is a student, or several who stay together. Students of the same answer without any rule
    count as the same, and so do empty groups of the same size, so few groupings are left to try.
    """
    order = sorted(
        units,
        key=lambda unit: (-len(unit), unit[0] not in table.apart, table.answer[unit[0]]),
    )
    groups: Groups = [[] for _ in sizes]
    best: tuple[float, Groups] | None = None

    def is_like(one: Sequence[int], other: Sequence[int]) -> bool:
        pair = one[0], other[0]
        return (
            len(one) == len(other) == 1
            and table.answer[pair[0]] == table.answer[pair[1]]
            and not any(member in table.apart for member in pair)
        )

    def place(number: int, last: int) -> bool:
        """Place all units from this one on; return whether to search no further."""
        nonlocal best
        if number == len(order):
            value = sum(map(worth, groups))
            if best is None or value > best[0]:
                best = value, [list(members) for members in groups]
                return is_fine(groups)
            return False
        unit = order[number]
        first = last if number and is_like(order[number - 1], unit) else 0
        empty: set[int] = set()
        for at in range(first, len(sizes)):
            if len(groups[at]) + len(unit) > sizes[at]:
                continue
            if not groups[at]:
                if sizes[at] in empty:
                    continue
                empty.add(sizes[at])
            groups[at].extend(unit)
            if place(number + 1, at):
                return True
            del groups[at][-len(unit) :]
        return False

    place(0, 0)
    return None if best is None else best[1]


def units_of(pool: Collection[int], blocks: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the blocks and, each as a unit of its own, the other students of a pool."""
    bound = {one for block in blocks for one in block}
    return [list(block) for block in blocks] + [[one] for one in pool if one not in bound]
