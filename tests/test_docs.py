"""The references in the documents: each points at something that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("table", ["parity", "security"])
def test_every_test_that_a_table_names_is_there(table: str):
    missing = []
    file = ""
    text = (ROOT / f"docs/{table}.md").read_text()
    for name in re.findall(r"`([\w/]*\.py(?:::\w+)?|::\w+)`", text):
        path, _, test = name.partition("::")
        file = path or file
        source = ROOT / "tests" / file
        if not source.is_file() or (test and f"def {test}(" not in source.read_text()):
            missing.append(f"{file}::{test}")
    assert missing == []


def test_every_attack_is_told_of():
    text = (ROOT / "docs/security.md").read_text()
    attacks = [f"attacks/{path.name}" for path in (ROOT / "tests/attacks").glob("test_*.py")]
    assert attacks
    assert [path for path in attacks if path not in text] == []


def test_every_file_that_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    places = re.findall(
        r"`((?:accounts|docs|peerchat|rooms|static|templates|tests)/[\w./-]*)`", text
    )
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
