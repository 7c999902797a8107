"""Rate limits of users. Sockets and HTTP use the same buckets.

Each worker counts on its own, so a user has the full rate at each of them.
"""

import threading
from collections.abc import Callable, Hashable

from accounts.buckets import Buckets
from rooms.conf import limits
from rooms.wire.errors import RateLimited


class Limit:
    """The buckets of this process for one limit, with the size from `rooms.conf`."""

    def __init__(self, size: Callable[[], tuple[float, float]]) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._buckets: Buckets | None = None

    def take(self, key: Hashable) -> None:
        """Take one token. Raises RateLimited with the seconds until the next one."""
        wait = self._open().take(key)
        if wait:
            raise RateLimited(wait)

    def reset(self) -> None:
        """Fill all buckets and read their size from the settings again."""
        with self._lock:
            self._buckets = None

    def _open(self) -> Buckets:
        buckets = self._buckets
        if buckets is None:
            with self._lock:
                # Another thread may have been here first.
                buckets = self._buckets = self._buckets or Buckets(*self._size())
        return buckets


def _named(name: str) -> Limit:
    return Limit(lambda: (limits[f"{name}_RATE"], limits[f"{name}_BURST"]))


messages = _named("MESSAGE")
votes = _named("VOTE")
drafts = _named("DRAFT")
relayed = _named("FEED")
published = _named("PUBLISH")
subscribed = _named("SUBSCRIBE")
"""Limits making and ending subscriptions, joining and leaving rooms, and what students say of
themselves."""
searches = _named("SEARCH")
tokens = _named("TOKEN")
"""Limits the tokens that a user gets for their password."""
invitations = _named("INVITATION")
"""Limits the invitations that a lecturer sends by e-mail."""
rosters = _named("ROSTER")
"""Limits the rosters that a lecturer looks at or imports, which tell who has an account."""
imports = _named("IMPORT")
"""Limits the files of questions that a lecturer looks at or imports, which take time to read."""
pictures = _named("PICTURE")
"""Limits the pictures that a lecturer uploads."""
exports = _named("EXPORT")
"""Limits the downloads of whole courses, which take time to make."""
flags = _named("FLAG")
"""Limits the messages that a user flags."""
typed = Limit(lambda: (1 / limits["TYPING_EVERY"], 1))
"""Limits notices of typing, for each user and room."""

ALL = (
    *(messages, votes, drafts, relayed, published, subscribed, searches, tokens, invitations),
    *(rosters, imports, pictures, exports, flags, typed),
)
