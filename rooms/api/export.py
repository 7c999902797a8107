"""The use log of a course as a download: CSV, XLSX or JSON Lines, with names or pseudonyms.

Rows are read in batches. So a log of any length takes little memory, and no database connection
while the client reads.
"""

import base64
import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.db.models import Q
from django.utils.crypto import salted_hmac

from rooms.api import spreadsheet
from rooms.conf import limits
from rooms.models import Course, UseLog
from rooms.queries import results

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


class Pseudonyms:
    """Pseudonyms for the people of a course.

    A person always gets the same one. Only the site's key tells whose it is.
    """

    def __init__(self, course: Course) -> None:
        self._salt = f"rooms.uselog.{course.pk}"
        self._known: dict[str, str] = {}

    def name(self, username: str) -> str:
        if username not in self._known:
            digest = salted_hmac(
                self._salt,
                username,
                secret=limits["PSEUDONYM_KEY"] or settings.SECRET_KEY,
                algorithm="sha256",
            ).digest()
            self._known[username] = "p-" + base64.b32encode(digest[:10]).decode().lower()
        return self._known[username]

    def act(self, event: str, act: str) -> str:
        """Return the act without the names in it, or an empty text for an unknown event."""
        match event:
            case "sendmessage":
                to, recipient, text = act.split(":", 2)
                return f"{to}:{recipient if recipient == '*' else self.name(recipient)}:{text}"
            case "peergroup":
                head, _, names = act.partition(":")
                return f"{head}:{','.join(self.name(name) for name in names.split(','))}"
            case "moderate" if act.startswith(("mute:", "unmute:")):
                head, username, *rest = act.split(":")
                return ":".join([head, self.name(username), *rest])
            case "vote" | "peer" | "join" | "leave" | "login" | "moderate":
                return act
        return ""


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
        self._rows = results.use_log(course, since=since, until=until)
        self._pseudonyms = Pseudonyms(course) if pseudonyms else None

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
            yield rows

    def _read(self, last: UseLog | None) -> list[UseLog]:
        rows = self._rows
        if last is not None:
            rows = rows.filter(
                Q(timestamp__gt=last.timestamp) | Q(timestamp=last.timestamp, pk__gt=last.pk)
            )
        return list(rows[:ROWS])

    def _row(self, row: UseLog) -> Row:
        names = self._pseudonyms
        return {
            "timestamp": row.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "sid": names.name(row.sid) if names else row.sid,
            "event": row.event,
            "act": names.act(row.event, row.act) if names else row.act,
            "div_id": row.div_id,
            "course_id": row.course_id,
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
