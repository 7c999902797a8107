"""The figures of questions, of a term and of a course. Pure, no I/O.

All are sums over students, so they tell nobody what one of them answered. A student is sure from a
confidence of SURE of 5 on. The gain is Hake's normalised gain (`phases.normalised_gain`) of the
students who voted twice, and several questions are pooled: each student counts once for each
question that they voted on twice.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final, TypedDict

from rooms.peer.phases import TransitionMatrix, normalised_gain, transition_matrix
from rooms.peer.posed import Ballot, Posed

SURE: Final = 4
"""The least confidence, from 1 to 5, of students who count as sure."""
ENOUGH: Final = 10
"""The least number of students from whom a discrimination is told."""


class SureTable(TypedDict):
    """Students of one vote by whether they were sure and whether they were right."""

    sure_right: int
    sure_wrong: int
    unsure_right: int
    unsure_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of a question that was posed once.

    Pairs are of the first and the second vote. `counts` and `flows` have answers as
    `AnswerKey.group` tells them; a flow is (first answer, second answer, students) of those who
    voted twice. `right` and `moves` are None if no right answer is known, `gain` also where it is
    undefined. `sure` counts those who told their confidence, and is None if nobody did or no right
    answer is known. `seconds` are the medians of the times to vote. Of those who had `partners`,
    some `talked`: they wrote at least one message.
    """

    voters: tuple[int, int]
    counts: tuple[Mapping[str, int], Mapping[str, int]]
    right: tuple[int, int] | None
    flows: tuple[tuple[str, str, int], ...]
    moves: TransitionMatrix | None
    gain: float | None
    sure: tuple[SureTable | None, SureTable | None]
    seconds: tuple[float | None, float | None]
    partners: int
    talked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The figures of several questions together.

    `votes` counts all votes of each round; `right` of `judged` are those on questions with a known
    right answer. `moves` and `gain` are None if nobody voted twice on such a question, and the gain
    also where it is undefined. `partners` and `talked` count a student once for each question.
    """

    posed: int
    twice: int
    votes: tuple[int, int]
    judged: tuple[int, int]
    right: tuple[int, int]
    moves: TransitionMatrix | None
    gain: float | None
    partners: int
    talked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The figures of one class.

    `students` are those of the course who were in it when a question of the class was posed, or
    voted all the same, and `took_part` those of them who voted there at least once.
    """

    session: int | None
    at: datetime
    students: int
    took_part: int
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The figures of a course over some time: its classes in their order, and their sums.

    `students` and `took_part` are those of any of the classes. Who left the course counts in the
    sums and does not take part.
    """

    students: int
    took_part: int
    sessions: tuple[Session, ...]
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """How a question does as a test of what students know before they talk.

    `difficulty` is the share of `students` who were right in the first vote; of a student who was
    asked several times, the first vote counts. `discrimination` is the correlation of being right
    with the student's share of right first votes on the *other* questions (the point-biserial
    correlation with the rest score), over students who voted on others, too: L. Crocker and J.
    Algina, Introduction to Classical and Modern Test Theory (1986), chapter 14. It is None for
    fewer than ENOUGH students, and if all of them, or their rest scores, are the same.
    """

    times: int
    students: int
    difficulty: float | None
    discrimination: float | None


def figures(one: Posed) -> Figures:
    """Return the figures of a question that was posed once."""
    key = one.key
    first = [answers.first for answers in one.answers if answers.first is not None]
    second = [answers.second for answers in one.answers if answers.second is not None]
    knows = key.correct is not None
    flows = Counter(
        (key.group(answers.first.choice), key.group(answers.second.choice))
        for answers in one.answers
        if answers.first is not None and answers.second is not None
    )
    together = sums([one])
    return Figures(
        voters=(len(first), len(second)),
        counts=(
            Counter(key.group(ballot.choice) for ballot in first),
            Counter(key.group(ballot.choice) for ballot in second),
        ),
        right=together.right if knows else None,
        flows=tuple((*answers, flows[answers]) for answers in sorted(flows)),
        moves=together.moves if knows and one.is_twice else None,
        gain=together.gain,
        sure=(_sure(first), _sure(second)),
        seconds=(_median(first), _median(second)),
        partners=together.partners,
        talked=together.talked,
    )


def term(many: Iterable[Posed], students: Mapping[Hashable, datetime]) -> Term:
    """Return the figures of questions posed in classes.

    `students` has the time at which each student of the course joined it.
    """
    sessions: dict[int | None, list[Posed]] = defaultdict(list)
    for one in many:
        sessions[one.session].append(one)
    expected: set[Hashable] = set()
    ever: set[Hashable] = set()
    told = []
    for session, found in sessions.items():
        taking = {
            answers.user
            for one in found
            for answers in one.answers
            if answers.first is not None or answers.second is not None
        } & students.keys()
        last = max(one.at for one in found)
        here = taking | {user for user, joined in students.items() if joined <= last}
        ever |= taking
        expected |= here
        told.append(
            Session(
                session=session,
                at=min(one.at for one in found),
                students=len(here),
                took_part=len(taking),
                sums=sums(found),
            )
        )
    return Term(
        students=len(expected),
        took_part=len(ever),
        sessions=tuple(sorted(told, key=lambda one: (one.at, one.session or 0))),
        sums=_together(one.sums for one in told),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Who was right in the first votes on questions, by the question's id, in the order of posing.

    `times` tells how often each was posed. Of a student who was asked several times, the first vote
    counts. Votes on questions without a known right answer are left out.
    """

    times: Mapping[int, int]
    right: Mapping[int, Mapping[Hashable, bool]]


