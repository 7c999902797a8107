"""The answers of a question in GIFT: what stands between its braces."""

import re
from dataclasses import dataclass

from rooms.peer.content import ChoiceContent, Kind

from . import ItemRefused, Note
from .codes import Loss, Reason
from .gift_blocks import Block
from .gift_text import answers, hash_parts, mark_of, unescaped
from .marked import Marked
from .numbers import middle_of, number_of

MOST_PIECES = 100
"""Answers of a question, right and wrong."""

_WEIGHT = re.compile(r"%\s*(-?\d{1,3}(?:[.,]\d{0,10})?)\s*%")
_TRUE = {"T", "TRUE"}
_FALSE = {"F", "FALSE"}


@dataclass(frozen=True, slots=True)
class Piece:
    """An answer: its mark, its weight in percent if it has one, its texts as in the file."""

    mark: str
    weight: float | None
    text: str
    feedback: str
    line: int

    @property
    def is_right(self) -> bool:
        """Return whether it is right, wholly or, where nothing else is, in part."""
        return self.mark == "=" or (self.weight or 0) > 0


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a question on their way to Markdown, in its format unless they name another."""

    marked: Marked
    mark: str

    def block(self, text: str) -> str:
        """Return a long text as Markdown."""
        mark, bare = mark_of(text)
        return self.marked.markdown(unescaped(bare), mark or self.mark)

    def line(self, text: str) -> str:
        """Return a short text as Markdown on one line, if it comes from HTML."""
        mark, bare = mark_of(text)
        return self.marked.markdown(unescaped(bare), mark or self.mark, inline=True)

    def words(self, text: str) -> str:
        """Return an answer that students type."""
        mark, bare = mark_of(text)
        return self.marked.words(unescaped(bare), mark or self.mark)


def pieces(block: Block) -> list[Piece]:
    """Return the answers that a text has. Raises `ItemRefused` if they are too many."""
    found: list[Piece] = []
    for mark, start, end in answers(block.text):
        if len(found) == MOST_PIECES:
            line = block.line(start)
            raise ItemRefused(Reason.TOO_MANY_ANSWERS, {"limit": MOST_PIECES}, line)
        text = block.text[start:end]
        line = block.line(start + len(text) - len(text.lstrip()))
        text = text.strip()
        weight = _WEIGHT.match(text)
        if weight:
            text = text[weight.end() :]
        percent = float(weight[1].replace(",", ".")) if weight else None
        answer, feedback = [*hash_parts(text), ""][:2]
        found.append(Piece(mark, percent, answer, feedback, line))
    return found


def true_false(text: str, texts: Texts) -> tuple[ChoiceContent, ...]:
    """Return the two choices of a question that is true or false, empty if it is neither.

    The first feedback is for those who are wrong, the second for those who are right.
    """
    said, wrong, right = [*hash_parts(text, 3), "", ""][:3]
    word = said.upper() if len(said) > 1 else said
    if word not in _TRUE | _FALSE:
        return ()
    is_true = word in _TRUE
    feedback = {is_true: texts.line(right), (not is_true): texts.line(wrong)}
    return (
        ChoiceContent("True", is_true, feedback[True]),
        ChoiceContent("False", not is_true, feedback[False]),
    )


def choices(found: list[Piece], texts: Texts) -> tuple[Kind, tuple[ChoiceContent, ...]]:
    """Return the kind that answers with `~` make a question, and its choices."""
    right = [piece for piece in found if piece.is_right]
    whole = [piece for piece in right if piece.mark == "="]
    if whole:
        # Any right answer gives all points there. Parts of the points are for wrong ones.
        if len(right) > len(whole):
            texts.marked.note(Note(Loss.WEIGHTS))
        right = whole
        kind = Kind.SINGLE if len(whole) == 1 else Kind.SEVERAL
        if kind == Kind.SEVERAL:
            texts.marked.note(Note(Loss.SEVERAL))
    elif right:
        kind = Kind.SEVERAL
        if len({piece.weight for piece in right}) > 1:
            texts.marked.note(Note(Loss.WEIGHTS))
    else:
        kind = Kind.POLL
        texts.marked.note(Note(Loss.POLL))
    return kind, tuple(
        ChoiceContent(
            texts.line(piece.text),
            any(piece is one for one in right),
            texts.line(piece.feedback) if piece.feedback else "",
        )
        for piece in found
    )


def short_text(found: list[Piece], texts: Texts) -> tuple[str, ...]:
    """Return the accepted answers of a question for a short text."""
    accepted: dict[str, None] = {}
    for piece in _wholly_right(found, texts):
        answer = texts.words(piece.text)
        if answer == "*":
            continue
        if "*" in answer:
            texts.marked.note(Note(Loss.WILDCARD))
        if answer:
            accepted[answer] = None
    return tuple(accepted)


def number(block: Block, texts: Texts) -> tuple[float | None, float]:
    """Return the right number and its tolerance; None if no number is right."""
    found = [piece for piece in pieces(block) if piece.mark != "~"]
    if len(found) < len(pieces(block)):
        texts.marked.note(Note(Loss.FEEDBACK_DROPPED))
    first: tuple[float, float] | None = None
    for piece in _wholly_right(found, texts):
        answer = unescaped(mark_of(piece.text)[1]).strip()
        if answer in ("", "*"):
            continue
        if first is None:
            first = _number(answer, piece.line)
        else:
            texts.marked.note(Note(Loss.ANSWER_DROPPED, {"answer": answer[:100]}))
    return first or (None, 0.0)


def _number(answer: str, line: int) -> tuple[float, float]:
    least, dots, most = answer.partition("..")
    if dots:
        return middle_of(least, most, line)
    middle, _, tolerance = answer.partition(":")
    around = number_of(tolerance, line) if tolerance.strip() else 0.0
    if around < 0:
        raise ItemRefused(Reason.BAD_NUMBER, {"text": tolerance.strip()[:100]}, line)
    return number_of(middle, line), around


def _wholly_right(found: list[Piece], texts: Texts) -> list[Piece]:
    """Return the answers with the greatest weight, where one without a weight has all of it."""
    weights = [100.0 if piece.weight is None else piece.weight for piece in found]
    most = max((weight for weight in weights if weight > 0), default=0.0)
    right = [piece for piece, weight in zip(found, weights, strict=True) if weight == most > 0]
    if any(0 < weight < most for weight in weights) or 0 < most < 100:
        texts.marked.note(Note(Loss.WEIGHTS))
    if any(piece.feedback for piece in found):
        texts.marked.note(Note(Loss.FEEDBACK_DROPPED))
    return right
