"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_test_of_the_parity_table_is_there():
    missing = []
    file = ""
    for name in re.findall(
        r"`([\w/]*\.py(?:::\w+)?|::\w+)`", (ROOT / "docs/parity.md").read_text()
    ):
        path, _, test = name.partition("::")
        file = path or file
        source = ROOT / "tests" / file
        if not source.is_file() or (test and f"def {test}(" not in source.read_text()):
            missing.append(f"{file}::{test}")
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
