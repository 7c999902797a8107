"""The answers among which simulated students choose. Pure functions, no I/O."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from rooms.peer import numerals
from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind

MOST: Final = 6
"""The most different answers to a question without choices, or with several."""
_SLIPS: Final = (2.0, 0.5, 10.0, -1.0, 0.1, 1.5)
"""Factors by which wrong numbers are off."""


def options(key: str, judge: AnswerKey, words: Sequence[str]) -> list[str]:
    """Return the answers that simulated students give to a question.

    They are in canonical form, and `judge.correct` is the only right one among them, if it is
    known. `words` are short texts for a question that asks for one.
    """
    dice = random.Random(f"{key}:options")
    match judge.kind:
        case Kind.SEVERAL:
            found = _of_several(judge, dice)
        case Kind.NUMBER:
            found = _of_numbers(judge, dice)
        case Kind.TEXT:
            found = iter(words)
        case _:
            return list(judge.letters)
    wrong = [answer for answer in dict.fromkeys(found) if not judge.is_right(answer)]
    if judge.kind == Kind.NUMBER:
        wrong = [answer for answer in wrong if numerals.can_be_given(float(answer))]
    right = [] if judge.correct is None else [judge.correct]
    return right + wrong[: MOST - len(right)]


def _of_several(judge: AnswerKey, dice: random.Random) -> Iterator[str]:
    """Yield sets of letters: the right one with a letter less or more, or any, if it is unknown."""
    letters = list(judge.letters)
    for letter in dice.sample(letters, len(letters)):
        chosen = {*judge.right} ^ {letter}
        if chosen:
            yield "".join(one for one in letters if one in chosen)
    if not judge.right:
        for size in range(2, len(letters) + 1):
            yield "".join(sorted(dice.sample(letters, size)))


def _of_numbers(judge: AnswerKey, dice: random.Random) -> Iterator[str]:
    """Yield numbers: slips of the right one, or small ones, if it is unknown or 0."""
    if judge.number:
        for slip in dice.sample(_SLIPS, len(_SLIPS)):
            yield numerals.written(float(f"{judge.number * slip:.3g}"))
    else:
        for number in dice.sample(range(1, 20), MOST):
            yield numerals.written(number)
    # Where the tolerance is wide, all of these may be right.
    for beyond in (2, -2):
        yield numerals.written((judge.number or 0) + beyond * judge.tolerance)
