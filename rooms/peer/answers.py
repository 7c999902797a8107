"""Answers to questions of all kinds: their form, and which are right. Pure, without Django.

An answer is one text, on the wire and in the database: a letter (`B`), the letters of several
choices in their order (`ACD`), a number (`9.81`) or a short text.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from accounts.text import plain_name, seen, shows
from rooms.peer import numerals
from rooms.peer.content import ANSWER_LIMIT, Kind

REST: Final = "…"
"""Stands for all answers to a short text that have no bar of their own. It is no answer itself."""

_END_OF_SENTENCE: Final = ".,;:!?。、،؛؟।\u037e "
_BETWEEN_LETTERS: Final = re.compile(r"[\s,;]+")


def fold(text: str) -> str:
    """Return what all spellings of a short text have in common.

    They differ in upper and lower case, white space, the forms of characters, punctuation at the
    end, and characters of which nothing can be seen.
    """
    folded = unicodedata.normalize("NFKC", seen(text)).casefold()
    folded = " ".join(unicodedata.normalize("NFKC", folded).split())
    return folded.rstrip(_END_OF_SENTENCE) or folded


def clean(text: str) -> str:
    """Return a short text as it is stored. Raises ValueError for one that is empty or too long."""
    cleaned = unicodedata.normalize("NFC", plain_name(text.replace("\0", "")))
    cleaned = cleaned.replace(REST, "...")
    if not shows(cleaned):
        raise ValueError("The answer is empty.")
    if len(cleaned) > ANSWER_LIMIT:
        raise ValueError(f"The answer is too long: {ANSWER_LIMIT} characters at most.")
    return cleaned


@dataclass(frozen=True)
class AnswerKey:
    """Reads and judges the answers to a question.

    `letters` are those of all choices, and `right` those of the correct ones. `number` is the right
    number, or None if it is unknown; answers up to `tolerance` away from it are right. `accepted`
    are the right short texts.
    """

    kind: Kind
    letters: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    number: float | None = None
    tolerance: float = 0.0
    unit: str = ""
    accepted: tuple[str, ...] = ()

    @property
    def correct(self) -> str | None:
        """Return the right answer, or the first one, in canonical form; None if it is unknown."""
        match self.kind:
            case Kind.POLL:
                return None
            case Kind.NUMBER:
                return None if self.number is None else numerals.written(self.number)
            case Kind.TEXT:
                return next(iter(self.accepted), None)
            case Kind.SEVERAL:
                return "".join(self.right) or None
        return next(iter(self.right), None)

    def canonical(self, given: str) -> str:
        """Return an answer in the form in which it is stored and compared.

        Raises ValueError, with a sentence, for what is no answer to the question.
        """
        match self.kind:
            case Kind.SEVERAL:
                chosen = set(_BETWEEN_LETTERS.sub("", given))
                if not chosen or not chosen <= set(self.letters):
                    raise ValueError("The question has no such choices.")
                return "".join(letter for letter in self.letters if letter in chosen)
            case Kind.NUMBER:
                return numerals.written(numerals.read(given, self.unit))
            case Kind.TEXT:
                return clean(given)
        if given not in self.letters:
            raise ValueError("The question has no such choice.")
        return given

    def is_right(self, answer: str) -> bool:
        """Return whether a canonical answer is right; none is while the right one is unknown."""
        match self.kind:
            case Kind.POLL:
                return False
            case Kind.NUMBER:
                if self.number is None:
                    return False
                # As decimals, so that 9.9 is within 0.1 of 9.8.
                away = abs(Decimal(answer) - Decimal(repr(self.number)))
                return away <= Decimal(repr(self.tolerance))
            case Kind.TEXT:
                return fold(answer) in self._folded
        return answer == self.correct

    def group(self, answer: str) -> str:
        """Return the same text for all canonical answers that count as equal."""
        return fold(answer) if self.kind == Kind.TEXT else answer

    def distance(self, one: str, other: str) -> float:
        """Return how different two canonical answers are, from 0 (equal) to 1.

        Numbers differ by the share that their difference has of their size, and several choices by
        the share of the chosen ones that only one of them has. All other answers are either equal
        or not.
        """
        if self.kind == Kind.NUMBER:
            a, b = float(one), float(other)
            return abs(a - b) / (abs(a) + abs(b)) if a != b else 0.0
        if self.kind == Kind.SEVERAL:
            return 1 - len({*one} & {*other}) / len({*one} | {*other})
        return float(self.group(one) != self.group(other))

    def place(self, answer: str) -> float:
        """Return the place of a number on their line, and 0 for all answers of other kinds."""
        return float(answer) if self.kind == Kind.NUMBER else 0.0

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(map(fold, self.accepted))
