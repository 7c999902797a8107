"""How long votes take: the time to suggest for one, and when it may close early. Pure, no I/O."""

from __future__ import annotations

import math
import statistics
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
LEAST_TIMES: Final = 3
"""The fewest votes that tell how long a vote takes."""
OUTLYING: Final = 3.0
SCALE: Final = 1.4826
"""The standard deviation of normal values by their median absolute deviation."""
LEAST_DEVIATION: Final = 0.25
"""Of the logarithms: times of at most twice the median are never outliers."""
LEAST_VOTERS: Final = 5
"""The fewest votes with which a round closes early."""


def percentile(values: Sequence[float], share: float = SHARE) -> float:
    """Return the least of the values that is not below this share of them (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)), 1) - 1]


def usual(seconds: Sequence[float]) -> list[float]:
    """Return the times that are no outliers, of those that voters took.

    Outliers are found by the Hampel identifier on the logarithms of the times: they are more than
    `OUTLYING` scaled median absolute deviations from the median (L. Davies and U. Gather, The
    Identification of Multiple Outliers, JASA 88, 1993). Median and deviation stay where they are as
    long as less than half of the times are odd. Times of answers are about log-normal (W. J. van
    der Linden, A Lognormal Model for Response Times on Test Items, JEBS 31, 2006), so those who
    think three times as long as most are kept.
    """
    logs = [math.log(max(one, 1.0)) for one in seconds]
    middle = statistics.median(logs)
    deviation = statistics.median(abs(one - middle) for one in logs)
    # Where most took the same time, the deviation is no measure.
    far = OUTLYING * max(SCALE * deviation, LEAST_DEVIATION)
    return [one for one, log in zip(seconds, logs, strict=True) if abs(log - middle) <= far]


def suggested(seconds: Sequence[float]) -> int | None:
    """Return the time in which nine tenths of those have voted who took no unusual time.

    `seconds` are the times that voters took. None for fewer than `LEAST_TIMES`, as nobody can tell
    which of them is unusual.
    """
    if len(seconds) < LEAST_TIMES:
        return None
    rounded = STEP * math.floor(percentile(usual(seconds)) / STEP + 0.5)
    return min(max(rounded, LEAST), MOST)


def most_have_voted(voted: int, here: int) -> bool:
    """Return whether nine tenths of the students who are here have voted."""
    return voted * 10 >= here * 9


def closes_early(voted: int, here: int) -> bool:
    """Return whether a round need not wait for those who have not voted.

    `voted` is the number of votes from those `here`.
    """
    return voted >= LEAST_VOTERS and most_have_voted(voted, here)
