"""Faults inside the workers that a file switches on. The folder is in the environment."""

import os
from pathlib import Path

DROPPING = "dropping"
"""While it is there, workers lose half of the events of the channel layer."""
KILL = "kill"
"""The worker that takes it away kills itself after a commit."""
CUT_BEFORE = "cut-before"
"""The worker that takes it away loses its connection to the database before a commit."""
CUT_AFTER = "cut-after"
"""The worker that takes it away loses it after a commit, and cannot know whether it succeeded."""
ALL = (DROPPING, KILL, CUT_BEFORE, CUT_AFTER)

_folder = Path(os.environ.get("FAULTS", "/nonexistent"))


def is_on(name: str) -> bool:
    return (_folder / name).exists()


def take(name: str) -> bool:
    """Switch it off; return whether it was on, which only one caller is told."""
    try:
        (_folder / name).unlink()
    except FileNotFoundError:
        return False
    return True
