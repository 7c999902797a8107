r"""Finds the mathematics in a text: `$...$`, `$$...$$`, `\(...\)` and `\[...\]`."""

import re
from collections.abc import Iterator

_START = re.compile(r"\\[\\$]|\\\(|\\\[|\$\$|\$")
_CLOSING = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}
LONGEST = 2_000
"""Characters of a formula; a lone dollar sign is not looked after any further."""


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each formula, its marks included, from left to right."""
    at = 0
    while start := _START.search(text, at):
        at = start.end()
        mark = start[0]
        if mark in (r"\\", r"\$"):
            continue
        end = _dollar_end(text, at) if mark == "$" else _marked_end(text, at, _CLOSING[mark])
        if end > 0:
            yield start.start(), end
            at = end


def split(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the pieces of a text in order, each with whether it is a formula."""
    at = 0
    for start, end in spans(text):
        if start > at:
            yield False, text[at:start]
        yield True, text[start:end]
        at = end
    if at < len(text):
        yield False, text[at:]


def _marked_end(text: str, at: int, closing: str) -> int:
    place = text.find(closing, at + 1, at + LONGEST)
    return -1 if place < 0 else place + len(closing)


def _dollar_end(text: str, at: int) -> int:
    """Return the place after the dollar sign that closes one, or -1: `$5 and $6` is no formula."""
    if not text[at : at + 1].strip():
        return -1
    place = at
    while (place := text.find("$", place, at + LONGEST)) >= 0:
        before, after = text[place - 1], text[place + 1 : place + 2]
        if before != "\\":
            closes = not before.isspace() and not after.isalnum() and "\n\n" not in text[at:place]
            return place + 1 if closes else -1
        place += 1
    return -1
