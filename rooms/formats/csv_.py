"""Reads tables of questions as spreadsheets save them: a line with names, then one question each.

`csv_columns` has the names. Cells may have several lines if they are in quotes.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rooms.peer.content import LETTERS, ChoiceContent, Kind, QuestionContent
from rooms.peer.sheets import fields_of, separator_of

from . import MOST_ITEMS, FileRefused, Item, ItemRefused, Note
from .codes import FileFlaw, Loss, Reason
from .csv_columns import KINDS, columns_of
from .decoding import lines_of, text_of
from .labels import name_of, tags_of
from .marked import Marked
from .numbers import number_of

LONGEST_ROW = 200
"""Lines of a row; a quote that is never closed swallows no more of the file."""

_QUOTED = re.compile(r'"[^"]*"')
_LIST = re.compile(r"[|\n]")
_TAGS = re.compile(r"[|\n,;]")
_CORRECT = re.compile(r"[|\n,;\s]+")


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a question by the names of their columns."""

    line: int
    cells: dict[str, str]
    is_too_long: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read(data: bytes) -> list[Item]:
    """Return the questions of a file, also those that cannot be taken.

    Raises `FileRefused` for what is no text, for a first line that does not name the columns, for
    no questions and for too many.
    """
    lines = lines_of(text_of(data))
    separator = separator_of([line for line in lines[:200] if line.strip(" \t;,")])
    rows = _rows(lines, separator)
    line, header = next(rows, (1, []))
    columns, unknown = columns_of(header, line)
    items: list[Item] = []
    for number, fields in rows:
        if len(items) == MOST_ITEMS:
            raise FileRefused(FileFlaw.TOO_MANY, number, {"limit": MOST_ITEMS})
        cells = {
            column: field
            for column, field in zip(columns, fields, strict=False)
            if column and field
        }
        items.append(_item(_Row(number, cells, any(fields[len(columns) :]))))
    if not items:
        raise FileRefused(FileFlaw.NO_QUESTIONS)
    return [_with_notes(items[0], unknown), *items[1:]]


def _with_notes(item: Item, unknown: list[str]) -> Item:
    notes = tuple(Note(Loss.COLUMN_DROPPED, {"column": name[:100]}) for name in unknown[:20])
    return Item(
        line=item.line,
        name=item.name,
        content=item.content,
        refused=item.refused,
        notes=notes + item.notes,
        pictures=item.pictures,
    )


def _rows(lines: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with the numbers of their first lines."""
    opening = re.compile(rf'(?:^|{re.escape(separator)})\s*"')
    at = 0
    while at < len(lines):
        start = at
        at += 1
        if not lines[start].strip(" \t;,"):
            continue
        row = lines[start]
        if row.count('"') % 2 and opening.search(_QUOTED.sub("", row)):
            for end in range(at, min(at + LONGEST_ROW, len(lines))):
                if lines[end].count('"') % 2:
                    row = "\n".join(lines[start : end + 1])
                    at = end + 1
                    break
        yield start + 1, _fields(row, separator)


def _fields(row: str, separator: str) -> list[str]:
    if len(row) >= csv.field_size_limit():
        return [row]
    if "\n" not in row:
        return fields_of(row, separator)
    lines = [f"{line}\n" for line in row.split("\n")]
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    return [field.strip() for field in next(reader, [])]


def _item(row: _Row) -> Item:
    marked = Marked()
    name = name_of(row["title"], row["prompt"], *(row[letter] for letter in LETTERS))
    try:
        if row.is_too_long:
            raise ItemRefused(Reason.TOO_MANY_FIELDS)
        content = _content(row, marked)
    except ItemRefused as error:
        return Item(line=row.line, name=name, refused=error.refused)
    return Item(
        line=row.line,
        name=name,
        content=content,
        notes=tuple(marked.notes),
        pictures=marked.pictures,
    )


def _content(row: _Row, marked: Marked) -> QuestionContent:
    if not row["prompt"]:
        raise ItemRefused(Reason.NO_PROMPT)
    given = [letter for letter in LETTERS if row[letter]]
    kind = _kind(row, given)
    right: set[str] = set()
    if kind is None or kind.has_choices:
        right = set() if kind == Kind.POLL and not row["correct"] else _right(row, given)
        kind = kind or (Kind.SINGLE if len(right) == 1 else Kind.SEVERAL)
    tags, notes = tags_of(_TAGS.split(row["tags"]))
    for note in notes:
        marked.note(note)
    number: float | None = None
    accepted: tuple[str, ...] = ()
    if kind == Kind.NUMBER:
        said = row["number"] or row["correct"]
        number = number_of(said) if said else None
    if kind == Kind.TEXT:
        answers = (" ".join(one.split()) for one in _LIST.split(row["accepted"] or row["correct"]))
        accepted = tuple(dict.fromkeys(filter(None, answers)))
    return QuestionContent(
        kind=kind,
        title=" ".join(row["title"].split()),
        prompt=marked.markdown(row["prompt"], ""),
        choices=tuple(
            ChoiceContent(
                marked.markdown(row[letter], "", inline=True),
                letter in right,
                marked.markdown(row[f"feedback {letter}"], "", inline=True),
            )
            for letter in (given if kind.has_choices else [])
        ),
        number=number,
        tolerance=number_of(row["tolerance"] or "0") if kind == Kind.NUMBER else 0.0,
        unit=row["unit"] if kind == Kind.NUMBER else "",
        accepted=accepted,
        explanation=marked.markdown(row["explanation"], ""),
        follow_up=marked.markdown(row["follow_up"], ""),
        tags=tags,
    )


def _kind(row: _Row, given: list[str]) -> Kind | None:
    """Return the kind; None if the right choices tell whether it is one or several."""
    said = " ".join(row["kind"].casefold().replace("-", " ").replace("_", " ").split())
    if said:
        if said not in KINDS:
            raise ItemRefused(Reason.UNKNOWN_KIND, {"kind": row["kind"][:100]})
        return KINDS[said]
    if given:
        return None
    if row["number"]:
        return Kind.NUMBER
    if row["accepted"]:
        return Kind.TEXT
    raise ItemRefused(Reason.NO_CHOICES)


def _right(row: _Row, given: list[str]) -> set[str]:
    """Return the letters of the right choices, which may be named by number or text, too."""
    said = row["correct"]
    if not said:
        raise ItemRefused(Reason.NO_ANSWER)
    texts = {row[letter].casefold(): letter for letter in reversed(given)}
    if len(said) > 1 and said.casefold() in texts:
        return {texts[said.casefold()]}
    right = set()
    for part in filter(None, _CORRECT.split(said)):
        letters = part.upper()
        if part.isascii() and part.isdecimal() and 0 < int(part[:3]) <= len(LETTERS):
            letters = LETTERS[int(part[:3]) - 1]
        for letter in letters[:100]:
            if letter not in given:
                raise ItemRefused(Reason.ANSWER_UNKNOWN, {"answer": part[:100]})
            right.add(letter)
    return right
