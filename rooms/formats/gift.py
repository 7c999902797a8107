"""Reads GIFT, the text format of Moodle's question bank, and writes it by `gift_writing`.

https://docs.moodle.org/en/GIFT_format describes it.
"""

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

from . import MOST_BYTES_WITH_PICTURES, FileRefused, Item, ItemRefused, Note
from .codes import FileFlaw, Loss, Reason
from .decoding import text_of
from .gift_answers import Texts, choices, number, pieces, short_text, true_false
from .gift_blocks import Block, blocks, brace
from .gift_text import general_feedback, mark_of, title_of
from .gift_writing import losses, write
from .labels import name_of, tags_of
from .marked import Marked

__all__ = ["losses", "read", "write"]

_BLANK = "_____"
"""Stands where the answers are, if the text goes on after them."""


def read(data: bytes) -> list[Item]:
    """Return the questions of a file, also those that cannot be taken.

    Raises `FileRefused` for what is no text, for no questions and for too many.
    """
    found = blocks(text_of(data, limit=MOST_BYTES_WITH_PICTURES))
    if not found:
        raise FileRefused(FileFlaw.NO_QUESTIONS)
    return [_item(block) for block in found]


def _item(block: Block) -> Item:
    title, start = title_of(block.text)
    marked = Marked()
    tags, notes = tags_of(filter(None, [block.category, *block.tags]))
    if block.category and block.is_first:
        marked.note(Note(Loss.CATEGORY, {"category": block.category}))
    for note in notes:
        marked.note(note)
    try:
        content = _content(block, start, title, tags, marked)
    except ItemRefused as error:
        name = name_of(title, mark_of(block.text[start:][:1_000])[1])
        return Item(line=block.line(), name=name, refused=error.refused)
    return Item(
        line=block.line(),
        name=name_of(title, content.prompt),
        content=content,
        notes=tuple(marked.notes),
        pictures=marked.pictures,
    )


def _content(
    block: Block, start: int, title: str, tags: tuple[str, ...], marked: Marked
) -> QuestionContent:
    opening, closing = _braces(block, start)
    before, after = block.text[start:opening], block.text[closing + 1 :]
    mark, prompt = mark_of(f"{before}{_BLANK}{after}" if after.strip() else before)
    texts = Texts(marked, mark)
    inside = block.text[opening + 1 : closing]
    answers, feedback = general_feedback(inside)
    shown = block.part(opening + 1, opening + 1 + len(answers))
    kind, found, accepted, middle, tolerance = _answers(shown, texts)
    return QuestionContent(
        kind=kind,
        title=title,
        prompt=texts.block(f"[{mark}]{prompt}" if mark else prompt),
        choices=found,
        number=middle,
        tolerance=tolerance,
        accepted=accepted,
        explanation=texts.block(feedback),
        tags=tags,
    )


def _braces(block: Block, start: int) -> tuple[int, int]:
    """Return the places of the braces around the answers."""
    text = block.text
    opening = brace(text, start)
    if opening == len(text):
        raise ItemRefused(Reason.DESCRIPTION)
    closing = brace(text, opening + 1)
    if text[opening] == "}" or closing == len(text):
        raise ItemRefused(Reason.NO_CLOSING_BRACE, line=block.line(opening))
    another = closing if text[closing] == "{" else brace(text, closing + 1)
    if another < len(text):
        raise ItemRefused(Reason.MORE_BRACES, line=block.line(another))
    return opening, closing


_Answers = tuple[Kind, tuple[ChoiceContent, ...], tuple[str, ...], float | None, float]


def _answers(block: Block, texts: Texts) -> _Answers:
    """Return the kind, the choices, the accepted texts, the number and its tolerance."""
    text = block.text.strip()
    if not text:
        raise ItemRefused(Reason.ESSAY)
    if text.startswith("#"):
        place = block.text.index("#") + 1
        middle, tolerance = number(block.part(place, len(block.text)), texts)
        return Kind.NUMBER, (), (), middle, tolerance
    found = pieces(block)
    if any(piece.mark == "~" for piece in found):
        kind, of_kind = choices(found, texts)
        return kind, of_kind, (), None, 0.0
    if len(found) > 1 and all(piece.mark and "->" in piece.text for piece in found):
        raise ItemRefused(Reason.MATCHING)
    either = true_false(text, texts)
    if either:
        texts.marked.note(Note(Loss.TRUE_FALSE))
        return Kind.SINGLE, either, (), None, 0.0
    return Kind.TEXT, (), short_text(found, texts), None, 0.0
