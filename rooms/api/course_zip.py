"""A course as a zip of tables, written while it is sent."""

import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse

from rooms.actions.exports import Begun
from rooms.api.export import BOM, csv_safe
from rooms.api.exported_log import use_log
from rooms.peer.export_tables import DICTIONARY, TABLES, USE_LOG, dictionary
from rooms.peer.zips import zipped
from rooms.queries.export import rows
from rooms.queries.export_pages import Batch

Format = Literal["csv", "jsonl"]

CONTENT_TYPE = "application/zip"
README = """\
{title}

Exported by peerchat on {at}.
{people}

Each table is a file of its own. `{dictionary}` says what the columns mean, in which units they are
and where they come from. Times are in UTC. Ids hold within this export and later ones.
{format}
"""
NAMED = """\
People have their usernames. What students did in a class in which nobody is told the names has a
code instead, another one for each of these classes."""
CODED = """\
Codes stand for the people. A person has the same one in all exports of this course, and none of
another course; in a class in which nobody is told the names, a code of this class alone. Texts have
codes for usernames after an @. Other names that people wrote there are still in them."""
RESEARCH = """
Only people who consented to research are in it. The others count among the members of a group and
are called "somebody" where a text mentions them."""
OF_FORMAT = {
    "csv": """\
The files are CSV in UTF-8 with a byte-order mark. Empty cells have no value. An apostrophe before
= + - or @ at the beginning of a text keeps spreadsheets from taking it for a formula.""",
    "jsonl": "The files are JSON Lines in UTF-8: an object in each line.",
}


class CourseZip:
    """The zip of an export that has begun."""

    def __init__(self, begun: Begun, format: Format) -> None:  # noqa: A002 - as in `api.export`
        self.name = f"{begun.scope.course.slug}.zip"
        self._begun = begun
        self._format = format

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
        """Yield the parts of the zip, some of them empty, each after a few short queries."""
        return zipped(self._files(), self._begun.scope.at.astimezone(UTC))

    def _files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        yield "README.txt", iter([self._readme().encode()])
        yield self._dictionary()
        for name in TABLES:
            yield f"{name}.{self._format}", self._table(name)

    def _table(self, name: str) -> Iterator[bytes]:
        head = [column.name for column in TABLES[name].columns]
        batches = use_log(self._begun) if name == USE_LOG.name else rows(self._begun.scope, name)
        if self._format == "csv":
            yield BOM + _csv([head])
        for batch in batches:
            yield _csv(batch) if self._format == "csv" else _jsonl(head, batch)

    def _dictionary(self) -> tuple[str, Iterator[bytes]]:
        if self._format == "csv":
            return "dictionary.csv", iter([BOM + _csv([DICTIONARY, *dictionary()])])
        told = [dict(zip(DICTIONARY, row, strict=True)) for row in dictionary()]
        return "dictionary.json", iter([msgspec.json.format(msgspec.json.encode(told))])

    def _readme(self) -> str:
        scope = self._begun.scope
        return README.format(
            title=scope.course.title,
            at=f"{scope.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            people=(NAMED if scope.people.names else CODED) + (RESEARCH if scope.research else ""),
            dictionary="dictionary.csv" if self._format == "csv" else "dictionary.json",
            format=OF_FORMAT[self._format],
        )


def as_download(request: HttpRequest, found: CourseZip) -> StreamingHttpResponse:
    """Return the answer that sends the zip, by the kind of server that runs."""
    return StreamingHttpResponse(
        found.stream() if isinstance(request, ASGIRequest) else found,
        content_type=CONTENT_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="{found.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _csv(batch: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer: Any = csv.writer(text)
    writer.writerows([_cell(value) for value in row] for row in batch)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            # Most texts are letters and codes, in which no formula can be.
            return value if value.isalnum() else csv_safe(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case list() | dict():
            return csv_safe(msgspec.json.encode(value).decode())
    return value


def _jsonl(head: list[str], batch: Batch) -> bytes:
    lines = [msgspec.json.encode(dict(zip(head, row, strict=True))) for row in batch]
    return b"".join(line + b"\n" for line in lines)
