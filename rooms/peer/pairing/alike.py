"""Groups in which students of the same answer meet."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rooms.peer.pairing.dealing import by_answer, count_plainly
from rooms.peer.pairing.students import Key
from rooms.peer.pairing.table import NO_ANSWER, Table


def gather(pool: Sequence[int], table: Table[Key], size: int, count: int) -> list[list[int]]:
    """Return groups of one answer each, and groups of the students who are left of each answer.

    If ``count`` is more than the number that ``size`` leads to, there are ``count`` groups of
    students who follow each other by answer.
    """
    answered, unanswered = by_answer(pool, table)
    if count > count_plainly(len(pool), size):
        order = [one for same in answered for one in same] + unanswered
        return _cut(order, count)
    groups: list[list[int]] = []
    rest: list[list[int]] = []
    for same in answered:
        left_over = len(same) % size
        rest.append(same[:left_over])
        groups += _cut(same[left_over:], len(same) // size)
    rest.sort(key=len, reverse=True)
    left = [one for same in rest for one in same] + unanswered
    if len(left) == 1 and groups:
        _join(groups, left[0], table)
    elif left:
        groups += _cut(left, count_plainly(len(left), size))
    return groups


def _cut(students: Sequence[int], count: int) -> list[list[int]]:
    """Cut consecutive students into ``count`` groups whose sizes differ by at most one."""
    bounds = [index * len(students) // count for index in range(count + 1)] if count else []
    return [list(students[a:b]) for a, b in itertools.pairwise(bounds)]


def _join(groups: list[list[int]], one: int, table: Table[Key]) -> None:
    mine = table.answer[one]
    same = (group for group in groups if NO_ANSWER != mine == table.answer[group[0]])
    next(same, groups[-1]).append(one)
