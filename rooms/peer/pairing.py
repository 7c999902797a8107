"""Who talks with whom: partner groups for a class that has voted. Pure functions, no I/O.

The core is one observation. Sort the students by answer, the most frequent answer first and those
without one last, and deal them like cards to the groups: then no answer comes twice to a group
before it has come to every group, the number of groups with different answers is as large as it
can be, and those without an answer sit with those who have one. For pairs it is the well-known
pairing of each student with the one half a class further on.
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
    """``answer`` is what was voted, None without a vote; ``lately`` tells that a student who is
    not online was until a moment ago, and may be back in the next."""

    key: Key
    answer: str | None
    online: bool = True
    lately: bool = False

    @property
    def is_company(self) -> bool:
        """Whether a partner may go on waiting for this student."""
        return self.online or self.lately


@dataclass(frozen=True, slots=True)
class Group(Generic[Key]):
    members: tuple[Student[Key], ...]

    @property
    def online_count(self) -> int:
        """How many are online."""
        return sum(member.online for member in self.members)

    def differs_from(self, student: Student[Key]) -> bool:
        """Whether somebody here gave another answer than ``student``."""
        return any(
            member.answer is not None and member.answer != student.answer for member in self.members
        )

    def leaves_alone(self, student: Student[Key]) -> bool:
        """Whether this member is online, and no other one is company."""
        return student.online and not any(
            member.is_company for member in self.members if member.key != student.key
        )


@dataclass(frozen=True, slots=True)
class Move(Generic[Key]):
    """A student goes to the group at the index ``target``, from the one at ``source`` or none."""

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
    """Put every student into exactly one group; groups of ``size`` as far as numbers allow.

    With two students or more no group has fewer than two; a student alone in class is a group of
    one, and what to do about that is the caller's. Students online are grouped among
    themselves and so are those offline, so that nobody waits for somebody absent; only a single
    student online is put with the offline ones, and a single one offline joins a group
    online, over its size if need be. Among n students grouped together, groups have
    ``size`` members; those left over enlarge a group each, or, where there are too few groups for
    that, there is one group more and all are as equal as can be: so 2 to ``size`` + 1 members,
    and for pairs exactly one triple when n is odd.

    Methods:

    - ``different_answers``: as few groups without any answer as possible; then as many groups with
      at least two different answers as possible, and as many different ones in each.
    - ``same_answer``: for pairs, as many groups as possible with one answer shared; larger groups
      are filled with one answer each, and those left over of all answers are put together.
    - ``random``.
    - ``keep``: the groups of ``previous`` stay, whatever their size, without those who are not
      among ``students``, wherever two of them are still online (or several, all of them
      offline); the others are grouped by ``different_answers``, and one alone joins a group.

    Deterministic for a given ``rng`` and order of ``students``; O(n log n).
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
    """The index of the group that a late student joins; None only if there are no groups.

    Groups with somebody online come first, whatever else holds; then those with somebody who was
    until a moment ago. Of these come first the ones below ``limit`` members, of these
    the one with the fewest online, then the fewest members, then one with an answer other than the
    newcomer's. ``limit`` gives way rather than leave a student among absent ones, or
    somebody alone whose partners have gone.
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
    """The moves, in order, after which nobody online is alone; at most one for each student.

    Each of ``newcomers``, who are online and in no group, gets the place that `seat` finds. Then
    whoever is online and alone, as no other member is company, goes to somebody online, unless
    somebody came before. Two who are alone get each other. A student stays who has nobody to go
    to. Nobody is left alone by a move, as whoever moves was. O(students to move * groups).
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
    """The students by answer: the most frequent answer first, those without one last."""
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
    """Consecutive students into ``count`` groups that differ by at most one in size."""
    bounds = [index * len(students) // count for index in range(count + 1)] if count else []
    return [students[a:b] for a, b in itertools.pairwise(bounds)]


def _kept(
    students: list[Student[Key]], previous: Sequence[Sequence[Key]]
) -> tuple[list[list[Student[Key]]], list[Student[Key]]]:
    """The previous groups that still work, and the students left without one."""
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
