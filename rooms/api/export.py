"""The use log of a course as a download: CSV, XLSX or JSON Lines, with names or pseudonyms.

The names are those of today, so that the rows of a course, a question or a person are found under
one name, whatever it was before.

Rows are read in batches. So a log of any length takes little memory, and no database connection
while the client reads.
"""

import base64
import csv
import io
import re
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts import people
from rooms.api import spreadsheet
from rooms.conf import limits
from rooms.models import Course, UseLog
from rooms.peer import acts
from rooms.queries import results
from rooms.queries.pseudonyms import hidden_classes

ROWS = 1000
"""Rows read at a time."""
FIELDS = ("timestamp", "sid", "event", "act", "div_id", "course_id")

# A spreadsheet may find a formula at the beginning of a cell and after a character that separates
# cells or lines in some countries and programs, with or without quotes before it. Apostrophes
# before it are part of the match, so that the added one can be removed again.
_FORMULA = re.compile(
    r"(?:\A|(?<=[;\t\r\n]))(?=(?:['\"]|[^\S;\t\r\n])*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)

# Spreadsheets take a file without it for one in an old encoding.
BOM = b"\xef\xbb\xbf"
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "xlsx": spreadsheet.CONTENT_TYPE,
}

Row = dict[str, str]


def csv_safe(cell: str) -> str:
    """Return the text of a cell with an apostrophe before everything that could be a formula."""
    return _FORMULA.sub("'", cell)


class Names:
    """The names in an export: those that users and questions have now.

    A row has the name of its time, which stays where the object is not known or deleted.
    """

    def __init__(self) -> None:
        self._usernames: dict[int | str, str | None] = {}
        self._slugs: dict[int, str | None] = {}

    def turn_to(self, row: UseLog) -> None:
        """Take note of the row whose names are asked for next."""

    def learn(self, rows: Iterable[UseLog]) -> None:
        """Look the users and questions of some rows up, with two queries at most."""
        keys = {people.as_plain(row.user_id) for row in rows if row.user_id is not None}
        keys |= {key for row in rows for key in row.named or () if key is not None}
        if new := keys - self._usernames.keys():
            self._usernames |= dict.fromkeys(new) | results.usernames(new)
        questions = {row.question_id for row in rows if row.question_id is not None}
        if unknown := questions - self._slugs.keys():
            self._slugs |= dict.fromkeys(unknown) | results.question_slugs(unknown)

    def question(self, row: UseLog) -> str:
        """Return the slug of the question of a row."""
        return self._slugs.get(row.question_id or 0) or row.div_id

    def name(self, username: str, key: people.Key | None = None) -> str:
        """Return the name of a user whose username was this, by their id if it is known."""
        known = None if key is None else self._usernames.get(people.as_plain(key))
        return known or username

    def act(self, event: str, act: str, named: Sequence[people.Key | None] = ()) -> str:
        """Return an act with the names of the people in it, whose ids are `named`."""
        found = acts.split(event, act)
        if found is None:
            return self._other(act)
        head, names, tail = found
        keys = [*named, *(None for _ in names)]
        return head + ",".join(map(self.name, names, keys)) + tail

    def _other(self, act: str) -> str:
        """Return an act of which nobody knows whether there are names in it."""
        return act


class Pseudonyms(Names):
    """Pseudonyms for the people of a course.

    A person always gets the same one, made of the first name that the log has of them. Only the
    site's key tells whose it is. If somebody else had a name first, it counts as theirs.

    In a class in which those who lead do not know the names, people have other ones: what happens
    there cannot be compared with rows of which somebody knows whose they are.
    """

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._salt = f"rooms.uselog.{course.pk}"
        self._classes = hidden_classes(course)
        self._begins = [one.begins for one in self._classes]
        self._class: int | None = None
        self._known: dict[tuple[int | None, str], str] = {}
        self._first: dict[int | str, str] = {}
        self._owners: dict[str, int | str] = {}
        first = results.first_names(course)
        for key, (_, name) in sorted(first.items(), key=lambda item: item[1]):
            self._first[people.as_plain(key)] = name
            self._owners.setdefault(name, people.as_plain(key))

    def turn_to(self, row: UseLog) -> None:
        place = bisect_right(self._begins, row.timestamp) - 1
        found = self._classes[place] if place >= 0 and _is_of_class(row) else None
        over = found is not None and found.ends is not None and row.timestamp >= found.ends
        self._class = None if found is None or over else found.session

    def name(self, username: str, key: people.Key | None = None) -> str:
        if key is None:
            return self._pseudonym(username)
        plain = people.as_plain(key)
        name = self._first.get(plain) or super().name(username, plain)
        is_theirs = self._owners.get(name, plain) == plain
        return self._pseudonym(name if is_theirs else f"{name}\0{plain}")

    def _pseudonym(self, name: str) -> str:
        known = self._class, name
        if known not in self._known:
            digest = salted_hmac(
                self._salt if self._class is None else f"{self._salt}.{self._class}",
                name,
                secret=limits["PSEUDONYM_KEY"] or settings.SECRET_KEY,
                algorithm="sha256",
            ).digest()
            self._known[known] = "p-" + base64.b32encode(digest[:10]).decode().lower()
        return self._known[known]

    def _other(self, act: str) -> str:
        return ""


