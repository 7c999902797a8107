"""Turns an item of QTI 2.1 into a question: what is asked, and which answers are right."""

import re
from dataclasses import dataclass
from decimal import Decimal

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

from . import ItemRefused, Note
from .codes import Loss, Reason
from .labels import own_title
from .numbers import number_of
from .qti_bodies import Body
from .trees import Node

_UNTAKEN = {
    "extendedTextInteraction": Reason.ESSAY,
    "uploadInteraction": Reason.ESSAY,
    "drawingInteraction": Reason.ESSAY,
    "matchInteraction": Reason.MATCHING,
    "associateInteraction": Reason.MATCHING,
    "gapMatchInteraction": Reason.CLOZE,
}
_NUMBERS = ("float", "integer")
_WRONG = re.compile(r"incorrect|wrong|false|partial|falsch", re.IGNORECASE)
# Ways to judge an answer that are more than a comparison with the right one.
_RANGES = ("gt", "gte", "lt", "lte", "equalRounded", "patternMatch", "stringMatch", "substring")


@dataclass(frozen=True, slots=True)
class _Declared:
    """Holds what an item says of its answer. `weights` are the marks for an answer."""

    is_single: bool
    base_type: str
    correct: list[str]
    weights: dict[str, float]


def question(root: Node, body: Body) -> QuestionContent:
    """Return the question of an `assessmentItem`. Raises `ItemRefused` for what cannot be taken."""
    item_body = root.child("itemBody")
    if item_body is None:
        raise ItemRefused(Reason.BROKEN)
    if root.child("templateDeclaration"):
        raise ItemRefused(Reason.CALCULATED)
    parts = [node for node in item_body.walk() if node.tag.endswith("Interaction")]
    if not parts:
        raise ItemRefused(Reason.DESCRIPTION)
    if len(parts) > 1:
        raise ItemRefused(Reason.SEVERAL_PARTS, line=parts[1].line)
    (part,) = parts
    if part.tag in _UNTAKEN:
        raise ItemRefused(_UNTAKEN[part.tag])
    if part.tag not in ("choiceInteraction", "textEntryInteraction"):
        raise ItemRefused(Reason.UNKNOWN_KIND, {"kind": part.tag[:100]})
    declared = _declared(root, part)
    prompt = body.prompt(item_body)
    if not prompt:
        raise ItemRefused(Reason.NO_PROMPT)
    feedback = _feedback(root, item_body)
    if part.tag == "choiceInteraction":
        content = _choices(part, declared, body, feedback)
    elif declared.base_type in _NUMBERS:
        content = _number(root, declared, body)
    else:
        content = _text(root, declared, body)
    return QuestionContent(
        kind=content.kind,
        title=own_title(root.get("title"), prompt),
        prompt=prompt,
        choices=content.choices,
        number=content.number,
        tolerance=content.tolerance,
        accepted=content.accepted,
        explanation=_explanation(feedback, body),
    )


def _declared(root: Node, part: Node) -> _Declared:
    name = part.get("responseIdentifier")
    for node in root.children("responseDeclaration"):
        if node.get("identifier") == name:
            break
    else:
        raise ItemRefused(Reason.BROKEN, line=part.line)
    correct = node.child("correctResponse")
    mapping = node.child("mapping")
    return _Declared(
        is_single=node.get("cardinality") == "single",
        base_type=node.get("baseType"),
        correct=[value.text for value in correct.children("value")] if correct else [],
        weights={
            entry.get("mapKey"): number_of(entry.get("mappedValue") or "0", entry.line)
            for entry in (mapping.children("mapEntry") if mapping else [])
        },
    )


def _right(declared: _Declared, body: Body) -> list[str]:
    """Return the right answers: those named so, else those with the most marks."""
    positive = {answer: weight for answer, weight in declared.weights.items() if weight > 0}
    if len(set(positive.values())) > 1:
        body.marked.note(Note(Loss.WEIGHTS))
    if declared.correct:
        return declared.correct
    if not declared.is_single:
        return [*positive]
    best = max(positive.values(), default=0.0)
    return [answer for answer, weight in positive.items() if weight == best]


