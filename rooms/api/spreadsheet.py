"""Tables as Excel files (XLSX), written row by row."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_LIMIT = 1_048_576
"""The most rows of a sheet. A longer table continues on the next one."""
CELL_LIMIT = 32_767
"""The most characters of a cell."""
CHUNK = 64 * 1024

Cell = str | int | float | datetime


def xlsx(head: Sequence[str], batches: Iterable[list[list[Cell]]]) -> Iterator[bytes]:
    """Yield the parts of an Excel file with these rows below a head.

    Numbers are numbers, times are times in UTC, and no text is taken for a formula or a link. The
    file is complete only with the last row, so an empty part is yielded for each batch before.
    """
    with tempfile.TemporaryFile() as file:
        book: Any = xlsxwriter.Workbook(file, {"constant_memory": True, "remove_timezone": True})
        try:
            sheets = _Sheets(book, head)
            for batch in batches:
                for row in batch:
                    sheets.write(row)
                yield b""
        finally:
            book.close()
        file.seek(0)
        while part := file.read(CHUNK):
            yield part


class _Sheets:
    """The sheets of a book, which are filled one after the other."""

    def __init__(self, book: Any, head: Sequence[str]) -> None:
        self._book = book
        self._head = head
        self._bold = book.add_format({"bold": True})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._begin()

    def write(self, row: list[Cell]) -> None:
        if self._next == ROWS_LIMIT:
            self._begin()
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                moment = cell.astimezone(UTC)
                self._sheet.write_datetime(self._next, column, moment, self._time)
            elif isinstance(cell, str):
                self._sheet.write_string(self._next, column, cell[:CELL_LIMIT])
            else:
                self._sheet.write_number(self._next, column, cell)
        self._next += 1

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        for column, name in enumerate(self._head):
            self._sheet.write_string(0, column, name, self._bold)
        self._sheet.set_column(0, len(self._head) - 1, 20)
        self._sheet.freeze_panes(1, 0)
        self._next = 1
