import subprocess
import sys

import pytest

SECONDS = 5
"""Of the processor, for each file on a busy machine; quadratic time would be hours."""
MEMORY = 600_000_000
"""Bytes of address space, with the interpreter and its libraries."""
SIZES = [["300000", "99000"], pytest.param(["3000000"], marks=pytest.mark.long)]
"""Bytes of the files; HTML of more than 100,000 characters is not looked at."""


@pytest.mark.parametrize("sizes", SIZES)
def test_large_files_of_anything_take_bounded_time_and_memory(sizes):
    command = [sys.executable, "-m", "tests.rooms.formats.hostile_files", str(MEMORY), *sizes]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2_000:]
    lines = done.stdout.splitlines()
    assert len(lines) > 250 * len(sizes)
    assert [line for line in lines if float(line.split()[0]) > SECONDS] == []
