"""Decides what simulated students find convincing. Pure, no I/O; all chance comes from a `key`."""

import random
from typing import Final, Literal

By = Literal["message", "thought", "nothing"]

_SAID: Final[dict[bool, dict[By | None, int]]] = {
    True: {"message": 7, "thought": 2, None: 1},
    False: {"message": 2, "thought": 3, "nothing": 3, None: 2},
}
"""How often students say what, by whether they changed their answer; None if they do not say."""


def convinced_by(key: str, number: int, *, changed: bool) -> By | None:
    """Return what a student says convinced them, or None if they say nothing of it."""
    weights = _SAID[changed]
    dice = random.Random(f"{key}:convinced:{number}")
    return dice.choices(list(weights), list(weights.values()))[0]
