r"""The escapes of GIFT: a backslash before one of `~ = # { } :` and itself, and `\n` for a line."""

import re
from collections.abc import Iterator

_AFTER_N = (
    r"(?:u|abla|e|eq|i|ot|otin|mid|exists|leq|geq|less|sim|cong|parallel|earrow|warrow"
    r"|atural|olimits|ewline)(?![a-zA-Z])"
)
_UNESCAPED = re.compile(
    # Newlines have no place in formulas, so these are commands that nobody escaped.
    rf"\\(?P<tex>n{_AFTER_N})"
    r"|\\(?P<both>\\[()\[\]])"
    r"|\\(?P<math>[()\[\]])"
    r"|\\(?P<one>[\\~=#{}:n])"
    r"|(?P<dollar>\$\$?)"
)
_TO_ESCAPE = re.compile(r"[\\~=#{}:]")
_LINE_END = re.compile(rf"\n(?!{_AFTER_N})")
_MARK = re.compile(r"\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_NEAR = 500
"""Characters around an equals sign that are looked at."""
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
    """Return a text as a GIFT file says it, on one line where that is possible.

    Before some letters an escaped newline would look like a command of TeX, so it stays as it is.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _LINE_END.sub(r"\\n", _TO_ESCAPE.sub(r"\\\g<0>", text))


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
    parts: list[str] = []
    at = 0
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
    while True:
        found = _MARKS.match(text, at)
        at = found.end() if found else len(text)
        if at >= len(text):
            break
        if text[at] == "=" and _is_within(text, start, at):
            at += 1
            continue
        if mark or text[start:at].strip():
            yield mark, start, at
        mark, start = text[at], at + 1
        at += 1
    if mark or text[start:].strip():
        yield mark, start, len(text)


def _is_within(text: str, start: int, at: int) -> bool:
    r"""Return whether an equals sign belongs to a formula or a tag in which nobody escaped it.

    As in `$E=mc^2$`, `\(a=b\)` and `<img src="x.png">`. The answer began at `start`.
    """
    before = text[max(start, at - _NEAR) : at]
    after = text[at + 1 : at + _NEAR].partition("\n")[0]
    if before.rfind("<") > before.rfind(">"):
        return before[-1].isalpha() and after[:1] in ('"', "'")
    if before.rfind(r"\(") > before.rfind(r"\)"):
        return r"\)" in after
    # An answer on a line of its own begins there, whatever dollars the one before it has.
    if before.rpartition("\n")[2].count("$") % 2 == 0:
        return False
    inner, dollar, behind = after.partition("$")
    return bool(dollar) and not inner[-1:].isspace() and not behind[:1].isalnum() and inner != ""
