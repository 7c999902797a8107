"""Token buckets: how often one user may do a thing."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from rooms.errors import RateLimited


class Buckets:
    """A bucket for each key: `burst` at once, then `rate` a second."""

    KEPT = 50_000
    """Keys remembered; the one that was used longest ago is forgotten, which fills its bucket."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> None:
        """Take one token. Raises RateLimited, with the seconds until there is one again."""
        now = self._clock()
        level, since = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        if len(self._buckets) > self.KEPT:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimited((1 - level) / self._rate)

    def give_back(self, key: Hashable) -> None:
        """Undo a `take`."""
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (min(self._burst, level + 1), since)
