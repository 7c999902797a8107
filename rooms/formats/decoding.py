"""Bytes to text, exactly or not at all: a question with wrong characters is worse than none."""

import codecs

from . import MOST_BYTES, MOST_LINES, FileRefused
from .codes import FileFlaw


def text_of(data: bytes, *, limit: int = MOST_BYTES) -> str:
    r"""Return the text of a file of at most `limit` bytes, with `\n` at the end of its lines.

    UTF-8 is read with or without byte-order mark, and UTF-16 with one. Raises `FileRefused` for
    everything else, with the line and the place of the first byte that does not fit.
    """
    if len(data) > limit:
        raise FileRefused(FileFlaw.TOO_LARGE, args={"limit": limit})
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # In one of the encodings, positions count from the mark.
        place = error.start + (3 if encoding == "utf-8-sig" else 0)
        before = data[:place].decode(encoding, "replace")
        line = _unified(before).count("\n") + 1
        raise FileRefused(FileFlaw.ENCODING, line, {"byte": place + 1}) from None
    text = _unified(text)
    nul = text.find("\0")
    if nul >= 0:
        raise FileRefused(FileFlaw.NUL, text.count("\n", 0, nul) + 1)
    if not text.strip():
        raise FileRefused(FileFlaw.EMPTY)
    return text


def lines_of(text: str) -> list[str]:
    """Return the lines of a text. Raises `FileRefused` if they are too many."""
    if text.count("\n") >= MOST_LINES:
        raise FileRefused(FileFlaw.TOO_MANY_LINES, MOST_LINES, {"limit": MOST_LINES})
    return text.split("\n")


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
