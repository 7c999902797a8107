"""Partner groups for a class that has voted. Pure functions, no I/O."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, get_args

from rooms.peer.answers import AnswerKey
from rooms.peer.pairing import alike, dealing
from rooms.peer.pairing.improving import Groups, improve
from rooms.peer.pairing.ruling import Obeying, votes_of
from rooms.peer.pairing.seats import seat
from rooms.peer.pairing.students import LETTERS, Group, Key, Method, Rules, Student
from rooms.peer.pairing.table import Table

FIXED = "fixed"
"""The method of a group that a rule of the course has put together."""


@dataclass(frozen=True, slots=True)
class Formed(Generic[Key]):
    """A group, and the method by which it was formed: a `Method`, or `FIXED`."""

    members: tuple[Student[Key], ...]
    method: str


def form_groups(
    students: Sequence[Student[Key]],
    *,
    size: int = 2,
    method: Method = "different_answers",
    previous: Sequence[Sequence[Key]] = (),
    judge: AnswerKey = LETTERS,
    rng: random.Random | None = None,
    rules: Rules[Key] | None = None,
    earlier: Mapping[Key, Collection[Key]] | None = None,
) -> list[list[Key]]:
    """Return the keys of the members of the groups that `form` forms."""
    formed = form(
        students,
        size=size,
        method=method,
        previous=previous,
        judge=judge,
        rng=rng,
        rules=rules,
        earlier=earlier,
    )
    return [[student.key for student in group.members] for group in formed]


def form(
    students: Sequence[Student[Key]],
    *,
    size: int = 2,
    method: Method = "different_answers",
    previous: Sequence[Sequence[Key]] = (),
    judge: AnswerKey = LETTERS,
    rng: random.Random | None = None,
    rules: Rules[Key] | None = None,
    earlier: Mapping[Key, Collection[Key]] | None = None,
    compares: bool = False,
) -> list[Formed[Key]]:
    """Put every student into exactly one group, of ``size`` members if the numbers allow it.

    With two or more students no group has fewer than two members. A student alone in class is a
    group of one, which the caller has to handle. Online students are grouped among themselves, and
    so are offline students, so that nobody waits for an absent partner. Only a single online
    student joins the offline ones, and a single offline student joins an online group, beyond its
    size if necessary. In the same way, students are grouped with those in the same place, and who
    would be alone there is grouped with those in the place that has most.

    Among n students grouped together, groups have ``size`` members. Each remaining student enlarges
    a group. If there are too few groups for that, there is one more group, and all are as equal as
    possible. So groups have 2 to ``size`` + 1 members, and pairs have exactly one triple if n is
    odd. By ``different_answers``, students without an answer enlarge the groups of the others, too,
    which makes fewer groups (`dealing.count`).

    Methods:

    - ``different_answers``: first, as few groups as possible in which all who voted gave the same
      answer, or fewer than two voted. Second, as many groups as possible with somebody right. Both
      are exact, by the proof in `dealing`. Then as few groups as possible without any answer, and
      as many different answers in each as possible. Third, contrast: someone sure with someone
      unsure who answered differently, numbers far apart, several choices with little in common.
      Fourth, as few partners as possible who were partners before, as ``earlier`` says. The last
      two are served by a bounded number of swaps (`improving`), which cost the first two nothing.
    - ``same_answer``: for pairs, as many groups as possible with a shared answer; larger groups are
      filled with one answer each, and the remaining students of all answers are put together.
    - ``random``.
    - ``keep``: a group of ``previous`` stays, whatever its size, without members who are not among
      ``students``, if at least two of the rest are online (or several, all of them offline), and
      the rules allow it. The others are grouped by ``different_answers``, and a single one joins a
      group.

    ``rules`` hold for all methods; `ruling` says how far. Among contradicting rules, ``never`` is
    the strongest. Only that nobody is alone comes before it. With ``compares``, half of the
    students, chosen at random, are grouped by ``random`` instead of ``different_answers``, so that
    the two can be compared as in an experiment. In a class too small for that, chance chooses
    between the two.

    ``judge`` knows of how different answers are. The result is deterministic for a given ``rng``
    and order of ``students``; O(n log n).
    Raises ValueError for a size below 2, an unknown method, or a student given twice.
    """
    if size < 2:
        raise ValueError(f"groups need at least 2 members, not {size}")
    if method not in get_args(Method):
        raise ValueError(f"no such method: {method!r}")
    if len({student.key for student in students}) != len(students):
        raise ValueError("a student was given twice")
    rng = rng or random.Random()
    rules = rules or Rules()
    table = Table(
        rng.sample(students, len(students)), judge=judge, rules=rules, earlier=earlier or {}
    )
    forming = _Forming(table, rules, rng, size=size, judge=judge)
    forming.keep_fixed()
    if method == "keep":
        forming.keep(previous)
        method = "different_answers"
    forming.form_rest(method, compares=compares and method == "different_answers")
    return [
        Formed(tuple(table.students[one] for one in members), used)
        for members, used in forming.formed
    ]


class _Forming(Generic[Key]):
    """The groups of a class that are formed so far, and the students who are free."""

    def __init__(
        self,
        table: Table[Key],
        rules: Rules[Key],
        rng: random.Random,
        *,
        size: int,
        judge: AnswerKey,
    ) -> None:
        self.formed: list[tuple[list[int], str]] = []
        self._free = dict.fromkeys(range(len(table.students)))
        self._table = table
        self._rules = rules
        self._rng = rng
        self._size = size
        self._judge = judge
        self._online = [student.online for student in table.students]
        self._someone_waits = sum(self._online) > 1

    def keep_fixed(self) -> None:
        """Form the fixed groups of which several are here."""
        for keys in self._table.fixed:
            self._stay(self._without_strife(keys), FIXED)

    def keep(self, previous: Sequence[Sequence[Key]]) -> None:
        """Form the previous groups that still work."""
        numbers = {key: one for one, key in enumerate(self._table.keys)}
        blocks = [set(block) for block in self._table.together]
        for keys in previous:
            members = [numbers[key] for key in dict.fromkeys(keys) if key in numbers]
            group = [one for one in members if one in self._free]
            torn = any(block.intersection(group) and not block <= set(group) for block in blocks)
            if not torn and not self._table.broken(group):
                self._stay(group, "keep")

    def form_rest(self, method: Method, *, compares: bool) -> None:
        """Form groups of all who are free."""
        online = [one for one in self._free if self._online[one]]
        offline = [one for one in self._free if not self._online[one]]
        waiting = any(self._online[one] for members, _ in self.formed for one in members)
        if len(online) == 1 and not waiting:
            presences = [online + offline]
        else:
            presences = [online, offline]
        for present in presences:
            if len(present) == 1 and self.formed:
                self._join(present[0])
            elif present:
                self._form_present(present, method, compares=compares)

    def _form_present(self, present: list[int], method: Method, *, compares: bool) -> None:
        """Form groups within the places, of students who are all here or all absent."""
        here = set(present)
        wanted = (self._without_strife(here.intersection(keys)) for keys in self._table.together)
        blocks = [block for block in wanted if len(block) > 1]
        large = [block for block in blocks if len(block) >= self._size]
        small = [block for block in blocks if len(block) < self._size]
        self.formed += [(block, FIXED) for block in large]
        taken = {one for block in large for one in block}
        pools = self._pools([one for one in present if one not in taken], small)
        if len(pools) == 1 and len(pools[0]) == 1 and self.formed:
            self._join(pools[0][0])
            return
        made: list[tuple[list[int], str]] = []
        # Below, a pool may take in those of another one.
        everybody = [one for pool in pools for one in pool]
        waiting = sorted(pools, key=len)
        while waiting:
            pool = waiting.pop(0)
            groups = self._form_pool(pool, small, method, compares=compares)
            if waiting and self._broken(groups):
                # Rules that the place cannot keep are kept with the help of another one.
                waiting[-1] += pool
                waiting.sort(key=len)
            else:
                made += groups
        if len(pools) > 1 and self._broken(made):
            made = self._form_pool(everybody, small, method, compares=compares)
        if small and self._broken(made):
            # Rules that keep students apart are stronger than those that keep them together.
            loose = self._form_pool(everybody, [], method, compares=compares)
            made = min(made, loose, key=self._broken)
        self.formed += made

    def _broken(self, made: Iterable[tuple[list[int], str]]) -> int:
        return sum(self._table.broken(members) for members, _ in made)

    def _pools(self, present: Iterable[int], blocks: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return the students of each place. Who would be alone is with the most."""
        students = self._table.students
        moved: dict[int, str] = {}
        for block in blocks:
            place = Counter(students[one].place for one in block).most_common(1)[0][0]
            moved |= dict.fromkeys(block, place)
        by_place: dict[str, list[int]] = {}
        for one in present:
            by_place.setdefault(moved.get(one, students[one].place), []).append(one)
        pools = sorted(by_place.values(), key=len, reverse=True)
        alone = [pool for pool in pools[1:] if len(pool) == 1]
        for pool in alone:
            pools[0] += pool
        return [pool for pool in pools if pool not in alone]

    def _form_pool(
        self, pool: list[int], blocks: Sequence[list[int]], method: Method, *, compares: bool
    ) -> list[tuple[list[int], str]]:
        """Form groups of students who may be grouped with each other."""
        members = set(pool)
        ours = [block for block in blocks if members.issuperset(block)]
        if not compares:
            return [(group, method) for group in self._by(method, pool, ours)]
        methods: list[Method] = ["random", "different_answers"]
        self._rng.shuffle(methods)
        half, rest = self._halves(pool, ours)
        made: list[tuple[list[int], str]] = []
        for part, used in zip((half, rest), methods, strict=True):
            within = set(part)
            inner = [block for block in ours if within.issuperset(block)]
            if part:
                made += [(group, used) for group in self._by(used, part, inner)]
        return made

    def _halves(self, pool: list[int], blocks: Sequence[list[int]]) -> tuple[list[int], list[int]]:
        """Return the students in two halves, or all in the second if they are too few for two."""
        wanted = len(pool) // 2 // self._size * self._size
        bound = {one for block in blocks for one in block}
        units = [*blocks, *([one] for one in pool if one not in bound)]
        self._rng.shuffle(units)
        half: list[int] = []
        rest: list[int] = []
        for unit in units:
            (half if len(half) + len(unit) <= wanted else rest).extend(unit)
        return (half, rest) if len(half) > 1 < len(rest) else ([], pool)

    def _by(self, method: Method, pool: list[int], blocks: Sequence[list[int]]) -> Groups:
        table, size = self._table, self._size

        def make(count: int) -> Groups:
            if method == "different_answers":
                return dealing.deal(pool, table, count)
            if method == "random":
                return [pool[start::count] for start in range(count)]
            return alike.gather(pool, table, size, count)

        if method == "different_answers":
            count = dealing.count(votes_of(pool, table), len(pool), size)
        else:
            count = dealing.count_plainly(len(pool), size)
        if blocks or not table.apart.keys().isdisjoint(pool):
            obeying = Obeying(pool, blocks, table, self._rng, size=size, method=method, make=make)
            groups = obeying.groups(count)
        else:
            groups = make(count)
        if method == "different_answers":
            improve(groups, table, self._rng, {one for block in blocks for one in block})
        return groups

    def _without_strife(self, members: Iterable[int]) -> list[int]:
        """Return those of a block who are free and may be put together with those before them."""
        block: list[int] = []
        for one in sorted(members):
            apart = self._table.apart.get(one, set())
            if one in self._free and apart.isdisjoint(block):
                block.append(one)
        return block

    def _stay(self, group: list[int], method: str) -> None:
        """Form a group of several who are here, or who are all absent; a single one is free."""
        online = [one for one in group if self._online[one]]
        if self._someone_waits and len(online) == 1:
            group = [one for one in group if one not in online]
        if len(group) > 1:
            self.formed.append((group, method))
            for one in group:
                del self._free[one]

    def _join(self, one: int) -> None:
        """Put a student into a group, as there is nobody else to form one with."""
        students = self._table.students
        seats = [Group(tuple(students[member] for member in members)) for members, _ in self.formed]
        index = seat(
            seats, students[one], limit=self._size + 1, judge=self._judge, rules=self._rules
        )
        assert index is not None
        self.formed[index][0].append(one)
