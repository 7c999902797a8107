"""Marks for participation: points for what a student did with each question. Pure, no I/O.

Only what a student could reach is possible: without a second vote there are no points for it,
without partners none for a message, and without a known right answer none for a right one. All sums
are exact; a mark is rounded once, half up, at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final

from rooms.peer.posed import Answers, Ballot, Posed

SCORED: Final = ("first_vote", "second_vote", "message", "right_first", "right_second")
"""What a student can do with a question, by the names of the rules that give points for it."""
_NOTHING: Final = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of marks of a course, with the fields and defaults of `MarkRules`.

    The first five are points. The `dropped` lowest questions or, with `drops_sessions`, classes of
    each student go out. Whoever has `enough` percent of the points has the `full_mark`. Released
    questions count `released` percent of those in class.
    """

    first_vote: int = 1
    second_vote: int = 1
    message: int = 1
    right_first: int = 0
    right_second: int = 0
    dropped: int = 0
    drops_sessions: bool = False
    enough: int = 100
    full_mark: Decimal = Decimal(100)
    released: int = 0

    @property
    def points(self) -> tuple[int, ...]:
        """The points in the order of `SCORED`."""
        return (
            self.first_vote,
            self.second_vote,
            self.message,
            self.right_first,
            self.right_second,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one question brought a student.

    `pk` is the id of its first round or release, as in `Posed`. `done` and `could` say what of
    `SCORED` the student did and could do, whatever points there are for it. A `nameless` part must
    not be told to those who lead the course, but in the sum.
    """

    question: int
    pk: int
    is_release: bool
    session: int | None
    reached: Fraction
    possible: Fraction
    done: frozenset[str]
    could: frozenset[str]
    dropped: bool = False
    nameless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The mark of a student, with what it is made of. `share` is that of the possible points.

    As long as nothing was possible, `counts` is False, and share and mark are 0.
    """

    reached: Fraction
    possible: Fraction
    share: float
    mark: Decimal
    parts: tuple[Part, ...]

    @property
    def counts(self) -> bool:
        """Return whether there was anything to reach."""
        return self.possible > 0

    def times(self, done: str) -> tuple[int, int]:
        """Return how often the student did something of `SCORED`, and how often they could.

        Dropped questions and classes count here as well.
        """
        return (
            sum(done in part.done for part in self.parts),
            sum(done in part.could for part in self.parts),
        )


def mark(
    rules: Rules,
    posed: Sequence[Posed],
    user: Hashable,
    nameless: Collection[int],
    *,
    joined: datetime | None = None,
    due: Mapping[int, datetime] | None = None,
) -> Mark:
    """Return the mark of one user. The arguments are those of `marks`."""
    return marks(rules, posed, {user: joined}, nameless, due=due)[user]


def marks(
    rules: Rules,
    posed: Sequence[Posed],
    students: Mapping[Hashable, datetime | None],
    nameless: Collection[int],
    *,
    due: Mapping[int, datetime] | None = None,
) -> dict[Hashable, Mark]:
    """Return the marks of students.

    `students` has the time at which each joined: what was posed before and missed does not count
    against them. `nameless` are the classes in which nobody may tell who answered what; they
    count without right and wrong. `due` has the releases that are due, with the time when they
    were: a release counts against those who did not finish it only then, and never against those
    who answered its question in class.
    """
    due = due or {}
    parts: dict[Hashable, list[Part]] = {user: [] for user in students}
    in_class: set[tuple[Hashable, int]] = set()
    # Those in class come first, as what was answered there is not missed outside class.
    for one in sorted(posed, key=lambda one: one.is_release):
        answers = {given.user: given for given in one.answers}
        scores = _Scores(rules, one, one.session is not None and one.session in nameless)
        for user, joined in students.items():
            given = answers.get(user)
            if one.is_release:
                is_expected = (
                    _is_expected(one, joined, due) and (user, one.question) not in in_class
                )
                part = scores.of_release(given, is_expected)
            else:
                part = scores.of_class(given, joined is not None and one.at < joined)
                if given is not None and (given.first or given.second):
                    in_class.add((user, one.question))
            if part is not None:
                parts[user].append(part)
    return {user: _summed(rules, of) for user, of in parts.items()}


def _is_expected(one: Posed, joined: datetime | None, due: Mapping[int, datetime]) -> bool:
    until = due.get(one.pk)
    return until is not None and (joined is None or joined < until)


class _Scores:
    """The points of one question that was posed."""

    def __init__(self, rules: Rules, one: Posed, is_nameless: bool) -> None:
        self._one = one
        self._points = rules.points
        self._percent = rules.released if one.is_release else 100
        self._is_nameless = is_nameless
        self._is_judged = one.key.correct is not None and not is_nameless
        self._parts: dict[tuple[tuple[bool, ...], tuple[bool, ...]], Part] = {}

    def of_class(self, given: Answers | None, is_late: bool) -> Part | None:
        """Return the part of a student, who joined after the question if they are late."""
        first, second = (given.first, given.second) if given is not None else (None, None)
        return self._part(
            given,
            has_first=not is_late or first is not None,
            has_second=self._one.is_twice and (not is_late or second is not None),
        )

    def of_release(self, given: Answers | None, is_expected: bool) -> Part | None:
        """Return the part of a student, which counts once they finished it or it is due."""
        counts = is_expected or (given is not None and given.second is not None)
        return self._part(given, has_first=True, has_second=True) if counts else None

    def _part(self, given: Answers | None, *, has_first: bool, has_second: bool) -> Part | None:
        first, second = (given.first, given.second) if given is not None else (None, None)
        has_partners = given is not None and given.group is not None
        wrote = given is not None and has_partners and given.messages > 0
        judged = self._is_judged
        could = (
            has_first,
            has_second,
            has_partners,
            has_first and judged,
            has_second and judged,
        )
        done = (
            first is not None,
            second is not None,
            wrote,
            judged and _is_right(first),
            judged and _is_right(second),
        )
        if not any(could):
            return None
        # Most students did the same as others, and share a part.
        if (could, done) not in self._parts:
            self._parts[could, done] = self._new(could, done)
        return self._parts[could, done]

    def _new(self, could: tuple[bool, ...], done: tuple[bool, ...]) -> Part:
        one = self._one
        return Part(
            question=one.question,
            pk=one.pk,
            is_release=one.is_release,
            session=one.session,
            reached=_worth(self._points, self._percent, done),
            possible=_worth(self._points, self._percent, could),
            done=_named(done),
            could=_named(could),
            nameless=self._is_nameless,
        )


def _is_right(ballot: Ballot | None) -> bool:
    return ballot is not None and ballot.right is True


def _worth(points: tuple[int, ...], percent: int, flags: tuple[bool, ...]) -> Fraction:
    whole = sum(worth for worth, flag in zip(points, flags, strict=True) if flag)
    return Fraction(whole * percent, 100)


@lru_cache(maxsize=64)
def _named(flags: tuple[bool, ...]) -> frozenset[str]:
    return frozenset(name for name, flag in zip(SCORED, flags, strict=True) if flag)


def total(points: Iterable[Fraction]) -> Fraction:
    """Return the exact sum of points, which are whole hundredths."""
    return Fraction(_hundredths(points), 100)


def _hundredths(points: Iterable[Fraction]) -> int:
    # A tenth of the time that sums of fractions take.
    return sum(one.numerator * (100 // one.denominator) for one in points)


def _summed(rules: Rules, parts: Sequence[Part]) -> Mark:
    gone = _dropped(rules, parts)
    told = tuple(
        replace(part, dropped=True) if place in gone else part for place, part in enumerate(parts)
    )
    reached = total(part.reached for part in told if not part.dropped)
    possible = total(part.possible for part in told if not part.dropped)
    share = reached / possible if possible else _NOTHING
    return Mark(
        reached=reached,
        possible=possible,
        share=float(share),
        mark=_rounded(min(Fraction(1), share * 100 / rules.enough) * Fraction(rules.full_mark)),
        parts=told,
    )


def _dropped(rules: Rules, parts: Sequence[Part]) -> frozenset[int]:
    """Return the places of the parts that go out: the lowest, of equal ones the earliest.

    One question or class always stays. Where classes go out, released questions stay.
    """
    if not rules.dropped:
        return frozenset()
    units: dict[Hashable, list[int]] = defaultdict(list)
    for place, part in enumerate(parts):
        if not part.possible:
            continue
        if not rules.drops_sessions:
            units[place].append(place)
        elif part.session is not None:
            units[part.session].append(place)

    reached = [_hundredths(parts[place].reached for place in unit) for unit in units.values()]
    possible = [_hundredths(parts[place].possible for place in unit) for unit in units.values()]
    # Shares as whole numbers over a denominator of all, which compare exactly and fast.
    whole = lcm(*possible)
    shares = [part * (whole // of) for part, of in zip(reached, possible, strict=True)]
    # The sort keeps the order in which they were posed.
    order = sorted(zip(shares, units.values(), strict=True), key=lambda pair: pair[0])
    lowest = order[: min(rules.dropped, len(units) - 1)]
    return frozenset(place for _, unit in lowest for place in unit)


def _rounded(value: Fraction) -> Decimal:
    """Return a value that is not negative with two decimal places, rounded half up."""
    return Decimal((value * 100 + Fraction(1, 2)) // 1).scaleb(-2)
