"""Decides what the simulated students of a try-out do, and when. Pure functions, no I/O.

All chance comes from a `key`, a text, so that every process decides alike: a worker that takes a
try-out over goes on where the other one stopped. The simulated students are numbered from 1.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rooms.peer.phases import Phase

RIGHT_AT_FIRST: Final = (0.42, 0.63)
"""The least and the greatest share of right first votes."""
CONVINCED: Final = (0.55, 0.7)
"""The share of the wrong students with a right partner who change their mind. Classes report
normalised gains between about 0.4 and 0.7; see C. H. Crouch and E. Mazur, "Peer Instruction: Ten
years of experience and results", American Journal of Physics 69 (2001) 970-977."""
CONVINCED_ALONE: Final = 0.15
"""The same share where no partner is right."""
MISLED: Final = 0.06
"""The share of the right students who change to a wrong answer."""
ARRIVING: Final = 5.0
"""Seconds from the start in which all arrive."""
AWAY: Final = (12.0, 34.0)
"""Seconds of the discussion between which those who leave are away."""
ANSWER_AFTER: Final = (2.5, 6.0)
"""Seconds after which a message of somebody real is answered."""

_WRONG_WEIGHTS: Final = (6, 3, 2, 1)
_CONFIDENCE: Final = {True: (1, 2, 5, 5, 3), False: (2, 4, 5, 2, 1)}
_QUESTION_MARK: Final = re.compile("[?\\u037e\\u061f\\uff1f]")
_LETTER: Final = re.compile(r"(?<!\w)[A-Z](?!\w)")