def items(many: Iterable[Posed]) -> dict[int, Item]:
    """Return how each of these questions does, by the question's id, in the order of posing.

    Questions without a known right answer have no difficulty, and count for no student.
    """
    return items_of(scores(many))


def scores(many: Iterable[Posed]) -> Scores:
    """Return who was right in the first votes on these questions."""
    return scored(
        (
            one.question,
            one.at,
            one.pk,
            {
                answers.user: answers.first.right
                for answers in one.answers
                if answers.first is not None and answers.first.right is not None
            },
        )
        for one in many
    )


def scored(votes: Iterable[tuple[int, datetime, int, Mapping[Hashable, bool]]]) -> Scores:
    """Return the scores of first votes: question, time and id of the posing, and who was right."""
    times: Counter[int] = Counter()
    found: dict[int, dict[Hashable, bool]] = {}
    for question, _, _, right in sorted(votes, key=lambda vote: (vote[1], vote[2])):
        times[question] += 1
        found[question] = {**right, **found.get(question, {})}
    return Scores(times=times, right=found)


def items_of(found: Scores, only: Collection[int] | None = None) -> dict[int, Item]:
    """Return how each of the questions does, or only some of them."""
    judged: Counter[Hashable] = Counter()
    right: Counter[Hashable] = Counter()
    for of in found.right.values():
        judged.update(of.keys())
        right.update(user for user, is_right in of.items() if is_right)
    return {
        question: Item(
            times=found.times[question],
            students=len(of),
            difficulty=sum(of.values()) / len(of) if of else None,
            discrimination=_correlation(
                [
                    (float(is_right), (right[user] - is_right) / (judged[user] - 1))
                    for user, is_right in of.items()
                    if judged[user] > 1
                ]
            ),
        )
        for question, of in found.right.items()
        if only is None or question in only
    }


def sums(many: Iterable[Posed]) -> Sums:
    """Return the figures of questions that were posed, in whatever classes, together."""
    votes, judged, right = [0, 0], [0, 0], [0, 0]
    twice: list[tuple[bool, bool]] = []
    posed = is_twice = partners = talked = 0
    for one in many:
        posed += 1
        is_twice += one.is_twice
        for answers in one.answers:
            before, after = answers.first, answers.second
            for number, ballot in enumerate((before, after)):
                if ballot is not None:
                    votes[number] += 1
                    if ballot.right is not None:
                        judged[number] += 1
                        right[number] += ballot.right
            if before is not None and after is not None and None not in (before.right, after.right):
                twice.append((bool(before.right), bool(after.right)))
            if answers.group is not None:
                partners += 1
                talked += answers.messages > 0
    moves = transition_matrix(twice)
    return Sums(
        posed=posed,
        twice=is_twice,
        votes=(votes[0], votes[1]),
        judged=(judged[0], judged[1]),
        right=(right[0], right[1]),
        moves=moves if twice else None,
        gain=_gain(moves),
        partners=partners,
        talked=talked,
    )


def _together(parts: Iterable[Sums]) -> Sums:
    """Return the sums of questions of which these are the sums of parts."""
    found = list(parts)
    moves = TransitionMatrix(right_right=0, right_wrong=0, wrong_right=0, wrong_wrong=0)
    for one in found:
        if one.moves is not None:
            moves["right_right"] += one.moves["right_right"]
            moves["right_wrong"] += one.moves["right_wrong"]
            moves["wrong_right"] += one.moves["wrong_right"]
            moves["wrong_wrong"] += one.moves["wrong_wrong"]
    return Sums(
        posed=sum(one.posed for one in found),
        twice=sum(one.twice for one in found),
        votes=(sum(one.votes[0] for one in found), sum(one.votes[1] for one in found)),
        judged=(sum(one.judged[0] for one in found), sum(one.judged[1] for one in found)),
        right=(sum(one.right[0] for one in found), sum(one.right[1] for one in found)),
        moves=moves if any(one.moves is not None for one in found) else None,
        gain=_gain(moves),
        partners=sum(one.partners for one in found),
        talked=sum(one.talked for one in found),
    )


def _gain(moves: TransitionMatrix) -> float | None:
    was_right = moves["right_right"] + moves["right_wrong"]
    is_right = moves["right_right"] + moves["wrong_right"]
    everybody = was_right + moves["wrong_right"] + moves["wrong_wrong"]
    return normalised_gain(was_right, is_right, everybody)


def _sure(ballots: Iterable[Ballot]) -> SureTable | None:
    table = SureTable(sure_right=0, sure_wrong=0, unsure_right=0, unsure_wrong=0)
    for ballot in ballots:
        if ballot.confidence is None or ballot.right is None:
            continue
        if ballot.confidence >= SURE:
            table["sure_right" if ballot.right else "sure_wrong"] += 1
        else:
            table["unsure_right" if ballot.right else "unsure_wrong"] += 1
    return table if any(table.values()) else None


def _median(ballots: Iterable[Ballot]) -> float | None:
    seconds = [ballot.seconds for ballot in ballots if ballot.seconds is not None]
    return median(seconds) if seconds else None


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    n = len(pairs)
    if n < ENOUGH:
        return None
    mean_x = math.fsum(x for x, _ in pairs) / n
    mean_y = math.fsum(y for _, y in pairs) / n
    variance_x = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    variance_y = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    # What is left of equal numbers by rounding is no variance.
    if variance_x < 1e-12 or variance_y < 1e-12:
        return None
    covariance = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return covariance / math.sqrt(variance_x * variance_y)
