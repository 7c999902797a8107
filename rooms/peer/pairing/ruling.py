"""Groups under the rules of the course: students who stay together, and who are never together.

Without rules, the deal is exact (see `dealing`). With them the question is one of colouring graphs,
for which nothing is known that is both exact and fast. What holds is this:

- Fixed groups, and students who are always together and fill a group, are groups of their own. The
  others are grouped as if they were alone in class, so for these the deal stays exact.
- If the deal can be mended by swaps that leave it as good as it was, it is exact, too. `settle`
  looks for these; in classes with a few rules it nearly always succeeds.
- A pool of up to `FEW` students gets the best of all groupings, for the sizes of its groups.
- For others, the best that a bounded number of swaps leads to.
- Two who are never together are together only if no grouping is found without that, not even with
  smaller or larger groups. For pools of up to `FEW`, none exists. For others there is one
  whenever no student has as many rules as there are groups (A. Hajnal and E. Szemerédi, 1970), and
  the swaps find it. Else as few such pairs as can be found are together, as nobody is left alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic

from rooms.peer.pairing import dealing
from rooms.peer.pairing.improving import Groups, Seating, Worth, settle
from rooms.peer.pairing.searching import FEW, search, units_of
from rooms.peer.pairing.students import Key
from rooms.peer.pairing.table import BROKEN, MIXED, NO_ANSWER, Table

MOST_NUMBERS: Final = 6
"""Numbers of groups that are tried to keep the rules."""


class Obeying(Generic[Key]):
    """Groups of a pool of students under the rules of the course.

    ``make`` puts the pool into a number of groups, without a look at the rules. ``blocks`` are the
    students of the pool who stay together, fewer than ``size`` each.
    """

    def __init__(
        self,
        pool: Sequence[int],
        blocks: Sequence[Sequence[int]],
        table: Table[Key],
        rng: random.Random,
        *,
        size: int,
        method: str,
        make: Callable[[int], Groups],
    ) -> None:
        self._pool = pool
        self._blocks = blocks
        self._bound = {one for block in blocks for one in block}
        self._table = table
        self._rng = rng
        self._size = size
        self._method = method
        self._make = make

    def groups(self, count: int) -> Groups:
        """Return ``count`` groups that keep the rules, or as near to that number as they allow.

        A grouping that keeps them can be split until all groups have two or three members, and
        still keeps them. So no numbers of groups but those from a third to half of the students
        need be tried to find one.
        """
        best: tuple[tuple[int, int], Groups] | None = None
        n = len(self._pool)
        numbers = range(min(count, -(-n // 3)), max(count, n // 2) + 1)
        for number in sorted(numbers, key=lambda one: (abs(one - count), -one))[:MOST_NUMBERS]:
            made = self._obey(self._make(number))
            broken = sum(map(self._table.broken, made))
            too_many = sum(max(0, len(members) - self._size - 1) for members in made)
            if best is None or (broken, too_many) < best[0]:
                best = (broken, too_many), made
            if not broken and not too_many:
                break
        assert best is not None
        return best[1]

    def _obey(self, groups: Groups) -> Groups:
        groups = gather(groups, self._blocks, self._worth)
        if self._is_fine(groups):
            return groups
        if len(self._pool) <= FEW:
            sizes = sorted(map(len, groups), reverse=True)
            units = units_of(self._pool, self._blocks)
            found = search(sizes, units, self._table, worth=self._worth, is_fine=self._is_fine)
            # The groups themselves are one way to place the units.
            assert found is not None
            return found
        settle(
            groups,
            self._table,
            self._rng,
            worth=self._worth,
            is_fine=self._is_fine,
            bound=self._bound,
        )
        return groups

    @property
    def _worth(self) -> Worth:
        table = self._table
        if self._method == "different_answers":
            return table.worth
        if self._method == "same_answer":
            return lambda members: -BROKEN * table.broken(members) - MIXED * table.is_mixed(members)
        return lambda members: -BROKEN * table.broken(members)

    def _is_fine(self, groups: Groups) -> bool:
        table = self._table
        if any(map(table.broken, groups)):
            return False
        if self._method != "different_answers":
            return True
        votes = votes_of(self._pool, table)
        right = sum(table.right[one] for one in self._pool)
        return sum(map(table.is_mixed, groups)) >= dealing.most_mixed(votes, len(groups)) and (
            sum(map(table.has_right, groups)) >= dealing.most_right(votes, right, len(groups))
        )


def votes_of(pool: Collection[int], table: Table[Key]) -> list[int]:
    """Return the number of votes for each answer."""
    votes: dict[int, int] = {}
    for one in pool:
        if (answer := table.answer[one]) != NO_ANSWER:
            votes[answer] = votes.get(answer, 0) + 1
    return list(votes.values())


def gather(groups: Groups, blocks: Sequence[Sequence[int]], worth: Worth) -> Groups:
    """Bring those together who stay together, by the swaps that cost least.

    The groups keep their sizes if the blocks fit into them.
    """
    bound: set[int] = set()
    for block in sorted(blocks, key=len, reverse=True):
        seating = Seating(groups, worth)
        taken = [len(bound.intersection(members)) for members in groups]
        inside = [len(set(members).intersection(block)) for members in groups]
        fitting = [
            at for at, members in enumerate(groups) if len(members) - taken[at] >= len(block)
        ]
        target = max(fitting or range(len(groups)), key=lambda at: (-taken[at], inside[at], -at))
        bound.update(block)
        for one in block:
            if seating.where[one] == target:
                continue
            free = [other for other in groups[target] if other not in bound]
            if free:
                seating.swap(one, max(free, key=lambda other: seating.gain(one, other)))
            else:
                groups[seating.where[one]].remove(one)
                groups[target].append(one)
                seating = Seating(groups, worth)
    return _levelled(groups, bound)


def _levelled(groups: Groups, bound: Collection[int]) -> Groups:
    """Return the groups, as equal in size as those who need not stay together can make them."""
    groups = [members for members in groups if members]
    for _ in range(sum(map(len, groups))):
        groups.sort(key=len)
        smallest, *others = groups
        free = [one for one in smallest if one not in bound]
        givers = [
            members
            for members in others
            if len(members) > len(smallest) + 1 and any(one not in bound for one in members)
        ]
        if givers:
            moved = next(one for one in reversed(givers[-1]) if one not in bound)
            givers[-1].remove(moved)
            smallest.append(moved)
        elif len(smallest) == 1 and free and others:
            others[0].append(free[0])
            groups = others
        else:
            break
    return groups
