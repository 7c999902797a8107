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
from typing import Final, Generic, Literal, TypeVar, get_args

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind

Key = TypeVar("Key", bound=Hashable)
LETTERS: Final = AnswerKey(Kind.SINGLE)
"""Tells answers apart that are either equal or not."""
SWAPS: Final = 10
"""Tries, for each student, to have more different answers within the groups."""
Method = Literal["different_answers", "random", "same_answer", "keep"]


@dataclass(frozen=True, slots=True)
class Student(Generic[Key]):
    """A student to be grouped.

    ``answer`` is the vote, or None without one. ``lately`` is true for a student who is not
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

    def distance(self, student: Student[Key], judge: AnswerKey) -> float:
        """Return how much an answer of the members differs from the one of ``student``, up to 1.

        Any answer differs from none.
        """
        given = (member.answer for member in self.members if member.answer is not None)
        if student.answer is None:
            return float(any(True for _ in given))
        mine = student.answer
        return max((judge.distance(mine, answer) for answer in given), default=0.0)

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
    judge: AnswerKey = LETTERS,
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
      possible with at least two different answers, and as many different answers in each. Numbers
      are as far apart as possible, and several choices have little in common.
    - ``same_answer``: for pairs, as many groups as possible with a shared answer; larger groups are
      filled with one answer each, and the remaining students of all answers are put together.
    - ``random``.
    - ``keep``: a group of ``previous`` stays, whatever its size, without members who are not among
      ``students``, if at least two of the rest are online (or several, all of them offline). The
      others are grouped by ``different_answers``, and a single one joins a group.

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
            _join(groups, pool[0], size, judge)
        elif pool:
            made = _group(pool, size, method, judge)
            if method == "different_answers" and judge.kind == Kind.SEVERAL:
                _swap(made, judge, rng)
            groups += made
    return [[student.key for student in group] for group in groups]


def seat(
    groups: Sequence[Group[Key]],
    newcomer: Student[Key],
    *,
    limit: int,
    judge: AnswerKey = LETTERS,
) -> int | None:
    """Return the index of the group that a late student joins; None only if there are no groups.

    Groups with an online member come first in any case, then those with a member who was online a
    moment ago. Among these, groups below ``limit`` members come first, then those with the fewest
    online members, then those with the fewest members, then those with the answer that differs most
    from the newcomer's. ``limit`` gives way if otherwise a student would sit among absent ones, or
    a member whose partners have gone would stay alone.
    """

    def rank(index: int) -> tuple[bool, bool, bool, int, int, float, int]:
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
            -group.distance(newcomer, judge),
            index,
        )

    return min(range(len(groups)), key=rank, default=None)


def reseat(
    groups: Sequence[Group[Key]],
    newcomers: Sequence[Student[Key]],
    *,
    limit: int,
    judge: AnswerKey = LETTERS,
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
        index = seat(now, newcomer, limit=limit, judge=judge)
        if index is not None:
            move(newcomer, None, index)
    for source, group in enumerate(groups):
        for student in filter(group.leaves_alone, group.members):
            if not now[source].leaves_alone(student):
                continue
            company = [i for i, one in enumerate(now) if i != source and one.online_count]
            index = seat([now[i] for i in company], student, limit=limit, judge=judge)
            if index is not None:
                move(student, source, company[index])
    return moves


def _group_count(n: int, size: int) -> int:
    full, left_over = divmod(n, size)
    return full if left_over <= full else full + 1


def _group(
    pool: list[Student[Key]], size: int, method: Method, judge: AnswerKey
) -> list[list[Student[Key]]]:
    if method == "same_answer":
        return _gather(pool, size, judge)
    if method == "different_answers":
        pool = [student for same in _by_answer(pool, judge) for student in same]
    count = _group_count(len(pool), size)
    return [pool[start::count] for start in range(count)]


def _by_answer(pool: Iterable[Student[Key]], judge: AnswerKey) -> list[list[Student[Key]]]:
    """Group the students by answer: the most frequent answer first, no answer last.

    Numbers follow each other from the most frequent one to the greatest, and then from the least
    on. Dealt like this, each is half a class away from those that it is dealt to.
    """
    classes: dict[str, list[Student[Key]]] = {}
    unanswered = []
    for student in pool:
        if student.answer is None:
            unanswered.append(student)
        else:
            classes.setdefault(judge.group(student.answer), []).append(student)
    answered = sorted(classes.values(), key=len, reverse=True)
    if judge.kind == Kind.NUMBER and answered:
        first = answered[0]
        answered.sort(key=lambda same: judge.place(same[0].answer or "0"))
        start = answered.index(first)
        answered = answered[start:] + answered[:start]
    return [*answered, unanswered]


def _swap(groups: list[list[Student[Key]]], judge: AnswerKey, rng: random.Random) -> None:
    """Swap students between groups where this leaves the answers more different within both.

    No swap takes the last other answer from a group. A few tries for each student find nearly all
    that all tries would.
    """
    places = [
        (group, index)
        for group in groups
        for index, student in enumerate(group)
        if student.answer is not None
    ]
    for _ in range(SWAPS * len(places) if len(groups) > 1 else 0):
        (one, i), (other, j) = rng.choice(places), rng.choice(places)
        if one is other:
            continue
        before = _variety(one, judge), _variety(other, judge)
        one[i], other[j] = other[j], one[i]
        after = _variety(one, judge), _variety(other, judge)
        if sum(after) <= sum(before) or after.count(0) > before.count(0):
            one[i], other[j] = other[j], one[i]


def _variety(group: list[Student[Key]], judge: AnswerKey) -> float:
    """Return how different the answers within a group are, summed over all pairs."""
    given = [student.answer for student in group if student.answer is not None]
    return sum(judge.distance(a, b) for a, b in itertools.combinations(given, 2))


def _gather(pool: list[Student[Key]], size: int, judge: AnswerKey) -> list[list[Student[Key]]]:
    groups: list[list[Student[Key]]] = []
    rest: list[list[Student[Key]]] = []
    *answered, unanswered = _by_answer(pool, judge)
    for same in answered:
        left_over = len(same) % size
        rest.append(same[:left_over])
        groups += _cut(same[left_over:], len(same) // size)
    rest.sort(key=len, reverse=True)
    left = [student for same in rest for student in same] + unanswered
    if len(left) == 1 and groups:
        _join_same(groups, left[0], judge)
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


def _join(
    groups: list[list[Student[Key]]], student: Student[Key], size: int, judge: AnswerKey
) -> None:
    seats = [Group(tuple(group)) for group in groups]
    index = seat(seats, student, limit=size + 1, judge=judge)
    assert index is not None
    groups[index].append(student)


def _join_same(groups: list[list[Student[Key]]], student: Student[Key], judge: AnswerKey) -> None:
    mine = student.answer
    same = (
        group
        for group in groups
        if mine is not None
        and (answer := group[0].answer) is not None
        and judge.group(answer) == judge.group(mine)
    )
    next(same, groups[-1]).append(student)
