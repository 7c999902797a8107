"""Zip files that are made while they are sent, whatever their size. Pure, no I/O."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

LEVEL = 4
"""Between the quickest compression (1) and the smallest file (9)."""


class _Pipe(io.RawIOBase):
    """A file that can only be written to, and forgets what was taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._written.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        part = b"".join(self._written)
        self._written.clear()
        return part


def zipped(files: Iterable[tuple[str, Iterable[bytes]]], at: datetime) -> Iterator[bytes]:
    """Yield the parts of a zip of these files, which are read one after the other.

    An empty part may come for each part of a file, so that who waits for the zip may do something
    else meanwhile. `at` is the time that the files bear.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, parts in files:
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            # Nobody knows how long a file becomes before it is there.
            with archive.open(entry, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)
                    yield pipe.taken()
    yield pipe.taken()
