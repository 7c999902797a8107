"""Reads questions from Moodle XML, as Moodle exports it and as other programs write it.

`moodle_writing` writes it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

from . import MOST_ITEMS, FileRefused, Item, ItemRefused, Note
from .codes import FileFlaw, Loss, Reason
from .labels import category_tag, name_of, own_title, tags_of
from .moodle_texts import Budget, Texts, is_default_feedback
from .moodle_writing import losses, write
from .numbers import number_of
from .trees import Node, read_children, root_of

__all__ = ["losses", "read", "write"]

_UNTAKEN = {
    "essay": Reason.ESSAY,
    "match": Reason.MATCHING,
    "matching": Reason.MATCHING,
    "ddmatch": Reason.MATCHING,
    "randomsamatch": Reason.MATCHING,
    "description": Reason.DESCRIPTION,
    "cloze": Reason.CLOZE,
    "multianswer": Reason.CLOZE,
    "gapselect": Reason.CLOZE,
    "ddwtos": Reason.CLOZE,
    "calculated": Reason.CALCULATED,
    "calculatedsimple": Reason.CALCULATED,
    "calculatedmulti": Reason.CALCULATED,
}
_OVERALL = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
_ANYTHING = "*"


def read(data: bytes) -> list[Item]:
    """Return the questions of a file in Moodle XML.

    A category is no question; the questions after it have its name as a tag.
    Raises `FileRefused` for what is no such file.
    """
    root = root_of(data)
    if root.tag != "quiz":
        raise FileRefused(FileFlaw.XML_UNKNOWN, root.line, {"root": root.tag[:100]})
    items: list[Item] = []
    category = ""
    is_new = False
    budget = Budget()
    for node in read_children(data):
        if node.tag != "question":
            continue
        if node.get("type") == "category":
            category = category_tag(node.text_at("category", "text"))
            is_new = bool(category)
            continue
        if len(items) == MOST_ITEMS:
            raise FileRefused(FileFlaw.TOO_MANY, node.line, {"limit": MOST_ITEMS})
        notes = (Note(Loss.CATEGORY, {"category": category}),) if is_new else ()
        is_new = False
        items.append(_item(node, category, notes, budget))
    if not items:
        raise FileRefused(FileFlaw.NO_QUESTIONS)
    return items


@dataclass(frozen=True, slots=True)
class _Answer:
    node: Node
    text: str
    fraction: float

    @property
    def is_right(self) -> bool:
        """Return whether this is right in full; Moodle's weights have seven digits."""
        return self.fraction > 99.99


def _item(node: Node, category: str, notes: tuple[Note, ...], budget: Budget) -> Item:
    texts = Texts(node, budget)
    for note in notes:
        texts.note(note)
    title = node.text_at("name", "text")
    name = name_of(title, texts.words(node.child("questiontext")))
    try:
        content = _content(node, texts, title, category)
    except ItemRefused as error:
        return Item(line=node.line, name=name, refused=error.refused)
    return Item(
        line=node.line,
        name=name,
        content=content,
        notes=texts.notes,
        pictures=texts.pictures,
    )


def _content(node: Node, texts: Texts, title: str, category: str) -> QuestionContent:
    kind = node.get("type")
    if kind in _UNTAKEN:
        raise ItemRefused(_UNTAKEN[kind])
    if kind not in _READERS:
        raise ItemRefused(Reason.UNKNOWN_KIND, {"kind": kind[:100]})
    prompt = texts.prompt()
    if not prompt:
        raise ItemRefused(Reason.NO_PROMPT)
    names = [tag.text_at("text") for tags in node.children("tags") for tag in tags.children("tag")]
    if category:
        names.append(category)
    tags, tag_notes = tags_of(names)
    for note in tag_notes:
        texts.note(note)
    content = _READERS[kind](node, texts)
    if node.child("hint"):
        texts.note(Note(Loss.HINTS))
    if any(not is_default_feedback(texts.words(node.child(one))) for one in _OVERALL):
        texts.note(Note(Loss.OVERALL_FEEDBACK))
    return QuestionContent(
        kind=content.kind,
        title=own_title(title, prompt),
        prompt=prompt,
        choices=content.choices,
        number=content.number,
        tolerance=content.tolerance,
        unit=content.unit,
        accepted=content.accepted,
        explanation=texts.markdown(node.child("generalfeedback")),
        tags=tags,
    )


def _answers(node: Node) -> list[_Answer]:
    found = []
    for answer in node.children("answer"):
        # Old files have the text right in the answer, and the fraction, from 0 to 1, as an element.
        text = answer.text_at("text") if answer.child("text") else answer.text
        written = answer.text_at("fraction")
        fraction = number_of(written, answer.line) * 100 if written else _weight(answer)
        found.append(_Answer(answer, text, fraction))
    return found


