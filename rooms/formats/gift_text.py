r"""The escapes of GIFT: a backslash before one of `~ = # { } :` and itself, and `\n` for a line."""

import re
from collections.abc import Iterator

_UNESCAPED = re.compile(
    # Newlines have no place in formulas, so these are commands that nobody escaped.
    r"\\(?P<tex>n(?:u|abla|e|eq|i|ot|otin|mid|exists|leq|geq|less|sim|cong|parallel|earrow|warrow"
    r"|atural|olimits|ewline)(?![a-zA-Z]))"
    r"|\\(?P<both>\\[()\[\]])"
    r"|\\(?P<math>[()\[\]])"
    r"|\\(?P<one>[\\~=#{}:n])"
    r"|(?P<dollar>\$\$?)"
)
_TO_ESCAPE = re.compile(r"[\\~=#{}:]")
_MARK = re.compile(r"\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_MARKS = re.compile(r"(?:[^\\~=]++|\\.|\\\Z)*+", re.DOTALL)
_TO_HASH = re.compile(r"(?:[^\\#]++|\\.|\\\Z)*+", re.DOTALL)
_TO_COLONS = re.compile(r"(?:[^\\:]++|\\.|:(?!:)|\\\Z)*+", re.DOTALL)


def unescaped(text: str) -> str:
    """Return what a text of a GIFT file says."""
    in_math = False

    def said(found: re.Match[str]) -> str:
        nonlocal in_math
        if found["dollar"]:
            in_math = not in_math
            return found["dollar"]
        math = found["both"] or found["math"]
        if math:
            in_math = math[-1] in "(["
            return math if found["both"] else f"\\{math}"
        if found["tex"]:
            return f"\\{found['tex']}" if in_math else f"\n{found['tex'][1:]}"
        return "\n" if found["one"] == "n" else found["one"]

    return _UNESCAPED.sub(said, text)


def escaped(text: str) -> str:
    """Return a text as a GIFT file says it, on one line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TO_ESCAPE.sub(r"\\\g<0>", text).replace("\n", "\\n")


def mark_of(text: str) -> tuple[str, str]:
    """Return the format that a text names at its start, in small letters, and the rest of it."""
    text = text.strip()
    found = _MARK.match(text)
    return (found[1].lower(), text[found.end() :].strip()) if found else ("", text)


def title_of(text: str) -> tuple[str, int]:
    """Return the title, and the place of the text after it."""
    start = len(text) - len(text.lstrip())
    if not text.startswith("::", start):
        return "", start
    found = _TO_COLONS.match(text, start + 2)
    end = found.end() if found else len(text)
    if end >= len(text):
        return "", start + 2
    return " ".join(unescaped(text[start + 2 : end]).split()), end + 2


def hash_parts(text: str, most: int = 2) -> list[str]:
    """Return what the first `#` signs part, at most `most` parts, each stripped."""
    parts, at = [], 0
    while len(parts) < most - 1:
        found = _TO_HASH.match(text, at)
        if not found or found.end() >= len(text):
            break
        parts.append(text[at : found.end()].strip())
        at = found.end() + 1
    return [*parts, text[at:].strip()]


def general_feedback(text: str) -> tuple[str, str]:
    """Return the answers, and the general feedback that follows the last `####`."""
    place, at = -1, 0
    while (found := _TO_HASH.match(text, at)) and found.end() < len(text):
        start = at = found.end()
        while text.startswith("#", at):
            at += 1
        if at - start >= 4:
            place = at - 4
    return (text, "") if place < 0 else (text[:place], text[place + 4 :])


def answers(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the mark of each answer, `=` or `~` or nothing for text before both, and its place."""
    mark, start, at = "", 0, 0
    dollars = _Dollars(text)
    while True:
        found = _MARKS.match(text, at)
        at = found.end() if found else len(text)
        if at >= len(text):
            break
        if text[at] == "=" and dollars.is_around(start, at):
            at += 1
            continue
        if mark or text[start:at].strip():
            yield mark, start, at
        mark, start = text[at], at + 1
        at += 1
    if mark or text[start:].strip():
        yield mark, start, len(text)


class _Dollars:
    """Tells whether an equals sign belongs to a formula that nobody escaped: `$E=mc^2$`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = -1

    def is_around(self, start: int, place: int) -> bool:
        """Return whether `place` is between dollar signs of the answer that begins at `start`."""
        text = self._text
        if text.count("$", start, place) % 2 == 0:
            return False
        if self._next < place:
            found = text.find("$", place)
            self._next = len(text) if found < 0 else found
        end = self._next
        if end >= len(text) or end - place > 200 or "\n" in text[place:end]:
            return False
        return not text[end - 1].isspace() and not text[end + 1 : end + 2].isalnum()
