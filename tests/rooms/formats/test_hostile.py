import subprocess
import sys

SECONDS = 5
"""Of the processor, for each file on a busy machine; quadratic time would be hours."""
MEMORY = 600_000_000
"""Bytes of address space, with the interpreter and its libraries."""
SIZES = ["3000000", "99000"]
"""Bytes of the files; HTML of more than 100,000 characters is not looked at."""


def test_large_files_of_anything_take_bounded_time_and_memory():
    command = [sys.executable, "-m", "tests.rooms.formats.hostile_files", str(MEMORY), *SIZES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2_000:]
    lines = done.stdout.splitlines()
    assert len(lines) > 500
    assert [line for line in lines if float(line.split()[0]) > SECONDS] == []
