"""Tells the format of a file by what is in it and, where that is not clear, by its name."""

import re
from collections.abc import Callable

from rooms.peer.sheets import fields_of, separator_of

from . import MOST_BYTES_WITH_PICTURES, FileRefused, Item, aiken, csv_, gift, moodle, qti, yaml_
from .codes import FileFlaw
from .csv_columns import columns_of
from .trees import root_of

FORMATS = {
    "gift": "GIFT",
    "aiken": "Aiken",
    "moodle": "Moodle XML",
    "qti": "QTI 2.1",
    "csv": "CSV",
    "yaml": "YAML",
}
"""The formats that questions are read from, with their names for people, in the order of a menu."""

_READERS: dict[str, Callable[[bytes], list[Item]]] = {
    "gift": gift.read,
    "aiken": aiken.read,
    "moodle": moodle.read,
    "qti": qti.read,
    "csv": csv_.read,
    "yaml": yaml_.read,
}
_XML = ("<?xml", "<!", "<quiz", "<assessmentItem")
_ROOTS = {"quiz": "moodle", "assessmentItem": "qti"}
_ENDINGS = {
    "gift": "gift",
    "aiken": "aiken",
    "csv": "csv",
    "tsv": "csv",
    "yaml": "yaml",
    "yml": "yaml",
}
_HEAD = 100_000
"""Bytes that are looked at."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_YAML = re.compile(r"^(?:peerchat_questions|questions)[ \t]*:", re.MULTILINE)
_AIKEN = re.compile(r"^[A-Za-z][.)][ \t]", re.MULTILINE)
_AIKEN_ANSWER = re.compile(
    r"^(?:ANSWER|ANTWORT)S?[ \t]*:[ \t]*[A-Za-z]\b", re.MULTILINE | re.IGNORECASE
)
_GIFT = re.compile(r"^\s*(?:::|\$CATEGORY:)|(?<!\\)\{[^{}]*(?<!\\)\}", re.MULTILINE)


def detect(data: bytes, *, name: str = "") -> str:
    """Return the format of a file, one of `FORMATS`.

    Raises `FileRefused` for what is none of them, or too large to be looked at.
    """
    if len(data) > MOST_BYTES_WITH_PICTURES:
        raise FileRefused(FileFlaw.TOO_LARGE, args={"limit": MOST_BYTES_WITH_PICTURES})
    ending = name.lower().rpartition(".")[2]
    if ending == "mbz":
        raise FileRefused(FileFlaw.MOODLE_BACKUP)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "qti"
    text = _head(data).lstrip()
    if not text:
        raise FileRefused(FileFlaw.EMPTY)
    if text.startswith("<") and (found := _of_xml(data, text, ending)):
        return found
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if _YAML.search(text):
        return "yaml"
    if _AIKEN.search(text) and _AIKEN_ANSWER.search(text):
        return "aiken"
    if _is_table(text.partition("\n")[0]):
        return "csv"
    if _GIFT.search(text):
        return "gift"
    raise FileRefused(FileFlaw.UNKNOWN_FORMAT)


def read_any(
    data: bytes,
    *,
    name: str = "",
    format: str | None = None,  # noqa: A002 - what callers write reads best so
) -> tuple[str, list[Item]]:
    """Return the format of a file and its questions.

    `format` is one of `FORMATS`, or None to find it out; the name of the file may help then.
    Raises `FileRefused` for what is no file of the format.
    """
    found = format or detect(data, name=name)
    return found, _READERS[found](data)


def _head(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _unified(data[len(mark) : _HEAD].decode(encoding, "replace"))
    if b"\0" in data[:_HEAD] or data.startswith((b"%PDF", b"\x1f\x8b", b"{\\rtf")):
        raise FileRefused(FileFlaw.UNKNOWN_FORMAT)
    return _unified(data[:_HEAD].decode("utf-8", "replace"))


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_table(line: str) -> bool:
    """Return whether the first line names columns, of which one is for the question."""
    header = fields_of(line[:2_000], separator_of([line[:2_000]]))
    try:
        columns, _ = columns_of(header, 1)
    except FileRefused:
        return False
    return len([*filter(None, columns)]) > 1


def _of_xml(data: bytes, text: str, ending: str) -> str | None:
    """Return the format of XML, or None for text that only starts with a tag."""
    is_surely = text.startswith(_XML) or ending in ("xml", "qti")
    try:
        root = root_of(data)
    except FileRefused:
        if is_surely:
            raise
        return None
    if root.tag in _ROOTS:
        return _ROOTS[root.tag]
    if is_surely or root.tag in qti.OTHERS:
        raise FileRefused(qti.flaw_of(root.tag), root.line, {"root": root.tag[:100]})
    return None
