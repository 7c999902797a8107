"""The pace of this machine, so that tests wait longer on a slow one.

A time limit in a test ends a wait for something that never comes. It costs nothing while the code
works, so it grows with the time that a fixed piece of work takes here. The first process that
imports this measures it, and the processes that it starts take over the result.
"""

import os
import subprocess
import sys
import time

VARIABLE = "TESTS_PACE"
QUIET = 0.35
"""Seconds that two processes take for WORK side by side on two quiet cores."""
LONGEST = 6.0
LEAST = 2.0
"""The suite itself keeps both cores busy, with four processes and their servers and browsers."""
WORK = "sum(i * i for i in range(4_000_000))"


def measure() -> float:
    """Returns how many times slower than a quiet machine this one is, LEAST to LONGEST."""
    began = time.perf_counter()
    working = [subprocess.Popen([sys.executable, "-S", "-c", WORK]) for _ in range(2)]
    for process in working:
        process.wait()
    return min(max((time.perf_counter() - began) / QUIET, LEAST), LONGEST)


PACE = float(os.environ.get(VARIABLE) or measure())
os.environ[VARIABLE] = f"{PACE:.2f}"


def patient(seconds: float) -> float:
    """Returns the time limit for this machine of what takes so many seconds on a quiet one."""
    return seconds * PACE
