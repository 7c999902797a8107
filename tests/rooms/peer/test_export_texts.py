"""Zips that are written while they are sent, and texts without usernames."""

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest

from rooms.peer.unnamed import unnamed
from rooms.peer.zips import zipped

AT = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
CODES = {"ada": "p1", "ben@example.org": "p2", "~blue-otter": "p3", "jo": "p4", "jo.doe": "p5"}


def test_a_zip_has_its_files():
    parts = list(zipped([("a.txt", [b"one ", b"two"]), ("empty.txt", [])], AT))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert archive.testzip() is None
    assert archive.read("a.txt") == b"one two"
    assert archive.read("empty.txt") == b""
    assert archive.getinfo("a.txt").date_time == (2026, 3, 2, 12, 30, 0)


def test_a_long_file_takes_little_memory():
    line = b"0123456789" * 1000

    def lines():
        for number in range(5000):  # 50 MB
            yield str(number).encode() + line

    tracemalloc.start()
    try:
        size = sum(len(part) for part in zipped([("long.txt", lines())], AT))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert size > 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ada", "@p1"),
        ("so says @ada.", "so says @p1."),
        ("(@ada, @jo.doe and @jo.dont)", "(@p1, @p5 and @p4.dont)"),
        ("@ben@example.org!", "@p2!"),
        ("@~blue-otter is right", "@p3 is right"),
        ("@@ada x@ada", "@@p1 x@p1"),
        ("@zoe or ada", "@zoe or ada"),
        ("nobody @", "nobody @"),
    ],
)
def test_codes_stand_for_usernames(text, expected):
    assert unnamed(text, CODES.get) == expected
