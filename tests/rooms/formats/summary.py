"""What was read from a file as lines that people can check."""

from collections.abc import Sequence

from rooms.formats import FileRefused, Item
from rooms.peer.content import QuestionContent


def of_refusal(refused: FileRefused) -> str:
    """Return `file: CODE`, with the line and the arguments that there are."""
    at = f" at line {refused.line}" if refused.line is not None else ""
    return f"file: {refused.code}{at}{_args(refused.details)}\n"


def of_items(items: Sequence[Item]) -> str:
    """Return the items in this form, with what is empty left out:

    3 single What is 2 + 2?
      - 3 # feedback
      + 4
      explanation: ...
      note: weights
    9 refused essay
    """
    return "".join(f"{line}\n" for item in items for line in _lines(item))


def _lines(item: Item) -> list[str]:
    notes = [f"  note: {note.code}{_args(note.args)}" for note in item.notes]
    if item.refused:
        at = f" at line {item.refused.line}" if item.refused.line is not None else ""
        head = f"{item.line} refused {item.refused.code}{at}{_args(item.refused.args)}"
        return [head, f"  name: {_flat(item.name)}", *notes]
    assert item.content
    content = item.content
    draft = " draft" if item.is_draft else ""
    pictures = [f"  picture: {one.name}, {len(one.data)} bytes" for one in item.pictures]
    head = f"{item.line} {content.kind}{draft} {_flat(content.prompt)}"
    return [head, *_answers(content), *_rest(content), *notes, *pictures]


def _answers(content: QuestionContent) -> list[str]:
    lines = []
    for choice in content.choices:
        feedback = f" # {_flat(choice.feedback)}" if choice.feedback else ""
        lines.append(f"  {'+' if choice.is_correct else '-'} {_flat(choice.text)}{feedback}")
    if content.number is not None:
        tolerance = f" ± {content.tolerance!r}" if content.tolerance else ""
        unit = f" {content.unit}" if content.unit else ""
        lines.append(f"  = {content.number!r}{tolerance}{unit}")
    return [*lines, *(f"  = {_flat(answer)}" for answer in content.accepted)]


def _rest(content: QuestionContent) -> list[str]:
    fields = {
        "title": content.title,
        "explanation": content.explanation,
        "follow_up": content.follow_up,
        "tags": ", ".join(content.tags),
    }
    return [f"  {name}: {_flat(text)}" for name, text in fields.items() if text]


def _args(args) -> str:
    shown = ", ".join(f"{name} {_flat(str(value))}" for name, value in args.items())
    return f" ({shown})" if shown else ""


def _flat(text: str) -> str:
    return text.replace("\n", "⏎").replace("\r", "␍").replace("\t", "⇥")
