import re
import string
from itertools import chain

import pytest

from rooms.formats import FileRefused, Note, Refused
from rooms.formats.codes import FileFlaw, Loss, Reason
from rooms.formats_said import FILES, LOSSES, REASONS, sentence

SAID = [*chain(FILES.items(), REASONS.items(), LOSSES.items())]


@pytest.mark.parametrize(
    ("codes", "sentences"), [(FileFlaw, FILES), (Reason, REASONS), (Loss, LOSSES)]
)
def test_every_code_has_a_sentence(codes, sentences):
    assert [*sentences] == [*codes]


@pytest.mark.parametrize(("code", "text"), SAID)
def test_a_sentence_ends_and_shows_its_arguments(code, text):
    names = re.findall(r"%\((\w+)\)s", str(text))
    said = str(text) % dict.fromkeys(names, "mapping")
    assert said[0] in string.ascii_uppercase + "“"
    assert said[-1] in ".?"


def test_a_line_comes_first():
    assert sentence(FileRefused(FileFlaw.NUL, 3)).startswith("Line 3: The file has a NUL")
    assert sentence(FileRefused(FileFlaw.EMPTY)) == "The file is empty."
    assert (
        sentence(Refused(Reason.BAD_NUMBER, {"text": "3,x"}, 7)) == "Line 7: “3,x” is not a number."
    )
    assert sentence(Refused(Reason.WRONG_TYPE, {"field": "title", "expected": "list"})) == (
        "“title” has the wrong type of value. Expected: a list."
    )
    assert sentence(Note(Loss.CATEGORY, {"category": "Optics"})) == (
        "The category “Optics” becomes a tag."
    )
