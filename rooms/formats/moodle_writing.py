"""Writes questions as Moodle XML, so that Moodle takes them and `moodle` reads the same again.

Texts are written as Markdown, which Moodle knows as a format of its own.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from rooms.peer.content import Kind, QuestionContent

from . import Exported, Note
from .codes import Loss
from .labels import name_of
from .marked import CITED

_TYPES = {
    Kind.SINGLE: "multichoice",
    Kind.SEVERAL: "multichoice",
    Kind.POLL: "multichoice",
    Kind.NUMBER: "numerical",
    Kind.TEXT: "shortanswer",
}
IMPOSSIBLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""The characters that XML cannot hold at all, not even as a number."""


def losses(question: Exported) -> tuple[Note, ...]:
    """Return what Moodle XML cannot hold of a question."""
    found = []
    if question.content.follow_up:
        found.append(Note(Loss.FOLLOW_UP_LOST))
    if question.is_draft:
        found.append(Note(Loss.DRAFT_LOST))
    return tuple(found)


def write(questions: Sequence[Exported]) -> bytes:
    """Return a file with these questions in UTF-8."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>"]
    for question in questions:
        lines += _question(question)
    return "\n".join([*lines, "</quiz>", ""]).encode()


def _question(question: Exported) -> Iterator[str]:
    content = question.content
    pictures = {picture.name: picture.data for picture in question.pictures}
    yield f'  <question type="{_TYPES[content.kind]}">'
    yield f"    <name>{_text(content.title or name_of(content.prompt))}</name>"
    yield from _marked("questiontext", content.prompt, pictures)
    yield from _marked("generalfeedback", content.explanation, pictures)
    yield "    <defaultgrade>1</defaultgrade>"
    yield "    <penalty>0</penalty>"
    yield "    <hidden>0</hidden>"
    if content.kind.has_choices:
        yield from _choices(content, pictures)
    elif content.kind == Kind.NUMBER:
        yield from _number(content)
    else:
        yield "    <usecase>0</usecase>"
        for answer in content.accepted or ("*",):
            escaped = answer.replace("*", "\\*") if content.accepted else answer
            yield from _answer("100", "plain_text", escaped)
    if content.tags:
        yield "    <tags>"
        for tag in content.tags:
            yield f"      <tag>{_text(tag)}</tag>"
        yield "    </tags>"
    yield "  </question>"


def _choices(content: QuestionContent, pictures: dict[str, bytes]) -> Iterator[str]:
    right = sum(choice.is_correct for choice in content.choices)
    yield f"    <single>{'false' if content.kind == Kind.SEVERAL else 'true'}</single>"
    yield "    <shuffleanswers>false</shuffleanswers>"
    yield "    <answernumbering>ABCD</answernumbering>"
    for choice in content.choices:
        if content.kind == Kind.POLL:
            # Moodle takes no question without a right answer, so each is right.
            fraction = "100"
        elif content.kind == Kind.SINGLE:
            fraction = "100" if choice.is_correct else "0"
        else:
            # A wrong one takes all marks, so that only the right choices together are right.
            fraction = f"{100 / right:.5f}".rstrip("0").rstrip(".") if choice.is_correct else "-100"
        yield f'    <answer fraction="{fraction}" format="markdown">'
        yield from _inner(choice.text, pictures)
        yield from _marked("feedback", choice.feedback, pictures, indent="      ")
        yield "    </answer>"


def _number(content: QuestionContent) -> Iterator[str]:
    if content.number is None:
        yield from _answer("100", "plain_text", "*")
    else:
        tolerance = f"      <tolerance>{_plain(content.tolerance)}</tolerance>"
        yield from _answer("100", "plain_text", _plain(content.number), tolerance)
    if content.unit:
        yield "    <units>"
        yield "      <unit>"
        yield "        <multiplier>1</multiplier>"
        yield f"        <unit_name>{_escaped(content.unit)}</unit_name>"
        yield "      </unit>"
        yield "    </units>"
        yield "    <showunits>0</showunits>"


def _plain(number: float) -> str:
    return repr(number).removesuffix(".0")


def _answer(fraction: str, mark: str, text: str, *more: str) -> Iterator[str]:
    yield f'    <answer fraction="{fraction}" format="{mark}">'
    yield f"      {_text(text)}"
    yield from more
    yield "    </answer>"


def _marked(
    tag: str, markdown: str, pictures: dict[str, bytes], *, indent: str = "    "
) -> Iterator[str]:
    yield f'{indent}<{tag} format="markdown">'
    yield from _inner(markdown, pictures)
    yield f"{indent}</{tag}>"


def _inner(markdown: str, pictures: dict[str, bytes]) -> Iterator[str]:
    names = [name for name in dict.fromkeys(CITED.findall(markdown)) if name in pictures]
    for name in names:
        markdown = markdown.replace(f"](file:{name})", f"](@@PLUGINFILE@@/{name})")
    yield f"      {_text(markdown)}"
    for name in names:
        data = base64.b64encode(pictures[name]).decode()
        yield f'      <file name={quoteattr(name)} path="/" encoding="base64">{data}</file>'


def _text(text: str) -> str:
    return f"<text>{_escaped(text)}</text>"


def _escaped(text: str) -> str:
    # A carriage return would come back as a line feed.
    return escape(IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text), {"\r": "&#13;"})
