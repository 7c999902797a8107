"""Reads the examples of docs/questions.md."""

import re
from pathlib import Path

import pytest

from rooms.formats import aiken, csv_, gift, yaml_
from rooms.peer.content import Kind, problems

DOCUMENT = (Path(__file__).parents[3] / "docs/questions.md").read_text(encoding="utf-8")


def example(title: str) -> bytes:
    section = DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    block = re.search(r"(?m)(?:^(?: {4}.*)?\n)+", section.lstrip("\n"))
    assert block
    return re.sub("(?m)^ {4}", "", block[0]).encode()


@pytest.mark.parametrize(
    ("title", "reader", "kinds"),
    [
        ("GIFT", gift, "single several number text single poll"),
        ("Aiken", aiken, "single"),
        ("CSV", csv_, "single several number text poll"),
        ("YAML", yaml_, "single number text"),
    ],
)
def test_the_examples_are_questions(title, reader, kinds):
    items = reader.read(example(title))
    assert [item.refused for item in items if item.refused] == []
    assert [item.content.kind for item in items] == [Kind(kind) for kind in kinds.split()]
    assert [problem for item in items for problem in problems(item.content)] == []
