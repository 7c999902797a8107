"""Partner groups for a class that has voted. Pure functions, no I/O.

The core is one observation. Sort the students by answer, with the most frequent answer first and
students without an answer last, and deal them like cards to the groups. Then no group gets an
answer twice before every group has it, the number of groups with different answers is as large as
possible, and students without an answer sit with students who have one. For pairs this is the
well-known pairing of each student with the one half a class further on.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

Key = TypeVar("Key", bound=Hashable)
Method = Literal["different_answers", "random", "same_answer", "keep"]


@dataclass(frozen=True, slots=True)
class Student(Generic[Key]):
    """A student to be grouped.

    ``answer`` is the choice, or None without a vote. ``lately`` is true for a student who is not
    online, but was a moment ago and may return.
    """

    key: Key
    answer: str | None
    online: bool = True
    lately: bool = False

    @property
    def is_company(self) -> bool:
        """Return whether a partner may go on waiting for this student."""
        return self.online or self.lately


@dataclass(frozen=True, slots=True)
class Group(Generic[Key]):
    members: tuple[Student[Key], ...]

    @property
    def online_count(self) -> int:
        """Return the number of online members."""
        return sum(member.online for member in self.members)

    def differs_from(self, student: Student[Key]) -> bool:
        """Return whether a member gave another answer than ``student``."""
        return any(
            member.answer is not None and member.answer != student.answer for member in self.members
        )

    def leaves_alone(self, student: Student[Key]) -> bool:
        """Return whether this member is online and no other member is company."""
        return student.online and not any(
            member.is_company for member in self.members if member.key != student.key
        )


@dataclass(frozen=True, slots=True)
class Move(Generic[Key]):
    """A student's move to the group at index ``target``, from the one at ``source`` or none."""

    key: Key
    source: int | None
    target: int


def form_groups(
    students: Sequence[Student[Key]],
    *,
    size: int = 2,
    method: Method = "different_answers",
    previous: Sequence[Sequence[Key]] = (),
    rng: random.Random | None = None,
) -> list[list[Key]]:
    """Put every student into exactly one group, of ``size`` members if the numbers allow it.

    With two or more students no group has fewer than two members. A student alone in class is a
    group of one, which the caller has to handle. Online students are grouped among themselves, and
    so are offline students, so that nobody waits for an absent partner. Only a single online
    student joins the offline ones, and a single offline student joins an online group, beyond its
    size if necessary. Among n students grouped together, groups have ``size`` members. Each
    remaining student enlarges a group. If there are too few groups for that, there is one more
    group, and all are as equal as possible. So groups have 2 to ``size`` + 1 members, and pairs
    have exactly one triple if n is odd.

    Methods:

    - ``different_answers``: as few groups without any answer as possible; then as many groups as
      possible with at least two different answers, and as many different answers in each.
    - ``same_answer``: for pairs, as many groups as possible with a shared answer; larger groups are
      filled with one answer each, and the remaining students of all answers are put together.
    - ``random``.
    - ``keep``: a group of ``previous`` stays, whatever its size, without members who are not among
      ``students``, if at least two of the rest are online (or several, all of them offline). The
      others are grouped by ``different_answers``, and a single one joins a group.

    The result is deterministic for a given ``rng`` and order of ``students``; O(n log n).
    Raises ValueError for a size below 2, an unknown method, or a student given twice.
    """
    if size < 2:
        raise ValueError(f"groups need at least 2 members, not {size}")
    if method not in get_args(Method):
        raise ValueError(f"no such method: {method!r}")
    if len({student.key for student in students}) != len(students):
        raise ValueError("a student was given twice")
    rng = rng or random.Random()
    shuffled = rng.sample(students, len(students))

    groups: list[list[Student[Key]]] = []
    if method == "keep":
        groups, shuffled = _kept(shuffled, previous)
        method = "different_answers"

    online = [student for student in shuffled if student.online]
    offline = [student for student in shuffled if not student.online]
    if len(online) == 1 and not groups:
        pools = [online + offline]
    else:
        pools = [online, offline]
    for pool in pools:
        if len(pool) == 1 and groups:
            _join(groups, pool[0], size)
        elif pool:
            groups += _group(pool, size, method)
    return [[student.key for student in group] for group in groups]


def seat(groups: Sequence[Group[Key]], newcomer: Student[Key], *, limit: int) -> int | None:
    """Return the index of the group that a late student joins; None only if there are no groups.

    Groups with an online member come first in any case, then those with a member who was online a
    moment ago. Among these, groups below ``limit`` members come first, then those with the fewest
    online members, then those with the fewest members, then those with an answer other than the
    newcomer's. ``limit`` gives way if otherwise a student would sit among absent ones, or a member
    whose partners have gone would stay alone.
    """

    def rank(index: int) -> tuple[bool, bool, bool, int, int, bool, int]:
        group = groups[index]
        online = group.online_count
        members = len(group.members)
        full = members >= limit and online != 1
        return (
            online == 0,
            online == 0 and not any(member.lately for member in group.members),
            full,
            0 if full else online,
            members,
            not group.differs_from(newcomer),
            index,
        )

    return min(range(len(groups)), key=rank, default=None)


