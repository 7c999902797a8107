"""The facts of a group: what it is made of, as lecturers see it and as yields are counted by."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rooms.peer.answers import AnswerKey
from rooms.peer.pairing.students import LETTERS, Key, Student
from rooms.peer.places import common_place


@dataclass(frozen=True, slots=True)
class Facts:
    """Holds the make of a group.

    ``is_mixed`` says whether two of its ``voters`` gave answers that count as different, and
    ``right`` how many were right, or None if no right answer is known. ``confidence_gap`` is the
    greatest difference of confidence between two who answered differently, or None if there are no
    two of whom it is known. ``repeats`` counts the pairs of members who were partners before.
    ``place`` is where the members are, as `common_place` says it.
    """

    size: int
    voters: int
    is_mixed: bool
    right: int | None
    confidence_gap: int | None
    repeats: int
    place: str


def facts(
    members: Sequence[Student[Key]],
    *,
    judge: AnswerKey = LETTERS,
    earlier: Mapping[Key, Collection[Key]] | None = None,
) -> Facts:
    """Return the facts of a group.

    ``earlier`` has the earlier partners of each student. Whether a right answer is known is what
    ``judge`` says.
    """
    before = earlier or {}
    voters = [member for member in members if member.answer is not None]
    gaps = [
        abs(one.confidence - other.confidence)
        for one, other in itertools.combinations(voters, 2)
        if one.confidence is not None
        and other.confidence is not None
        and _differ(one, other, judge)
    ]
    return Facts(
        size=len(members),
        voters=len(voters),
        is_mixed=any(_differ(voters[0], other, judge) for other in voters[1:]),
        right=None if judge.correct is None else sum(member.is_right is True for member in voters),
        confidence_gap=max(gaps, default=None),
        repeats=sum(
            other.key in before.get(one.key, ())
            for one, other in itertools.combinations(members, 2)
        ),
        place=common_place(member.place for member in members),
    )


def _differ(one: Student[Key], other: Student[Key], judge: AnswerKey) -> bool:
    a, b = one.answer or "", other.answer or ""
    return a != b and judge.group(a) != judge.group(b)
