r"""Writes questions as GIFT.

Reading gives them back, but for what `losses` tells and for blanks around texts. A poll is a choice
without a right answer, a text without accepted answers is `{=}`, and a number that nobody knows is
`{#}`; Moodle refuses these three.
"""

import base64
import re
from collections.abc import Mapping, Sequence

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

from . import EmbeddedPicture, Exported, Note
from .codes import Loss
from .gift_text import escaped
from .marked import CITED

_KINDS = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8", "jpeg"),
    (b"GIF8", "gif"),
    (b"RIFF", "webp"),
)


def write(questions: Sequence[Exported]) -> bytes:
    """Return the questions as a file."""
    return "\n\n".join(map(_question, questions)).encode() + b"\n"


def losses(question: Exported) -> tuple[Note, ...]:
    """Return what a GIFT file cannot hold of a question."""
    content = question.content
    found = [
        (Loss.FOLLOW_UP_LOST, bool(content.follow_up)),
        (Loss.UNIT_LOST, content.kind == Kind.NUMBER and bool(content.unit)),
        (Loss.DRAFT_LOST, question.is_draft),
        (Loss.SEVERAL, content.kind == Kind.SINGLE and _right(content) > 1),
        (Loss.POLL, content.kind in (Kind.SINGLE, Kind.SEVERAL) and _right(content) == 0),
    ]
    return tuple(Note(code) for code, is_lost in found if is_lost)


def _right(content: QuestionContent) -> int:
    return sum(choice.is_correct for choice in content.choices)


def _question(question: Exported) -> str:
    content = question.content
    pictures = {picture.name: picture for picture in question.pictures}
    tags = " ".join(f"[tag:{_tag(tag)}]" for tag in content.tags)
    lines = [f"// {tags}"] if tags else []
    title = f"::{escaped(content.title)}::" if content.title else ""
    lines.append(f"{title}[markdown]{_text(content.prompt, pictures)}{{")
    lines[-1] += "#" if content.kind == Kind.NUMBER else ""
    lines += [f"\t{answer}" for answer in _answers(content, pictures)]
    if content.explanation:
        lines.append(f"\t####{_marked(content.explanation, pictures)}")
    return "\n".join([*lines, "}"])


def _answers(content: QuestionContent, pictures: Mapping[str, EmbeddedPicture]) -> list[str]:
    if content.kind == Kind.NUMBER:
        if content.number is None:
            return []
        tolerance = f":{_number(content.tolerance)}" if content.tolerance else ""
        return [f"{_number(content.number)}{tolerance}"]
    if content.kind == Kind.TEXT:
        return _accepted(content.accepted)
    weight = f"%{round(100 / max(_right(content), 1), 5):g}%"
    marks = {
        Kind.SINGLE: ("=", "~"),
        Kind.SEVERAL: (f"~{weight}", "~%-100%"),
        Kind.POLL: ("~", "~"),
    }[content.kind]
    return [
        marks[0 if choice.is_correct else 1] + _choice(choice, pictures)
        for choice in content.choices
    ]


def _number(number: float) -> str:
    return repr(number).removesuffix(".0")


def _choice(choice: ChoiceContent, pictures: Mapping[str, EmbeddedPicture]) -> str:
    feedback = f"#{_marked(choice.feedback, pictures)}" if choice.feedback else ""
    return _marked(choice.text, pictures) + feedback


def _accepted(answers: Sequence[str]) -> list[str]:
    # The weight keeps a percentage at the start of an answer from being one.
    written = [f"=%100%{_marked(answer, {})}" for answer in answers]
    if len(answers) > 1 and all("->" in answer for answer in answers):
        # A wrong answer without an arrow tells it from things to be matched.
        written.append("=%0%")
    return written or ["="]


def _marked(text: str, pictures: Mapping[str, EmbeddedPicture]) -> str:
    """Return a text, with its format if it looks as if it named one, or had a weight."""
    written = _text(text, pictures)
    return f"[markdown]{written}" if written.startswith(("[", "%")) else written


def _text(text: str, pictures: Mapping[str, EmbeddedPicture]) -> str:
    return escaped(CITED.sub(lambda found: _address(found, pictures), text))


def _address(found: re.Match[str], pictures: Mapping[str, EmbeddedPicture]) -> str:
    picture = pictures.get(found[1])
    if picture is None:
        return found[0]
    kind = next((kind for start, kind in _KINDS if picture.data.startswith(start)), "png")
    data = base64.b64encode(picture.data).decode()
    return f"](data:image/{kind};name={picture.name};base64,{data})"


def _tag(tag: str) -> str:
    return " ".join(re.sub(r"[\\\]]", r"\\\g<0>", tag).split())
