"""Opens zip files from strangers in memory, within bounds. Nothing is ever unpacked to a disk."""

import re
import stat
import struct
import zipfile
import zlib
from io import BytesIO

from . import MOST_BYTES_WITH_PICTURES, FileRefused
from .codes import FileFlaw

MOST_MEMBERS = 5_000
"""Files in a package."""
MOST_UNPACKED = 50_000_000
"""Bytes of all files in a package together, unpacked."""
PLAIN_BYTES = 1_000_000
"""A file up to this size may be packed as well as it can be."""
MOST_RATIO = 200
"""How many times its packed size a larger file may have."""

_END = b"PK\x05\x06"
_END_SIZE = 22
_COMMENT = 1 << 16
_LOCATOR_64 = b"PK\x06\x07"
_LOCATOR_64_SIZE = 20
_DIRECTORY_BYTES = 2_000_000
"""Bytes of the list of the files, which is read as a whole."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_DRIVE = re.compile(r"[a-zA-Z]:")
_NAME_LIMIT = 500


class Package:
    """The files of a zip file by their paths."""

    def __init__(self, data: bytes) -> None:
        """Look at the list of the files.

        Raises `FileRefused` for what is no zip file, damaged, encrypted or too large when it is
        unpacked, and for names that lead out of a folder, are there twice or are links.
        """
        if len(data) > MOST_BYTES_WITH_PICTURES:
            raise FileRefused(FileFlaw.TOO_LARGE, args={"limit": MOST_BYTES_WITH_PICTURES})
        data = _with_safe_directory(data)
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
            raise FileRefused(FileFlaw.ZIP_BROKEN) from None
        infos = self._zip.infolist()
        if len(infos) > MOST_MEMBERS:
            raise FileRefused(FileFlaw.ZIP_MANY, args={"limit": MOST_MEMBERS})
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._take(info)
        if sum(info.file_size for info in infos) > MOST_UNPACKED:
            raise FileRefused(FileFlaw.ZIP_LARGE, args={"limit": MOST_UNPACKED})

    @property
    def names(self) -> list[str]:
        """Return the paths of all files."""
        return [*self._members]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a file with this path."""
        return name in self._members

    def size(self, name: str) -> int:
        """Return the bytes of a file, unpacked; 0 if there is none."""
        info = self._members.get(name)
        return info.file_size if info else 0

    def read(self, name: str) -> bytes:
        """Return a file. Raises `FileRefused` if it is damaged."""
        info = self._members[name]
        try:
            with self._zip.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
            data = None
        if data is None or len(data) != info.file_size:
            raise FileRefused(FileFlaw.ZIP_MEMBER, args={"name": name[:100]})
        return data

    def _take(self, info: zipfile.ZipInfo) -> None:
        name = info.filename.replace("\\", "/")
        shown = {"name": name[:100]}
        is_link = stat.S_ISLNK(info.external_attr >> 16)
        leads_out = name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name)
        if is_link or leads_out or len(name) > _NAME_LIMIT or name in self._members:
            raise FileRefused(FileFlaw.ZIP_NAME, args=shown)
        if info.flag_bits & _ENCRYPTED:
            raise FileRefused(FileFlaw.ZIP_ENCRYPTED)
        if info.compress_type not in _METHODS:
            raise FileRefused(FileFlaw.ZIP_BROKEN)
        is_bomb = info.file_size > max(PLAIN_BYTES, info.compress_size * MOST_RATIO)
        if is_bomb or info.file_size > MOST_UNPACKED:
            raise FileRefused(FileFlaw.ZIP_LARGE, args={"limit": MOST_UNPACKED})
        if not name.endswith("/"):
            self._members[name] = info


def _with_safe_directory(data: bytes) -> bytes:
    """Return a zip file without comment whose list of files is of bounded size.

    The library reads the list as a whole, so its size is looked at before.
    """
    end = data.rfind(_END, max(0, len(data) - _END_SIZE - _COMMENT))
    record = data[end : end + _END_SIZE]
    if end < 0 or len(record) < _END_SIZE:
        raise FileRefused(FileFlaw.ZIP_BROKEN)
    (size,) = struct.unpack_from("<L", record, 12)
    # Packages beyond 4 GB have their list elsewhere.
    has_64 = data[max(0, end - _LOCATOR_64_SIZE) : end].startswith(_LOCATOR_64)
    if has_64:
        raise FileRefused(FileFlaw.ZIP_BROKEN)
    if size > _DIRECTORY_BYTES:
        raise FileRefused(FileFlaw.ZIP_MANY, args={"limit": MOST_MEMBERS})
    # Without comment, the library finds this very record.
    return data if end + _END_SIZE == len(data) else data[:end] + record[:-2] + b"\0\0"
