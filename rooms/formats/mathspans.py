r"""Finds the formulas that `rooms.markup` shows: `$...$`, `$$...$$`, `\(...\)` and `\[...\]`.

A dollar sign opens no formula before a space, and closes none after a space or before a digit.
"""

import re
from collections.abc import Iterator

_OPENER = re.compile(r"\$\$?|\\[(\[]|\\.", re.DOTALL)
_CLOSERS = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
# A backslash hides the character after it, so these are all that may close a formula.
_ONE = re.compile(r"\\.|\$", re.DOTALL)
_TWO = re.compile(r"\\.|\$\$", re.DOTALL)


def split(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the pieces of a text in order, each with whether it is a formula."""
    text_from = at = 0
    # Where one has no closer, those after it have none.
    vain: set[str] = set()
    while opener := _OPENER.search(text, at):
        start, closer = opener.end(), _CLOSERS.get(opener[0])
        at = start
        if (
            closer is None
            or closer in vain
            or (closer == "$" and text[start : start + 1].isspace())
        ):
            continue
        end = _end(text, start, closer)
        if end < 0:
            vain.add(closer)
            continue
        inner = text[start:end]
        if not inner.strip():
            continue
        if closer == "$" and (inner[-1].isspace() or text[end + 1 : end + 2].isdecimal()):
            continue
        if opener.start() > text_from:
            yield False, text[text_from : opener.start()]
        text_from = at = end + len(closer)
        yield True, text[opener.start() : at]
    if text_from < len(text):
        yield False, text[text_from:]


def _end(text: str, start: int, closer: str) -> int:
    pattern = _ONE if closer == "$" else _TWO
    return next((one.start() for one in pattern.finditer(text, start) if one[0] == closer), -1)
