"""Token buckets: how often one may do a thing. Any thread may use them."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


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
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Take one token. Returns 0.0, or where there is none the seconds until there is one."""
        with self._lock:
            now = self._clock()
            level, since = self._buckets.pop(key, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._rate)
            allowed = level >= 1
            self._buckets[key] = (level - 1 if allowed else level, now)
            if len(self._buckets) > self.KEPT:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self._rate

    def give_back(self, key: Hashable) -> None:
        """Undo a `take`."""
        with self._lock:
            if key in self._buckets:
                level, since = self._buckets[key]
                self._buckets[key] = (min(self._burst, level + 1), since)

    def fill(self, key: Hashable) -> None:
        """Forget what was taken."""
        with self._lock:
            self._buckets.pop(key, None)

    def empty(self, key: Hashable) -> bool:
        """Return whether a `take` would find nothing."""
        with self._lock:
            if key not in self._buckets:
                return False
            level, since = self._buckets[key]
            return level + (self._clock() - since) * self._rate < 1
