"""Swaps of students between groups, by which a grouping gets better and never worse.

`improve` serves contrast and repeats, for all pools. `settle` serves the rules of the course, where
they stand against a grouping that is otherwise the best. Both are bounded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import Final

from rooms.peer.pairing.students import Key
from rooms.peer.pairing.table import BROKEN, NO_ANSWER, Table

Groups = list[list[int]]
Worth = Callable[[Sequence[int]], float]

TRIES: Final = 4
"""Swaps that are tried for each group, where confidence or the nearness of answers counts."""
REPEAT_TRIES: Final = 30
"""Swaps that are tried for each group with students who were partners before."""
MOST_TRIES: Final = 16_000
"""Swaps that are tried for a pool. This bounds the time for a class of thousands."""
MOST_SETTLING: Final = 6_000
"""Swaps that are tried for a pool to keep the rules of the course."""


class Seating:
    """Groups of students by number, and where each student is."""

    def __init__(self, groups: Groups, worth: Worth) -> None:
        self.groups = groups
        self.worth = worth
        self.values = [worth(members) for members in groups]
        self.where = {one: at for at, members in enumerate(groups) for one in members}

    def gain(self, one: int, other: int) -> float:
        """Return what a swap of two students of different groups would add to the worth."""
        here, there = self.where[one], self.where[other]
        with_other, with_one = self.groups[here][:], self.groups[there][:]
        with_other[with_other.index(one)], with_one[with_one.index(other)] = other, one
        now = self.worth(with_other) + self.worth(with_one)
        return now - self.values[here] - self.values[there]

    def swap(self, one: int, other: int) -> None:
        """Swap two students of different groups."""
        here, there = self.where[one], self.where[other]
        mine, theirs = self.groups[here], self.groups[there]
        mine[mine.index(one)], theirs[theirs.index(other)] = other, one
        self.where[one], self.where[other] = there, here
        self.values[here], self.values[there] = self.worth(mine), self.worth(theirs)


def improve(
    groups: Groups, table: Table[Key], rng: random.Random, bound: Collection[int] = ()
) -> None:
    """Swap students where this adds contrast to the groups or takes repeats from them.

    A student is swapped with one of the same answer. So every group keeps its answers, and what was
    the best of different and right answers stays the best. Where answers are more or less
    different, any two who voted may be swapped, if this costs no group what counts more. Students
    in ``bound`` stay where they are.
    """
    pool = [one for members in groups for one in members]
    is_graded = table.is_graded and any(table.answer[one] != NO_ANSWER for one in pool)
    has_contrast = is_graded or table.has_contrast(pool)
    if len(groups) < 2 or not (has_contrast or table.has_earlier):
        return
    kinds: dict[int, list[int]] = {}
    for one in pool:
        if one not in bound:
            answer = table.answer[one]
            kinds.setdefault(min(answer, 0) if is_graded else answer, []).append(one)
    seating = Seating(groups, table.worth)
    left = MOST_TRIES
    order = list(range(len(groups)))
    rng.shuffle(order)
    chance = rng.random
    for at in order:
        members = groups[at]
        tries = TRIES * (1 + is_graded) if has_contrast else 0
        if table.repeats(members):
            tries = REPEAT_TRIES
        for _ in range(min(tries, left)):
            left -= 1
            one = members[int(chance() * len(members))]
            if one in bound:
                continue
            answer = table.answer[one]
            others = kinds[min(answer, 0) if is_graded else answer]
            other = others[int(chance() * len(others))]
            if seating.where[other] != at and seating.gain(one, other) > 1e-9:
                seating.swap(one, other)
                if not has_contrast and not table.repeats(members):
                    break


def settle(
    groups: Groups,
    table: Table[Key],
    rng: random.Random,
    *,
    worth: Worth,
    is_fine: Callable[[Groups], bool],
    bound: Collection[int] = (),
) -> None:
    """Swap students until the grouping is fine, or no swap makes it better.

    The groups with the least worth come first. For each, the best swap of one of its members with
    anybody outside is made. Students in ``bound`` stay where they are.
    """
    seating = Seating(groups, worth)
    free = [one for members in groups for one in members if one not in bound]
    rng.shuffle(free)
    left = MOST_SETTLING
    gained = True
    while gained and left > 0 and not is_fine(groups):
        gained = False
        for at in sorted(range(len(groups)), key=lambda at: seating.values[at]):
            best = 1e-9
            chosen = None
            for one in groups[at]:
                if one in bound:
                    continue
                for other in free:
                    if seating.where[other] == at:
                        continue
                    left -= 1
                    if (gain := seating.gain(one, other)) > best:
                        best, chosen = gain, (one, other)
                    if left <= 0 or (chosen and best >= BROKEN):
                        break
                if left <= 0:
                    break
            if chosen:
                seating.swap(*chosen)
                gained = True
                break
            if left <= 0:
                return
