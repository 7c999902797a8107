"""How often a user may do a thing over HTTP: the same rates as on the sockets.

Each worker counts for itself, and the sockets for themselves.
"""

import threading
from collections.abc import Hashable

from rooms.conf import limits
from rooms.ratelimit import Buckets


class Limit:
    """Token buckets that many threads take from; `rooms.conf` has their size."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._buckets: Buckets | None = None

    def take(self, key: Hashable) -> None:
        """Raises RateLimited."""
        with self._lock:
            if self._buckets is None:
                self._buckets = Buckets(limits[f"{self._name}_RATE"], limits[f"{self._name}_BURST"])
            self._buckets.take(key)

    def give_back(self, key: Hashable) -> None:
        """Undo a `take` of what turned out not to count."""
        with self._lock:
            if self._buckets is not None:
                self._buckets.give_back(key)


messages = Limit("MESSAGE")
votes = Limit("VOTE")
searches = Limit("SEARCH")
tokens = Limit("TOKEN")
"""Tokens that a user gets for their password."""
guesses = Limit("LOGIN")
"""Wrong passwords for one username."""
guesses_from = Limit("LOGIN_ADDRESS")
"""Wrong passwords from one address, which may be that of a whole campus or of a proxy."""
