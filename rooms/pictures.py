"""Uploaded pictures: what is taken, and the pictures that are made of it, in a process apart."""

import enum
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import hashing
from rooms.conf import limits

SECONDS = 30.0
"""The longest time for one picture."""
WAIT = 60.0
"""Seconds that a request waits for its turn."""
_PROGRAM = Path(__file__).with_name("redrawing.py")
# One program at a time in a worker, as it may take more than half a gigabyte.
_turn = threading.Lock()


class Refusal(enum.StrEnum):
    """Why a file is not taken."""

    NOT_A_PICTURE = "not_a_picture"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"


class Refused(Exception):
    """A file is not taken."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that was drawn anew, without anything of its source but the pixels.

    The digests are SHA-256 in hexadecimal: of `data`, and of the bytes from which it was drawn.
    """

    data: bytes
    content_type: str
    width: int
    height: int
    digest: str
    source_digest: str


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sentence(refusal: Refusal) -> str:
    """Return why a file is not taken, in the language of the page."""
    match refusal:
        case Refusal.TOO_LARGE:
            size = f"{limits['PICTURE_BYTES'] / 1_000_000:.1f}".removesuffix(".0")
            return _("This picture is too large: at most %(size)s MB.") % {"size": size}
        case Refusal.TOO_MANY_PIXELS:
            # Hardly any process needs Pillow, which takes 20 ms and 4 MB.
            from rooms.redrawing import MOST_PIXELS

            millions = MOST_PIXELS // 1_000_000
            return ngettext(
                "This picture has too many pixels: at most %(count)s million.",
                "This picture has too many pixels: at most %(count)s million.",
                millions,
            ) % {"count": millions}
        case Refusal.NOT_A_PICTURE:
            return _("This is no picture that can be read. PNG, JPEG, GIF and WebP can.")


def redraw(data: bytes) -> Drawn:
    """Decode a picture and draw it anew. Raises Refused."""
    (found,) = redraw_all([data])
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


def redraw_all(files: Sequence[bytes]) -> list[Drawn | Refusal]:
    """Draw pictures anew, or tell why not, in the order of the files.

    It takes about a tenth of a second, and up to three for the largest pictures, so call it outside
    of transactions. Raises TimeoutError if others have the turn for too long.
    """
    if all(len(data) > limits["PICTURE_BYTES"] for data in files):
        return [Refusal.TOO_LARGE] * len(files)
    # A class needs the connections to the database meanwhile, which are few.
    hashing.release_connections()
    found: list[Drawn | Refusal] = []
    if not _turn.acquire(timeout=WAIT):
        raise TimeoutError("Other pictures take too long.")
    try:
        while len(found) < len(files):
            with _program() as program:
                for data in files[len(found) :]:
                    one = _ask(program, data)
                    found.append(one or Refusal.NOT_A_PICTURE)
                    if one is None:
                        # It took too much of something, and was ended.
                        break
    finally:
        _turn.release()
    return found


@contextmanager
def _program() -> Iterator[subprocess.Popen[bytes]]:
    # Without -P, modules of `rooms` would stand in for those of Python.
    command = [sys.executable, "-P", str(_PROGRAM)]
    program = subprocess.Popen(  # noqa: S603 - a constant
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def _ask(program: subprocess.Popen[bytes], data: bytes) -> Drawn | Refusal | None:
    """Return the answer of the program, or None if it was ended instead."""
    if len(data) > limits["PICTURE_BYTES"]:
        return Refusal.TOO_LARGE
    assert program.stdin is not None
    assert program.stdout is not None
    timer = threading.Timer(SECONDS, program.kill)
    timer.start()
    try:
        program.stdin.write(len(data).to_bytes(4, "big") + data)
        program.stdin.flush()
        line = program.stdout.readline()
        if not line:
            return None
        told: dict[str, Any] = json.loads(line)
        drawn = program.stdout.read(told["bytes"])
    except BrokenPipeError:
        return None
    finally:
        timer.cancel()
    if "refused" in told:
        return Refusal(told["refused"])
    if len(drawn) < told["bytes"]:
        return None
    return Drawn(
        data=drawn,
        content_type=told["type"],
        width=told["width"],
        height=told["height"],
        digest=digest(drawn),
        source_digest=digest(data),
    )
