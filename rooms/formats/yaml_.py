"""Reads peerchat's own format, which loses nothing, in YAML, and writes it by `yaml_writing`.

    peerchat_questions: 1
    questions:
    - kind: single
      prompt: What is 2 + 2?
      choices:
      - text: "3"
      - text: "4"
        correct: true

`1` is the version of the format. Fields that are empty may be left out.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

from . import (
    MOST_BYTES_WITH_PICTURES,
    MOST_ITEMS,
    MOST_PICTURES,
    PICTURE_BYTES,
    EmbeddedPicture,
    FileRefused,
    Item,
    ItemRefused,
)
from .codes import FileFlaw, Reason
from .decoding import text_of
from .labels import name_of
from .numbers import number_of
from .yaml_nodes import Items, Node, Pairs, Scalar, parse
from .yaml_writing import HEADER, VERSION, losses, write

__all__ = ["losses", "read", "write"]

_PICTURE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read(data: bytes) -> list[Item]:
    """Return the questions of a file, also those that cannot be taken.

    Raises `FileRefused` for what is no YAML or another version, for no questions and too many.
    """
    root = parse(text_of(data, limit=MOST_BYTES_WITH_PICTURES))
    questions: Items | None = None
    version = ""
    for name, node in _top(root):
        if name == HEADER and isinstance(node, Scalar):
            version = node.text
            if version != str(VERSION):
                raise FileRefused(FileFlaw.YAML_VERSION, node.line, {"version": version[:50]})
        elif name == "questions" and isinstance(node, Items):
            questions = node
        else:
            raise FileRefused(FileFlaw.YAML_NOT_OURS, node.line)
    if not version or questions is None:
        raise FileRefused(FileFlaw.YAML_NOT_OURS, root.line)
    if not questions.nodes:
        raise FileRefused(FileFlaw.NO_QUESTIONS)
    if len(questions.nodes) > MOST_ITEMS:
        line = questions.nodes[MOST_ITEMS].line
        raise FileRefused(FileFlaw.TOO_MANY, line, {"limit": MOST_ITEMS})
    return [_item(node) for node in questions.nodes]


def _top(root: Node) -> list[tuple[str, Node]]:
    if not isinstance(root, Pairs):
        raise FileRefused(FileFlaw.YAML_NOT_OURS, root.line)
    names, nodes = root.nodes[::2], root.nodes[1::2]
    return [
        (name.text if isinstance(name, Scalar) else "", node)
        for name, node in zip(names, nodes, strict=True)
    ]


def _item(node: Node) -> Item:
    try:
        fields = _fields(node, "question", _QUESTION)
        if "kind" not in fields:
            raise ItemRefused(Reason.FIELD_MISSING, {"field": "kind"})
        pictures = tuple(fields.pop("pictures", ()))
        if len({picture.name for picture in pictures}) < len(pictures):
            raise ItemRefused(Reason.FIELD_TWICE, {"field": "pictures"})
        is_draft = fields.pop("draft", False)
        content = QuestionContent(**fields)
    except ItemRefused as error:
        return Item(line=node.line, name=_name(node), refused=error.refused)
    return Item(
        line=node.line,
        name=name_of(content.title, content.prompt),
        content=content,
        is_draft=is_draft,
        pictures=pictures,
    )


def _name(node: Node) -> str:
    """Return a name for a question that cannot be taken."""
    if not isinstance(node, Pairs):
        return name_of(node.text) if isinstance(node, Scalar) else ""
    said = {
        name.text: value.text
        for name, value in zip(node.nodes[::2], node.nodes[1::2], strict=True)
        if isinstance(name, Scalar) and isinstance(value, Scalar)
    }
    return name_of(said.get("title", ""), said.get("prompt", ""))


_Reader = Callable[[Node, str], Any]


def _wrong(node: Node, name: str, expected: str) -> ItemRefused:
    return ItemRefused(Reason.WRONG_TYPE, {"field": name, "expected": expected}, node.line)


def _fields(node: Node, name: str, readers: dict[str, _Reader]) -> dict[str, Any]:
    if not isinstance(node, Pairs):
        raise _wrong(node, name, "mapping")
    found: dict[str, Any] = {}
    for key, value in zip(node.nodes[::2], node.nodes[1::2], strict=True):
        said = key.text if isinstance(key, Scalar) else ""
        if said not in readers:
            raise ItemRefused(Reason.UNKNOWN_FIELD, {"field": said[:100]}, key.line)
        if said in found:
            raise ItemRefused(Reason.FIELD_TWICE, {"field": said}, key.line)
        found[said] = readers[said](value, said)
    return found


def _text(node: Node, name: str) -> str:
    if not isinstance(node, Scalar):
        raise _wrong(node, name, "text")
    return "" if node.is_plain and node.text in _NULL else node.text


def _number(node: Node, name: str) -> float | None:
    text = _text(node, name)
    if not text:
        return None
    try:
        return number_of(text)
    except ItemRefused:
        raise ItemRefused(Reason.BAD_NUMBER, {"text": text[:100]}, node.line) from None


def _boolean(node: Node, name: str) -> bool:
    text = node.text.lower() if isinstance(node, Scalar) else ""
    if text not in _BOOLEANS:
        raise _wrong(node, name, "boolean")
    return _BOOLEANS[text]


def _kind(node: Node, name: str) -> Kind:
    text = _text(node, name)
    if text not in [*Kind]:
        raise ItemRefused(Reason.UNKNOWN_KIND, {"kind": text[:100]}, node.line)
    return Kind(text)


def _each(reader: _Reader) -> _Reader:
    def read_all(node: Node, name: str) -> tuple[Any, ...]:
        if not isinstance(node, Items):
            raise _wrong(node, name, "list")
        return tuple(reader(one, name) for one in node.nodes)

    return read_all


def _choice(node: Node, name: str) -> ChoiceContent:
    if isinstance(node, Scalar):
        return ChoiceContent(_text(node, name))
    fields = _fields(node, name, _CHOICE)
    return ChoiceContent(
        fields.get("text", ""), fields.get("correct", False), fields.get("feedback", "")
    )


def _picture(node: Node, name: str) -> EmbeddedPicture:
    fields = _fields(node, name, {"name": _text, "data": _text})
    called, data = fields.get("name", ""), "".join(fields.get("data", "").split())
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not _PICTURE_NAME.fullmatch(called) or not 0 < len(decoded) <= PICTURE_BYTES:
        raise ItemRefused(Reason.BAD_PICTURE, {"name": called[:100]}, node.line)
    return EmbeddedPicture(called, decoded)


def _pictures(node: Node, name: str) -> tuple[EmbeddedPicture, ...]:
    if isinstance(node, Items) and len(node.nodes) > MOST_PICTURES:
        raise ItemRefused(Reason.TOO_MANY_PICTURES, {"limit": MOST_PICTURES}, node.line)
    found: tuple[EmbeddedPicture, ...] = _each(_picture)(node, name)
    return found


_CHOICE: dict[str, _Reader] = {"text": _text, "correct": _boolean, "feedback": _text}
_QUESTION: dict[str, _Reader] = {
    "kind": _kind,
    "draft": _boolean,
    "title": _text,
    "prompt": _text,
    "choices": _each(_choice),
    "number": _number,
    "tolerance": lambda node, name: _number(node, name) or 0.0,
    "unit": _text,
    "accepted": _each(_text),
    "explanation": _text,
    "follow_up": _text,
    "tags": _each(_text),
    "pictures": _pictures,
}