def _is_of_class(row: UseLog) -> bool:
    """Return whether people do what a row tells under the pseudonyms of a class that has them.

    Who joins, leaves, is removed or writes a direct message is known by name.
    """
    match row.event:
        case "vote" | "peergroup" | "peer":
            return True
        case "sendmessage":
            return row.act.startswith("to:*:") or bool(row.div_id)
        case "moderate":
            return not row.act.startswith(("expel:", "merge:"))
    return False


class Export:
    """The use log of a course from `since` (inclusive) until `until` (exclusive)."""

    def __init__(
        self,
        course: Course,
        *,
        format: str,  # noqa: A002 - the word of the contract is `as`, which Python keeps
        since: datetime | None,
        until: datetime | None,
        pseudonyms: bool,
        bom: bool = True,
    ) -> None:
        self.content_type = CONTENT_TYPES[format]
        self._format = format
        self._bom = bom
        self._course = course
        self._parts_of_log = results.use_log(course, since=since, until=until)
        self._names = Pseudonyms(course) if pseudonyms else Names()

    def __iter__(self) -> Iterator[bytes]:
        return filter(None, self._parts())

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the same for a server that streams asynchronously, and keep no connection."""
        parts = self._parts()

        def following() -> bytes | None:
            try:
                return next(parts, None)
            finally:
                close_old_connections()

        while (part := await sync_to_async(following)()) is not None:
            if part:
                yield part

    def _parts(self) -> Iterator[bytes]:
        """Yield the parts of the file, some of them empty, each after one query at most."""
        match self._format:
            case "csv":
                yield (BOM if self._bom else b"") + _csv([dict(zip(FIELDS, FIELDS, strict=True))])
                for rows in self._batches():
                    yield _csv([self._row(row) for row in rows])
            case "xlsx":
                cells = ([self._cells(row) for row in rows] for rows in self._batches())
                yield from spreadsheet.xlsx(FIELDS, cells)
            case _:
                for rows in self._batches():
                    yield _jsonl([self._row(row) for row in rows])

    def _batches(self) -> Iterator[list[UseLog]]:
        last: UseLog | None = None
        while rows := self._read(last):
            last = rows[-1]
            self._names.learn(rows)
            yield rows

    def _read(self, last: UseLog | None) -> list[UseLog]:
        """Return the rows that follow the last one. Each part of the log is read by its index."""
        found: list[UseLog] = []
        for part in self._parts_of_log:
            rows = part
            if last is not None:
                rows = rows.filter(
                    Q(timestamp__gt=last.timestamp) | Q(timestamp=last.timestamp, pk__gt=last.pk)
                )
            found += rows[:ROWS]
        return sorted(found, key=lambda row: (row.timestamp, row.pk))[:ROWS]

    def _row(self, row: UseLog) -> Row:
        self._names.turn_to(row)
        return {
            "timestamp": row.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "sid": self._names.name(row.sid, row.user_id),
            "event": row.event,
            "act": self._names.act(row.event, row.act, row.named or ()),
            "div_id": self._names.question(row),
            "course_id": self._course.slug,
        }

    def _cells(self, row: UseLog) -> list[spreadsheet.Cell]:
        texts = self._row(row)
        return [row.timestamp, *(texts[field] for field in FIELDS[1:])]


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer: Any = csv.writer(text)
    for row in rows:
        writer.writerow([csv_safe(row[field]) for field in FIELDS])
    return text.getvalue().encode()


def _jsonl(rows: list[Row]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
