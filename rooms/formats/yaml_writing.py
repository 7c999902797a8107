"""Writes questions in peerchat's own format, in YAML."""

import base64
from collections.abc import Sequence
from typing import Any

import yaml

from . import Exported, Note

HEADER = "peerchat_questions"
VERSION = 1
"""The version of the format, which a file names behind `HEADER`."""


def losses(question: Exported) -> tuple[Note, ...]:
    """Return nothing: the file holds all of a question."""
    return ()


def write(questions: Sequence[Exported]) -> bytes:
    """Return the questions as a file."""
    document = {HEADER: VERSION, "questions": [_written(question) for question in questions]}
    text = yaml.dump(
        document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100, indent=2
    )
    return text.encode()


def _written(question: Exported) -> dict[str, Any]:
    content = question.content
    fields = {
        "kind": content.kind.value,
        "draft": question.is_draft,
        "title": content.title,
        "prompt": content.prompt,
        "choices": [
            _kept({"text": one.text, "correct": one.is_correct, "feedback": one.feedback})
            or {"text": ""}
            for one in content.choices
        ],
        "number": content.number,
        "tolerance": content.tolerance,
        "unit": content.unit,
        "accepted": list(content.accepted),
        "explanation": content.explanation,
        "follow_up": content.follow_up,
        "tags": list(content.tags),
        "pictures": [
            {"name": picture.name, "data": base64.encodebytes(picture.data).decode()}
            for picture in question.pictures
        ],
    }
    return _kept(fields)


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that say something. A number says something if it is zero, too."""
    return {
        name: value
        for name, value in fields.items()
        if value or (name == "number" and value is not None)
    }


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes texts of several lines as lines, and never an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _represent_text)
