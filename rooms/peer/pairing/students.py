"""Defines what pairing is about: students, their groups, and the rules of a course."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind

Key = TypeVar("Key", bound=Hashable)
LETTERS: Final = AnswerKey(Kind.SINGLE)
"""Tells answers apart that are either equal or not."""
Method = Literal["different_answers", "random", "same_answer", "keep"]


@dataclass(frozen=True, slots=True)
class Student(Generic[Key]):
    """A student to be grouped.

    ``answer`` is the vote, or None without one. ``lately`` is true for a student who is not
    online, but was a moment ago and may return. ``confidence`` is how sure the student is of the
    answer, from 1 to 5, and None if unknown. ``is_right`` says whether the answer is right, and is
    None without an answer or if the right one is unknown. ``place`` is where the student is, and
    empty if unknown.
    """

    key: Key
    answer: str | None
    online: bool = True
    lately: bool = False
    confidence: int | None = None
    is_right: bool | None = None
    place: str = ""

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


@dataclass(frozen=True, slots=True)
class Rules(Generic[Key]):
    """The rules of a course about its students.

    The two of each pair in ``never`` are not put into one group. Those in one tuple of ``together``
    are put into one group, and so are those in one of ``fixed``, with whom nobody else is put while
    two of them are here. A student is in at most one of all these tuples.
    """

    never: frozenset[frozenset[Key]] = frozenset()
    together: Sequence[tuple[Key, ...]] = ()
    fixed: Sequence[tuple[Key, ...]] = ()
    _apart: dict[Key, set[Key]] = field(init=False, repr=False, compare=False)
    _fixed: dict[Key, frozenset[Key]] = field(init=False, repr=False, compare=False)
    _mates: dict[Key, frozenset[Key]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        apart: dict[Key, set[Key]] = {}
        for pair in self.never:
            for one in pair:
                apart.setdefault(one, set()).update(pair - {one})
        fixed = {key: frozenset(keys) for keys in self.fixed for key in keys}
        mates = {key: frozenset(keys) for keys in self.together for key in keys}
        # The class is frozen, and these are views of its fields.
        object.__setattr__(self, "_apart", apart)
        object.__setattr__(self, "_fixed", fixed)
        object.__setattr__(self, "_mates", mates | fixed)

    def __bool__(self) -> bool:
        return bool(self.never or self.together or self.fixed)

    def apart(self, key: Key) -> set[Key]:
        """Return those who are not put into one group with a student."""
        return self._apart.get(key, set())

    def breaks(self, key: Key, others: Iterable[Key]) -> bool:
        """Return whether the student is not to be put into one group with one of the others."""
        apart = self._apart.get(key)
        return apart is not None and not apart.isdisjoint(others)

    def mates(self, key: Key, others: Iterable[Key]) -> int:
        """Return how many of the others are to be put into one group with the student."""
        mates = self._mates.get(key)
        return 0 if mates is None else len(mates.intersection(others) - {key})

    def closed_to(self, key: Key, others: Iterable[Key]) -> bool:
        """Return whether two of the others are a fixed group that the student is not of."""
        if not self._fixed:
            return False
        owners = [owner for one in others if (owner := self._fixed.get(one)) and key not in owner]
        return len(owners) > len(set(owners))
