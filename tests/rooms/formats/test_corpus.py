"""Reads the files of `corpus/`, which are written as teachers write them.

Beside each file `NAME` is `NAME.expected`, what reading it gives, in the form of `summary`. Set
`WRITE_EXPECTED=1` to write the files that are missing, and read every line of them.
"""

import os
from itertools import chain
from pathlib import Path

import pytest

from rooms.formats import FileRefused, aiken, csv_, gift, moodle, qti, yaml_
from tests.cases import case
from tests.rooms.formats import summary

CORPUS = Path(__file__).with_name("corpus")
# By the name of the folder.
FORMATS = {
    "aiken": aiken,
    "csv": csv_,
    "gift": gift,
    "moodle": moodle,
    "qti": qti,
    "yaml": yaml_,
}
SAMPLES = sorted(
    path
    for path in chain.from_iterable((CORPUS / name).iterdir() for name in FORMATS)
    if path.suffix != ".expected"
)


@pytest.mark.parametrize("folder", FORMATS)
def test_samples_give_what_is_expected(folder):
    for path in SAMPLES:
        if path.parent.name == folder:
            with case(path.name):
                gives_what_is_expected(path)


def gives_what_is_expected(path):
    """Read a file, and compare what it gives with what is beside it."""
    try:
        found = summary.of_items(FORMATS[path.parent.name].read(path.read_bytes()))
    except FileRefused as refused:
        found = summary.of_refusal(refused)
    expected = path.with_name(f"{path.name}.expected")
    if not expected.exists() and os.environ.get("WRITE_EXPECTED"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def test_the_corpus_is_complete():
    assert {path.name for path in CORPUS.iterdir()} == {*FORMATS}
    expected = {path.with_suffix("") for path in CORPUS.rglob("*.expected")}
    assert expected == {*SAMPLES}