def reseat(
    groups: Sequence[Group[Key]], newcomers: Sequence[Student[Key]], *, limit: int
) -> list[Move[Key]]:
    """Return the moves, in order, after which no online student is alone.

    Each student moves at most once. Each of ``newcomers``, who are online and in no group, gets the
    place that `seat` finds. Then each online student without company moves to an online student,
    unless someone has joined them before. Two lonely students get each other. A student with nobody
    to go to stays. A move leaves nobody alone, because only lonely students move.
    O(students to move * groups).
    """
    now = list(groups)
    moves: list[Move[Key]] = []

    def move(student: Student[Key], source: int | None, target: int) -> None:
        if source is not None:
            stay = tuple(one for one in now[source].members if one.key != student.key)
            now[source] = Group(stay)
        now[target] = Group((*now[target].members, student))
        moves.append(Move(student.key, source, target))

    for newcomer in newcomers:
        index = seat(now, newcomer, limit=limit)
        if index is not None:
            move(newcomer, None, index)
    for source, group in enumerate(groups):
        for student in filter(group.leaves_alone, group.members):
            if not now[source].leaves_alone(student):
                continue
            company = [i for i, one in enumerate(now) if i != source and one.online_count]
            index = seat([now[i] for i in company], student, limit=limit)
            if index is not None:
                move(student, source, company[index])
    return moves


def _group_count(n: int, size: int) -> int:
    full, left_over = divmod(n, size)
    return full if left_over <= full else full + 1


def _group(pool: list[Student[Key]], size: int, method: Method) -> list[list[Student[Key]]]:
    if method == "same_answer":
        return _gather(pool, size)
    if method == "different_answers":
        pool = [student for same in _by_answer(pool) for student in same]
    count = _group_count(len(pool), size)
    return [pool[start::count] for start in range(count)]


def _by_answer(pool: Iterable[Student[Key]]) -> list[list[Student[Key]]]:
    """Group the students by answer: the most frequent answer first, no answer last."""
    classes: dict[str | None, list[Student[Key]]] = {}
    for student in pool:
        classes.setdefault(student.answer, []).append(student)
    unanswered = classes.pop(None, [])
    return [*sorted(classes.values(), key=len, reverse=True), unanswered]


def _gather(pool: list[Student[Key]], size: int) -> list[list[Student[Key]]]:
    groups: list[list[Student[Key]]] = []
    rest: list[list[Student[Key]]] = []
    *answered, unanswered = _by_answer(pool)
    for same in answered:
        left_over = len(same) % size
        rest.append(same[:left_over])
        groups += _cut(same[left_over:], len(same) // size)
    rest.sort(key=len, reverse=True)
    left = [student for same in rest for student in same] + unanswered
    if len(left) == 1 and groups:
        _join_same(groups, left[0])
    elif left:
        groups += _cut(left, _group_count(len(left), size))
    return groups


def _cut(students: list[Student[Key]], count: int) -> list[list[Student[Key]]]:
    """Cut consecutive students into ``count`` groups whose sizes differ by at most one."""
    bounds = [index * len(students) // count for index in range(count + 1)] if count else []
    return [students[a:b] for a, b in itertools.pairwise(bounds)]


def _kept(
    students: list[Student[Key]], previous: Sequence[Sequence[Key]]
) -> tuple[list[list[Student[Key]]], list[Student[Key]]]:
    """Return the previous groups that still work, and the students left without one."""
    free = {student.key: student for student in students}
    groups: list[list[Student[Key]]] = []
    someone_waits = sum(student.online for student in students) > 1
    for keys in previous:
        group = [free.pop(key) for key in dict.fromkeys(keys) if key in free]
        if someone_waits and sum(student.online for student in group) == 1:
            alone = next(student for student in group if student.online)
            group.remove(alone)
            free[alone.key] = alone
        if len(group) > 1:
            groups.append(group)
        else:
            free.update((student.key, student) for student in group)
    return groups, list(free.values())


def _join(groups: list[list[Student[Key]]], student: Student[Key], size: int) -> None:
    index = seat([Group(tuple(group)) for group in groups], student, limit=size + 1)
    assert index is not None
    groups[index].append(student)


def _join_same(groups: list[list[Student[Key]]], student: Student[Key]) -> None:
    same = (group for group in groups if group[0].answer == student.answer)
    next(same, groups[-1]).append(student)
