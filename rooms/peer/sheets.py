"""Reads the files and lists in which learning platforms and people write down a class.

A file becomes text, and each of its lines a row of fields. A line is a row whatever quotes are in
it, so one stray quote spoils one line and not the rest of the file.
"""

import codecs
import csv
import re
from collections.abc import Sequence

LINE_LIMIT = 20_000
"""The most characters of a line that is looked into: a mail program copies a class as one line."""
LOOKED_AT = 100
"""The lines that tell how fields are separated."""

_BOMS = (
    # The first two bytes of UTF-32 are those of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_QUOTED = re.compile(r'"[^"]*"')


def decoded(data: bytes) -> str:
    """Return the text of a file: by its byte-order mark, else UTF-16, UTF-8 or Windows-1252.

    Bytes that fit none of these become replacement characters.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    start = data[:2_000]
    if start.count(0) > len(start) // 4:
        # Latin text in UTF-16 has a zero in every second byte.
        little = start[1::2].count(0) >= start[0::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def lines_of(text: str) -> list[tuple[int, str]]:
    """Return the lines that are not blank, with their numbers, counted from 1."""
    lines = _LINE_BREAK.split(text.removeprefix("\ufeff"))
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip(" \t;,")]


def separator_of(lines: Sequence[str]) -> str:
    """Return what separates the fields of most lines: a tab, a semicolon or a comma."""
    bare = [_QUOTED.sub("", line) for line in lines[:LOOKED_AT]]
    counts = {mark: sum(mark in line for line in bare) for mark in "\t;,"}
    # A list with semicolons often has commas within its fields, and seldom the other way round.
    for mark in "\t;":
        if counts[mark] * 2 > len(bare):
            return mark
    return max(counts, key=lambda mark: counts[mark]) if any(counts.values()) else ","


def without_column(lines: Sequence[tuple[int, str]], separator: str, column: int) -> str:
    """Return the text of numbered lines without one of their columns. Lines keep their numbers.

    The other fields are separated by tabs.
    """
    kept: dict[int, str] = {}
    for number, line in lines:
        fields = fields_of(line[:LINE_LIMIT], separator)
        del fields[column : column + 1]
        # A text that is too long stays too long, and is refused.
        kept[number] = "\t".join(fields) if len(line) <= LINE_LIMIT else line
    return "\n".join(kept.get(number, "") for number in range(1, max(kept, default=0) + 1))


def fields_of(line: str, separator: str) -> list[str]:
    """Return the fields of a line without the blanks around them."""
    if line.count('"') % 2:
        line = line.replace('"', "")
    rows = csv.reader([line], delimiter=separator, skipinitialspace=True)
    return [field.strip() for field in next(rows, [])]
