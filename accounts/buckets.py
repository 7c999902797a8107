"""Token buckets, which limit the rate of actions. Any thread may use them."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Buckets:
    """A bucket for each key, with `burst` tokens at once and then `rate` a second."""

    KEPT = 50_000
    """The most keys that are remembered. Forgetting the least recent one fills its bucket."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Take one token. Return 0.0, or if there is none the seconds until the next one."""
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
        """Fill the bucket."""
        with self._lock:
            self._buckets.pop(key, None)

    def empty(self, key: Hashable) -> bool:
        """Return whether a `take` would find nothing."""
        with self._lock:
            if key not in self._buckets:
                return False
            level, since = self._buckets[key]
            return level + (self._clock() - since) * self._rate < 1
