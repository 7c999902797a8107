"""Characters that show nothing or reorder text, and names that look alike."""

import pytest

from accounts.text import balanced, has_controls, name_key, plain_name, shows, trimmed

NOTHING = {
    "nothing": "",
    "spaces": " \t\n\u00a0\u2003\u3000",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "directions": "\u200e\u200f\u202e\u202c\u2066\u2069\u061c",
    "soft hyphen": "\u00ad",
    "controls": "\x00\x01\x7f\x85",
    "fillers": "\u115f\u1160\u3164\uffa0",
    "blank of Braille": "\u2800",
    "joiner and selectors": "\u034f\ufe0e\ufe0f\U000e0100\u180b",
    "tags": "\U000e0041",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_what_shows_nothing(text):
    assert not shows(text)
    assert shows(f"{text}x{text}")


@pytest.mark.parametrize("text", ["x", "上", "\u05d0", "👋", "\u0301", "²", "\ue000", "\U0003fffe"])
def test_what_shows_something(text):
    assert shows(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    def f():\n        return 1", "    def f():\n        return 1"),
        ("\n  \n\t\n  x\n\n", "  x"),
        ("\r\n x", " x"),
        (" \n ", ""),
        ("x  y", "x  y"),
    ],
)
def test_blank_lines_are_trimmed_and_the_indent_stays(text, expected):
    assert trimmed(text) == expected


LRE, RLO, PDF, RLI, FSI, PDI = "\u202a", "\u202e", "\u202c", "\u2067", "\u2068", "\u2069"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        (f"{RLO}x", f"{RLO}x{PDF}"),
        (f"{RLO}x{PDF}y", f"{RLO}x{PDF}y"),
        (f"x{PDI}y{PDF}z", "xyz"),
        (f"{RLI}x", f"{RLI}x{PDI}"),
        (f"{RLI}{LRE}x{PDI}y", f"{RLI}{LRE}x{PDI}y"),
        (f"{LRE}{RLI}x{PDF}y", f"{LRE}{RLI}xy{PDI}{PDF}"),
        (f"{FSI}{RLI}x{PDI}", f"{FSI}{RLI}x{PDI}{PDI}"),
        (f"{RLO}x\ny{PDF}", f"{RLO}x{PDF}\ny"),
        ("\u200fx\u200e", "\u200fx\u200e"),
    ],
)
def test_controls_end_with_their_paragraph(text, expected):
    assert balanced(text) == expected
    assert balanced(expected) == expected


def test_a_name_is_one_line_without_controls():
    assert plain_name(f"{RLO}Ada\n {PDI} Love\tlace ") == "Ada Love lace"
    assert has_controls(f"Ada{RLO}")
    assert not has_controls("עדה\u200f")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ADA"),
        ("ﬁsh", "fish"),
        ("\uff41da", "ada"),
        ("straße", "STRASSE"),
        ("\u1f88da", "\u1f00\u03b9da"),
    ],
)
def test_names_that_look_alike_have_one_key(one, other):
    assert name_key(one) == name_key(other)


def test_other_names_have_other_keys():
    assert name_key("ada") != name_key("äda")
