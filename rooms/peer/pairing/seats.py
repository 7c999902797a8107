"""Seats for students who come late or are left alone."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.peer.answers import AnswerKey
from rooms.peer.pairing.students import LETTERS, Group, Key, Move, Rules, Student


def seat(
    groups: Sequence[Group[Key]],
    newcomer: Student[Key],
    *,
    limit: int,
    judge: AnswerKey = LETTERS,
    rules: Rules[Key] | None = None,
) -> int | None:
    """Return the index of the group that a late student joins; None only if there are no groups.

    Groups with an online member come first in any case, then those with a member who was online a
    moment ago. Among these, the rules of the course decide: first groups without anybody who is
    never put together with the newcomer, then those with most of the students whom the newcomer is
    always with, then those that are no fixed group. Then groups in the place of the newcomer come
    first, unless they are two members above ``limit``. After that, groups below ``limit`` members
    come first, then those with the fewest online members, then those with the fewest members, then
    those with the answer that differs most from the newcomer's. ``limit`` gives way if otherwise a
    student would sit among absent ones, or a member whose partners have gone would stay alone.
    """

    def ruled(group: Group[Key]) -> tuple[bool, int, bool]:
        if not rules:
            return False, 0, False
        keys = [member.key for member in group.members]
        return (
            rules.breaks(newcomer.key, keys),
            -rules.mates(newcomer.key, keys),
            rules.closed_to(newcomer.key, keys),
        )

    def away(group: Group[Key]) -> bool:
        if not newcomer.place or len(group.members) >= limit + 2:
            return bool(newcomer.place)
        return all(one.place != newcomer.place for one in group.members if one.is_company)

    def rank(
        index: int,
    ) -> tuple[bool, bool, tuple[bool, int, bool], bool, bool, int, int, float, int]:
        group = groups[index]
        online = group.online_count
        members = len(group.members)
        full = members >= limit and online != 1
        return (
            online == 0,
            online == 0 and not any(member.lately for member in group.members),
            ruled(group),
            away(group),
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
    rules: Rules[Key] | None = None,
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
        index = seat(now, newcomer, limit=limit, judge=judge, rules=rules)
        if index is not None:
            move(newcomer, None, index)
    for source, group in enumerate(groups):
        for student in filter(group.leaves_alone, group.members):
            if not now[source].leaves_alone(student):
                continue
            company = [i for i, one in enumerate(now) if i != source and one.online_count]
            index = seat([now[i] for i in company], student, limit=limit, judge=judge, rules=rules)
            if index is not None:
                move(student, source, company[index])
    return moves
