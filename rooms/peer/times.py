"""How long votes take: the time to suggest for one, and when it may close early. Pure, no I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rooms.peer.content import Kind

DEFAULTS: Final[dict[Kind, tuple[int, int]]] = {
    Kind.SINGLE: (60, 30),
    Kind.SEVERAL: (90, 45),
    Kind.NUMBER: (120, 60),
    Kind.TEXT: (90, 45),
    Kind.POLL: (30, 20),
}
"""Seconds for the first and the second vote on a question of which nothing is known yet."""
SHARE: Final = 0.9
"""The share of voters whom a suggested time is enough for, and that closes a round early."""
STEP: Final = 5
LEAST: Final = 15
MOST: Final = 600
"""Suggested times are whole multiples of `STEP` between these, in seconds."""
LEAST_VOTERS: Final = 5
"""The fewest votes with which a round closes early."""


def percentile(values: Sequence[float], share: float = SHARE) -> float:
    """Return the least of the values that is not below this share of them (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)), 1) - 1]


def suggested(seconds: Sequence[float]) -> int | None:
    """Return the time in which nine tenths have voted; None without votes.

    `seconds` are the times that voters took.
    """
    if not seconds:
        return None
    rounded = STEP * math.floor(percentile(seconds) / STEP + 0.5)
    return min(max(rounded, LEAST), MOST)


def most_have_voted(voted: int, here: int) -> bool:
    """Return whether nine tenths of the students who are here have voted."""
    return voted * 10 >= here * 9


def closes_early(voted: int, here: int) -> bool:
    """Return whether a round need not wait for those who have not voted.

    `voted` is the number of votes from those `here`.
    """
    return voted >= LEAST_VOTERS and most_have_voted(voted, here)
