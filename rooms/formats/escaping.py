r"""Writes plain text as Markdown that shows it. Formulas stay formulas."""

import re

from .mathspans import split

# Only what would be taken for Markdown, so that people can still read the source.
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|\s*\Z)"
    r"|`"
    r"|(?<!\S\s)\*|\*(?!\s\S)"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|\](?=[(:\[])"
    r"|~(?=~)|(?<=~)~"
    r"|&(?=#?\w{1,40};)"
)
_LINE_START = re.compile(r"([#>]|[-+](?=\s|$)|[-|:][-|:\s]*$|=[=\s]*$|\d{1,9}(?=[.)](?:\s|$)))")
_MANY_BREAKS = re.compile(r"\n{3,}")


def escaped(text: str) -> str:
    """Return Markdown that shows a piece of plain text."""
    return "".join(
        _formula(piece) if is_math else _SPECIAL.sub(r"\\\g<0>", piece)
        for is_math, piece in split(text)
    )


def _formula(text: str) -> str:
    # Markdown takes the other mark for an escaped bracket.
    return f"$${text[2:-2]}$$" if text.startswith("\\[") else text


def safe_start(line: str) -> str:
    """Return a line that does not start a list, a heading or a quotation."""
    found = _LINE_START.match(line)
    if not found:
        return line
    if found[1].isdigit():
        return f"{found[1]}\\{line[found.end() :]}"
    return f"\\{line}"


def hard_lines(lines: list[str]) -> str:
    """Return lines so that Markdown keeps them apart; empty ones part paragraphs."""
    shown = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        shown += safe_start(line) + ("\\\n" if line and following else "\n")
    return _MANY_BREAKS.sub("\n\n", shown).strip()


def markdown_of_plain(text: str) -> str:
    """Return Markdown that shows the lines of a plain text as lines."""
    return hard_lines([escaped(line.strip()) for line in text.strip().split("\n")])
