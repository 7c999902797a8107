import random
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from rooms.formats import FileRefused
from rooms.formats.detect import detect, read_any
from rooms.formats.packages import MOST_UNPACKED, Package
from tests.rooms.formats.hostile_xml import asked, packed, quiz

CORPUS = Path(__file__).with_name("corpus")
MEMORY = 700_000_000
"""Bytes of address space, for the interpreter, a file of 49 MB as it is made, and reading it."""


def test_each_hostile_file_is_refused_or_harmless_in_little_memory():
    command = [sys.executable, "-m", "tests.rooms.formats.hostile_xml", str(MEMORY)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2_000:]
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) > 75
    assert [row for row in rows if row[0] != row[1]] == []


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (b'<quiz a="%s"/>' % (b"a" * 20_000_000), 10_000_000),
        (b"<!--%s--><quiz/>" % (b"a" * 20_000_000), 10_000_000),
        (b"<quiz>%s</quiz>" % (b"<a/>" * 5_000_000), 10_000_000),
        (b"<quiz>%s" % (b"<question>" * 100_000), 1_000_000),
        (quiz(asked(b"a" * 20_000_000)), 120_000_000),
        (packed({"a.png": bytes(45_000_000)}), 1_000_000),
    ],
    ids=["attribute", "comment", "elements", "depth", "text", "zip"],
)
def test_reading_takes_little_memory_beside_the_file(data, most):
    tracemalloc.start()
    try:
        with suppress(FileRefused):
            read_any(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def test_what_a_package_says_to_be_small_is_not_unpacked_beyond():
    """The sizes in the list are bounds for reading, whatever is packed."""
    package = Package(packed({"a": b"x" * 1_000}))
    assert package.read("a") == b"x" * 1_000
    assert sum(map(package.size, package.names)) < MOST_UNPACKED
    with pytest.raises(FileRefused):
        Package(packed({f"{n}": bytes(900_000) for n in range(60)}))


@pytest.mark.parametrize("folder", ["moodle", "qti"])
def test_damaged_files_of_the_corpus_are_read_or_refused(folder):
    """Only `FileRefused` comes out, wherever bytes are changed, lost or there twice."""
    chance = random.Random(0)
    for path in sorted((CORPUS / folder).iterdir()):
        if path.suffix == ".expected":
            continue
        data = path.read_bytes()
        for _ in range(30):
            start, end = sorted(chance.randrange(len(data)) for _ in range(2))
            damaged = chance.choice(
                [
                    data[:start] + chance.randbytes(chance.randrange(1, 4)) + data[start + 1 :],
                    data[:start] + data[end:],
                    data[:end] + data[start:],
                    data[:start],
                ]
            )
            with suppress(FileRefused):
                read_any(damaged, format=folder)
            with suppress(FileRefused):
                detect(damaged)
