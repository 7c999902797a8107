"""The students of a class by number, and how good it is to have some of them in one group."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Generic

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.pairing.students import Key, Rules, Student

NO_ANSWER: Final = -1
# The weight of each criterion. All that the criteria below it sum up to in two groups weighs
# less than it does, so that a swap between two groups follows the order of the criteria.
REPEAT: Final = 1.0
CONTRAST: Final = 128.0
VOTED: Final = 2.0**12
RIGHT: Final = 2.0**15
MIXED: Final = 2.0**18
BROKEN: Final = 2.0**21
MOST_APART: Final = 4
"""The greatest difference of two confidences."""


class Table(Generic[Key]):
    """The students of a class. All else speaks of them by their number in ``students``.

    ``answer`` has the number of the answer of each student, which is the same for answers that
    count as equal, or `NO_ANSWER`. Of a graded question, answers are more or less different, and
    not just equal or not. ``apart`` has, for those who have any, the students with whom they are
    never put together.
    """

    def __init__(
        self,
        students: Sequence[Student[Key]],
        *,
        judge: AnswerKey,
        rules: Rules[Key],
        earlier: Mapping[Key, Collection[Key]],
    ) -> None:
        self.students = students
        self.judge = judge
        self.keys = [student.key for student in students]
        self.right = [student.is_right is True for student in students]
        self.confidence = [student.confidence for student in students]
        self._number_answers()
        numbers = {key: number for number, key in enumerate(self.keys)}
        self.apart: dict[int, set[int]] = {}
        for one, other in map(tuple, rules.never):
            if one in numbers and other in numbers:
                self.apart.setdefault(numbers[one], set()).add(numbers[other])
                self.apart.setdefault(numbers[other], set()).add(numbers[one])
        self.together = [
            [numbers[key] for key in dict.fromkeys(keys) if key in numbers]
            for keys in rules.together
        ]
        self.fixed = [
            [numbers[key] for key in dict.fromkeys(keys) if key in numbers] for keys in rules.fixed
        ]
        self._before = [earlier.get(key, ()) for key in self.keys] if earlier else None
        self.is_graded = judge.kind in (Kind.NUMBER, Kind.SEVERAL)
        self._distances: dict[tuple[int, int], float] = {}

    def _number_answers(self) -> None:
        numbers: dict[tuple[str, bool], int] = {}
        known: dict[str | None, str] = {}
        self.answer: list[int] = []
        self.answers: list[str] = []
        for student, is_right in zip(self.students, self.right, strict=True):
            given = student.answer
            if given is None:
                self.answer.append(NO_ANSWER)
                continue
            if given not in known:
                known[given] = self.judge.group(given)
            same = known[given], is_right
            if same not in numbers:
                numbers[same] = len(numbers)
                self.answers.append(given)
            self.answer.append(numbers[same])

    def has_contrast(self, pool: Sequence[int]) -> bool:
        """Return whether some in a pool differ in confidence."""
        known = {self.confidence[one] for one in pool} - {None}
        return len(known) > 1

    @property
    def has_earlier(self) -> bool:
        """Return whether any earlier partners are known."""
        return self._before is not None

    def repeats(self, members: Sequence[int]) -> int:
        """Return how many pairs of the members were partners before."""
        before = self._before
        if before is None:
            return 0
        return sum(
            self.keys[other] in before[one]
            for at, one in enumerate(members)
            if before[one]
            for other in members[:at]
        )

    def broken(self, members: Sequence[int]) -> int:
        """Return how many pairs of the members are never to be put together."""
        if not self.apart:
            return 0
        apart = (self.apart.get(one) for one in members)
        return sum(len(some.intersection(members)) for some in apart if some) // 2

    def is_mixed(self, members: Sequence[int]) -> bool:
        """Return whether two of the members gave different answers."""
        given = {self.answer[one] for one in members}
        return len(given) - (NO_ANSWER in given) > 1

    def has_right(self, members: Sequence[int]) -> bool:
        """Return whether one of the members is right."""
        return any(self.right[one] for one in members)

    def worth(self, members: Sequence[int]) -> float:
        """Return how good a group is. The groups of a class are the better the greater the sum."""
        # One loop for all criteria, as this takes most of the time of a large class.
        answer, confidence, before = self.answer, self.confidence, self._before
        gap = 0
        distance = value = 0.0
        voted = mixed = False
        for at, one in enumerate(members):
            mine, sure = answer[one], confidence[one]
            if mine != NO_ANSWER:
                voted = True
            known = before[one] if before is not None else ()
            for other in members[:at]:
                if known and self.keys[other] in known:
                    value -= REPEAT
                theirs = answer[other]
                if theirs == NO_ANSWER or mine in (NO_ANSWER, theirs):
                    continue
                mixed = True
                if sure is not None and (others := confidence[other]) is not None:
                    apart = sure - others if sure > others else others - sure
                    if apart > gap:
                        gap = apart
                if self.is_graded and (far := self.distance(mine, theirs)) > distance:
                    distance = far
        if mixed:
            value += MIXED
        if voted:
            value += VOTED
        right = self.right
        for one in members:
            if right[one]:
                value += RIGHT
                break
        if self.apart:
            value -= BROKEN * self.broken(members)
        return value + CONTRAST * (gap / MOST_APART + distance)

    def distance(self, one: int, other: int) -> float:
        """Return how different two answers are, given by their numbers."""
        known = self._distances.get((one, other))
        if known is None:
            known = self.judge.distance(self.answers[one], self.answers[other])
            self._distances[one, other] = known
        return known