def _weight(answer: Node) -> float:
    text = answer.get("fraction").rstrip("%").strip()
    try:
        return number_of(text, answer.line) if text else 0.0
    except ItemRefused as error:
        raise ItemRefused(Reason.BAD_WEIGHT, error.refused.args, answer.line) from None


def _multichoice(node: Node, texts: Texts) -> QuestionContent:
    answers = _answers(node)
    if len(answers) < 2:
        raise ItemRefused(Reason.NO_CHOICES)
    weights = [answer.fraction for answer in answers]
    right = [fraction > 0 for fraction in weights]
    if node.text_at("single") in ("false", "0"):
        kind = Kind.SEVERAL
        positive = sorted(fraction for fraction in weights if fraction > 0)
        if any(more - less > 0.01 for less, more in pairwise(positive)):
            texts.note(Note(Loss.WEIGHTS))
    else:
        kind = Kind.SINGLE
        if any(0 < abs(fraction) < 99.99 for fraction in weights):
            texts.note(Note(Loss.WEIGHTS))
        best = max(weights)
        right = [fraction > 0 and best - fraction < 0.01 for fraction in weights]
        if all(right):
            texts.note(Note(Loss.ALL_RIGHT))
            kind = Kind.POLL
        elif sum(right) > 1:
            texts.note(Note(Loss.SEVERAL))
            kind = Kind.SEVERAL
    if not any(right):
        texts.note(Note(Loss.POLL))
        kind = Kind.POLL
    choices = tuple(
        ChoiceContent(
            texts.markdown(answer.node, inline=True),
            is_right and kind != Kind.POLL,
            texts.markdown(answer.node.child("feedback"), inline=True),
        )
        for answer, is_right in zip(answers, right, strict=True)
    )
    return QuestionContent(kind=kind, choices=choices)


def _truefalse(node: Node, texts: Texts) -> QuestionContent:
    answers = _answers(node)
    if len(answers) != 2:
        raise ItemRefused(Reason.BROKEN)
    right = [answer.is_right for answer in answers]
    if sum(right) != 1:
        raise ItemRefused(Reason.NO_ANSWER)
    texts.note(Note(Loss.TRUE_FALSE))
    shown = {"true": "True", "false": "False"}
    choices = tuple(
        ChoiceContent(
            shown.get(answer.text.lower()) or texts.markdown(answer.node, inline=True),
            is_right,
            texts.markdown(answer.node.child("feedback"), inline=True),
        )
        for answer, is_right in zip(answers, right, strict=True)
    )
    return QuestionContent(kind=Kind.SINGLE, choices=choices)


def _shortanswer(node: Node, texts: Texts) -> QuestionContent:
    answers = _answers(node)
    accepted = []
    for answer in answers:
        if answer.text == _ANYTHING:
            continue
        if not answer.is_right:
            if answer.fraction > 0:
                texts.note(Note(Loss.WEIGHTS))
        else:
            if re.search(r"(?<!\\)\*", answer.text):
                texts.note(Note(Loss.WILDCARD))
            accepted.append(answer.text.replace("\\*", "*"))
    _note_feedback(answers, texts)
    if node.text_at("usecase") == "1":
        texts.note(Note(Loss.CASE))
    return QuestionContent(kind=Kind.TEXT, accepted=tuple(accepted))


def _numerical(node: Node, texts: Texts) -> QuestionContent:
    answers = _answers(node)
    right = [answer for answer in answers if answer.is_right]
    if not right:
        raise ItemRefused(Reason.NO_ANSWER)
    _note_feedback(answers, texts)
    if any(0 < answer.fraction < 99.99 for answer in answers):
        texts.note(Note(Loss.WEIGHTS))
    first, *others = right
    for other in others:
        texts.note(Note(Loss.ANSWER_DROPPED, {"answer": other.text[:100]}))
    unit = _unit(node, texts)
    if first.text == _ANYTHING:
        return QuestionContent(kind=Kind.NUMBER, unit=unit)
    tolerance = first.node.text_at("tolerance")
    return QuestionContent(
        kind=Kind.NUMBER,
        number=number_of(first.text, first.node.line),
        tolerance=number_of(tolerance, first.node.line) if tolerance else 0.0,
        unit=unit,
    )


def _unit(node: Node, texts: Texts) -> str:
    """Return the unit in which the answer is."""
    units = [one for all_ in node.children("units") for one in all_.children("unit")]
    base = [one for one in units if number_of(one.text_at("multiplier") or "1", one.line) == 1]
    name = next((one.text_at("unit_name") for one in base), "")
    if len(units) > 1:
        texts.note(Note(Loss.UNITS, {"unit": name}))
    return name


def _note_feedback(answers: list[_Answer], texts: Texts) -> None:
    if any(texts.words(answer.node.child("feedback")) for answer in answers):
        texts.note(Note(Loss.FEEDBACK_DROPPED))


_READERS: dict[str, Callable[[Node, Texts], QuestionContent]] = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
}
