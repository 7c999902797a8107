"""Reads an export back into the answers that all figures are made of. Pure, no I/O.

`Export` reads the tables of a zip, in either format, and `posed` and `released` return the same as
the queries of these names, with codes or usernames in place of the keys of users. So whoever has an
export can compute each figure of the results again by `rooms.peer.results`.
"""

import csv
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.export_tables import TABLES, Type
from rooms.peer.posed import Answers, Ballot, Posed

# An apostrophe that keeps spreadsheets from taking a text for a formula.
_KEPT = re.compile(
    r"(?:\A|(?<=[;\t\r\n]))'(?=(?:['\"]|[^\S;\t\r\n])*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)

Row = Mapping[str, Any]


class Export:
    """The tables of an export that is there as a zip file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._is_csv = "course.csv" in archive.namelist()

    def rows(self, table: str) -> Iterator[Row]:
        """Return the rows of a table, with values of the types of its columns."""
        types = {column.name: column.type for column in TABLES[table].columns}
        name = f"{table}.{'csv' if self._is_csv else 'jsonl'}"
        with (
            self._archive.open(name) as file,
            io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
        ):
            if self._is_csv:
                for cells in csv.DictReader(text):
                    yield {name: _of_cell(types[name], cell) for name, cell in cells.items()}
            else:
                for line in text:
                    row = json.loads(line)
                    yield {name: _of_json(types[name], value) for name, value in row.items()}


def posed(export: Export) -> Iterator[Posed]:
    """Return what came of the questions that the classes were posed, in their order."""
    keys = _keys(export)
    slugs = _slugs(export)
    rounds = {row["round"]: row for row in export.rows("rounds")}
    seconds = {row["first"]: pk for pk, row in rounds.items() if row["number"] == 2}
    ballots: dict[str, dict[str, Ballot]] = defaultdict(dict)
    for vote in sorted(export.rows("votes"), key=lambda row: (row["cast_at"], int(row["vote"]))):
        ballots[vote["round"]][vote["person"]] = Ballot(
            choice=vote["choice"],
            right=vote["right"],
            confidence=vote["confidence"],
            seconds=vote["seconds"],
            has_reason=bool(vote["reason"]),
        )
    places: dict[str, dict[str, Row]] = defaultdict(dict)
    for place in export.rows("partners"):
        places[place["round"]][place["person"]] = place
    firsts = [row for row in rounds.values() if row["number"] == 1]
    for first in sorted(firsts, key=lambda row: (row["opened_at"], int(row["round"]))):
        before = ballots[first["round"]]
        after = ballots[seconds[first["round"]]] if first["round"] in seconds else {}
        partners = places[first["round"]]
        yield Posed(
            pk=int(first["round"]),
            is_release=False,
            question=int(first["question"]),
            version=None if first["version"] is None else int(first["version"]),
            slug=slugs[first["question"]],
            session=int(first["session"]),
            at=first["opened_at"],
            key=keys[first["question"], first["version"]],
            is_twice=first["round"] in seconds,
            answers=tuple(
                Answers(
                    user=user,
                    first=before.get(user),
                    second=after.get(user),
                    group=int(partners[user]["group"]) if user in partners else None,
                    messages=partners[user]["messages"] if user in partners else 0,
                )
                for user in dict.fromkeys([*before, *after, *partners])
            ),
        )


def released(export: Export) -> Iterator[Posed]:
    """Return what came of the questions outside class, in the order in which they opened."""
    keys = _keys(export)
    slugs = _slugs(export)
    (course,) = export.rows("course")
    answers: dict[str, list[Answers]] = defaultdict(list)
    takes = [row for row in export.rows("takes") if row["first_at"] is not None]
    for take in sorted(takes, key=lambda row: (row["first_at"], int(row["take"]))):
        answers[take["release"]].append(
            Answers(
                user=take["person"],
                first=_of_take(take, "first"),
                second=None if take["second_at"] is None else _of_take(take, "second"),
                group=None if take["pair"] is None else int(take["pair"]),
                messages=take["messages"],
            )
        )
    releases = [
        row
        for row in export.rows("releases")
        if row["withdrawn_at"] is None and row["opens_at"] <= course["exported_at"]
    ]
    for release in sorted(releases, key=lambda row: (row["opens_at"], int(row["release"]))):
        yield Posed(
            pk=int(release["release"]),
            is_release=True,
            question=int(release["question"]),
            version=int(release["version"]),
            slug=slugs[release["question"]],
            session=None,
            at=release["opens_at"],
            key=keys[release["question"], release["version"]],
            is_twice=True,
            answers=tuple(answers[release["release"]]),
        )


def _of_take(take: Row, which: str) -> Ballot:
    return Ballot(
        choice=take[f"{which}_choice"],
        right=take[f"{which}_right"],
        confidence=take[f"{which}_confidence"],
        seconds=take[f"{which}_seconds"],
        has_reason=bool(take[f"{which}_reason"]),
    )


def _slugs(export: Export) -> dict[str, str]:
    return {row["question"]: row["slug"] for row in export.rows("questions")}


def _keys(export: Export) -> dict[tuple[str, str | None], AnswerKey]:
    """Return what answers are judged by, for each question and version."""
    return {
        (row["question"], row["version"]): AnswerKey(
            kind=Kind(row["kind"]),
            letters=tuple(choice["letter"] for choice in row["choices"]),
            right=tuple(choice["letter"] for choice in row["choices"] if choice["is_correct"]),
            number=row["right_number"],
            tolerance=row["tolerance"] or 0.0,
            unit=row["unit"] or "",
            accepted=tuple(row["accepted"] or ()),
        )
        for row in export.rows("versions")
    }


def _of_cell(kind: Type, cell: str) -> Any:
    """Return the value of a cell of CSV, in which a text without characters is no value."""
    if kind in (Type.TEXT, Type.PERSON):
        return _KEPT.sub("", cell)
    if not cell:
        return None
    match kind:
        case Type.WHOLE:
            return int(cell)
        case Type.NUMBER:
            return float(cell)
        case Type.FLAG:
            return cell == "true"
        case Type.JSON:
            return json.loads(_KEPT.sub("", cell))
    return _of_json(kind, cell)


def _of_json(kind: Type, value: Any) -> Any:
    """Return a value of JSON; ids are texts, as in CSV."""
    if value is None:
        return None
    match kind:
        case Type.TIME:
            return datetime.fromisoformat(value)
        case Type.ID:
            return str(value)
    return value