def _choices(
    part: Node, declared: _Declared, body: Body, feedback: dict[str, list[Node]]
) -> QuestionContent:
    choices = part.children("simpleChoice")
    if len(choices) < 2:
        raise ItemRefused(Reason.NO_CHOICES)
    names = [choice.get("identifier") for choice in choices]
    right = _right(declared, body)
    for name in right:
        if name not in names:
            raise ItemRefused(Reason.ANSWER_UNKNOWN, {"answer": name[:100]})
    if not right:
        kind = Kind.POLL
        body.marked.note(Note(Loss.POLL))
    elif declared.is_single or part.get("maxChoices") == "1":
        kind = Kind.SINGLE
        if len(set(right)) > 1:
            kind = Kind.SEVERAL
            body.marked.note(Note(Loss.SEVERAL))
    else:
        kind = Kind.SEVERAL
    found = []
    for name, choice in zip(names, choices, strict=True):
        said = [*(node for node in choice.walk() if node.tag == "feedbackInline")]
        said += feedback.pop(name, [])
        text = " ".join(filter(None, (body.markdown(node, inline=True) for node in said)))
        found.append(ChoiceContent(body.markdown(choice, inline=True), name in right, text))
    return QuestionContent(kind=kind, choices=tuple(found))


def _number(root: Node, declared: _Declared, body: Body) -> QuestionContent:
    right = _right(declared, body)
    if not right:
        raise ItemRefused(Reason.NO_ANSWER)
    number = number_of(right[0], root.line)
    for other in right[1:]:
        if number_of(other, root.line) != number:
            body.marked.note(Note(Loss.ANSWER_DROPPED, {"answer": other[:100]}))
    return QuestionContent(kind=Kind.NUMBER, number=number, tolerance=_tolerance(root, number))


def _tolerance(root: Node, number: float) -> float:
    """Return how far from the number an answer may be, as the item judges it."""
    processing = root.child("responseProcessing")
    nodes = [*processing.walk()] if processing else []
    _refuse_ranges(nodes)
    for node in nodes:
        if node.tag != "equal" or node.get("toleranceMode") in ("", "exact"):
            continue
        sides = {number_of(side, node.line) for side in node.get("tolerance").split()}
        if len(sides) != 1:
            raise ItemRefused(Reason.UNSUPPORTED_PART, {"part": "equal"}, node.line)
        (side,) = sides
        if node.get("toleranceMode") == "relative":
            # Decimals, so that 1 % of 3.14 is 0.0314.
            return float(Decimal(repr(side)) * abs(Decimal(repr(number))) / 100)
        return side
    return 0.0


def _text(root: Node, declared: _Declared, body: Body) -> QuestionContent:
    if declared.base_type != "string":
        raise ItemRefused(Reason.UNKNOWN_KIND, {"kind": declared.base_type[:100]})
    processing = root.child("responseProcessing")
    _refuse_ranges([*processing.walk()] if processing else [])
    right = _right(declared, body)
    # Spellings that get the same marks as the right answer are as right.
    best = max((declared.weights.get(answer, 0.0) for answer in right), default=0.0)
    others = [answer for answer, weight in declared.weights.items() if weight == best > 0]
    return QuestionContent(kind=Kind.TEXT, accepted=tuple(dict.fromkeys([*right, *others])))


def _refuse_ranges(nodes: list[Node]) -> None:
    for node in nodes:
        if node.tag in _RANGES:
            raise ItemRefused(Reason.UNSUPPORTED_PART, {"part": node.tag}, node.line)


def _feedback(root: Node, item_body: Node) -> dict[str, list[Node]]:
    """Return the feedback outside of choices by its identifier."""
    found: dict[str, list[Node]] = {}
    blocks = [node for node in item_body.walk() if node.tag == "feedbackBlock"]
    for node in [*blocks, *root.children("modalFeedback")]:
        found.setdefault(node.get("identifier"), []).append(node)
    return found


def _explanation(feedback: dict[str, list[Node]], body: Body) -> str:
    """Return the feedback that belongs to no choice, without what only tells of wrong answers."""
    texts = []
    for name, nodes in feedback.items():
        shown = [text for node in nodes if (text := body.markdown(node))]
        if shown and _WRONG.search(name):
            body.marked.note(Note(Loss.OVERALL_FEEDBACK))
        else:
            texts += shown
    return "\n\n".join(dict.fromkeys(texts))