@dataclass(frozen=True, slots=True)
class PlannedVote:
    """A vote, cast `after` seconds of its round.

    It is cast earlier when the round closes in less than `rush` seconds.
    """

    choice: str
    confidence: int | None
    after: float
    rush: float

    def is_due(self, since: float, left: float | None) -> bool:
        """Return whether it is time, `since` seconds after the opening and `left` to the close."""
        return since >= self.after or (left is not None and left <= self.rush)


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say `after` seconds of the discussion.

    `kind` and `variant` choose the text, which may name the answer `other` besides one's own.
    """

    after: float
    kind: str
    variant: int
    other: str = ""


def first_votes(
    key: str, students: int, letters: Sequence[str], correct: str | None
) -> dict[int, PlannedVote]:
    """Return the first votes by number. Some students do not vote.

    `letters` are the answers that they know, of which `correct` is the only right one.

    Between 42 and 63 per cent of a class are right, and one wrong answer attracts more than others.
    Of a question without a right answer, the votes are spread in the same way over all answers.
    """
    dice = random.Random(f"{key}:first")
    numbers = list(range(1, students + 1))
    dice.shuffle(numbers)
    voters = numbers[students // 15 :]
    # Somebody may have marked all that they know as right.
    wrong = [letter for letter in letters if letter != correct] or list(letters)
    dice.shuffle(wrong)
    right = 0
    if correct is not None:
        right = round(dice.uniform(*RIGHT_AT_FIRST) * len(voters))
    weights = [_WRONG_WEIGHTS[min(n, len(_WRONG_WEIGHTS) - 1)] for n in range(len(wrong))]
    pace = dice.uniform(10.0, 25.0)
    return {
        number: _vote(
            dice,
            correct if place < right and correct else dice.choices(wrong, weights)[0],
            is_right=place < right,
            pace=pace,
        )
        for place, number in enumerate(voters)
    }


def second_votes(
    key: str,
    first: Mapping[int, str],
    letters: Sequence[str],
    correct: str | None,
    company: Mapping[int, Collection[str]],
) -> dict[int, PlannedVote]:
    """Return the second votes of those who have cast a first one.

    `company` has the first choices of the partners of each student.
    """
    dice = random.Random(f"{key}:second")
    after = dict(first)
    if correct is not None:
        wrong = [number for number in sorted(first) if first[number] != correct]
        met = [number for number in wrong if correct in company.get(number, ())]
        alone = [number for number in wrong if number not in met]
        right = [number for number in sorted(first) if first[number] == correct]
        for some, share in (
            (met, dice.uniform(*CONVINCED)),
            (alone, CONVINCED_ALONE),
        ):
            after |= dict.fromkeys(dice.sample(some, round(share * len(some))), correct)
        others = [letter for letter in letters if letter != correct] or list(letters)
        for number in dice.sample(right, round(MISLED * len(right))):
            after[number] = dice.choice(others)
    else:
        for number in sorted(first):
            others = sorted(set(company.get(number, ())) - {first[number]})
            if others and dice.random() < 0.3:
                after[number] = dice.choice(others)
    pace = dice.uniform(8.0, 15.0)
    return {
        number: _vote(dice, choice, is_right=choice == correct, pace=pace)
        for number, choice in sorted(after.items())
    }


def _vote(dice: random.Random, choice: str, *, is_right: bool, pace: float) -> PlannedVote:
    """Return a vote that comes within `pace` seconds, or somewhat later for one in ten."""
    after = dice.triangular(2.0, pace, pace / 2)
    if dice.random() < 0.1:
        after = pace + dice.uniform(2.0, 15.0)
    confidence = dice.choices((1, 2, 3, 4, 5), _CONFIDENCE[is_right])[0]
    given = confidence if dice.random() < 0.85 else None
    return PlannedVote(choice, given, after, dice.uniform(0.7, 3.5))


def arrives_after(key: str, number: int) -> float:
    """Return the seconds from the start of the try-out until a student comes."""
    return random.Random(f"{key}:arrive:{number}").uniform(0.0, ARRIVING)


def leavers(key: str, numbers: Iterable[int]) -> set[int]:
    """Return the students who leave during a discussion, of those who may: at most two."""
    may = sorted(numbers, key=lambda number: random.Random(f"{key}:leave:{number}").random())
    return set(may[: min(2, len(may) // 6)])


def is_here(
    key: str, number: int, *, since_start: float, phase: Phase, since_phase: float, leaves: bool
) -> bool:
    """Return whether a student is here; one who `leaves` is away for a part of the discussion."""
    if since_start < arrives_after(key, number):
        return False
    return not (leaves and phase == Phase.DISCUSS and AWAY[0] <= since_phase < AWAY[1])


def lines(
    key: str, number: int, own: str | None, others: Sequence[str], then: str | None, *, real: bool
) -> list[Line]:
    """Return what a student says in a discussion without being spoken to.

    `own` is their choice and `then` the one of their second vote; `others` are the choices of the
    partners, and `real` tells whether one of these is somebody real, who is left more room.
    """
    dice = random.Random(f"{key}:lines:{number}")
    said = [Line(dice.uniform(2.0, 10.0), "open" if own else "lost", dice.randrange(100))]
    different = [letter for letter in others if letter and letter != own]
    if different and dice.random() < 0.7:
        asked = dice.choice(different)
        said.append(Line(dice.uniform(11.0, 20.0), "ask", dice.randrange(100), asked))
    if real or own is None:
        return said
    if dice.random() < 0.6:
        said.append(Line(dice.uniform(16.0, 32.0), "reason", dice.randrange(100)))
    if then is not None and then != own:
        said.append(Line(dice.uniform(26.0, 45.0), "switch", dice.randrange(100), then))
    elif different and dice.random() < 0.5:
        said.append(Line(dice.uniform(26.0, 45.0), "stay", dice.randrange(100)))
    return said


def answer(key: str, text: str, letters: Collection[str], own: str | None) -> Line:
    """Return the answer to a message of somebody real, `after` seconds of that message.

    `letters` are the answers to the current question, if there is one.
    """
    dice = random.Random(f"{key}:answer")
    after, variant = dice.uniform(*ANSWER_AFTER), dice.randrange(100)
    if not letters:
        return Line(after, "hello", variant)
    named = [letter for letter in _LETTER.findall(text) if letter in letters]
    if own is None:
        return Line(after, "lost", variant)
    if _QUESTION_MARK.search(text):
        return Line(after, "because", variant)
    if own in named:
        return Line(after, "same", variant)
    if named:
        return Line(after, "doubt", variant, named[0])
    return Line(after, "listen", variant)


def answering(key: str, numbers: Sequence[int]) -> int:
    """Return which of the students in a room answers a message."""
    return random.Random(f"{key}:who").choice(sorted(numbers))
