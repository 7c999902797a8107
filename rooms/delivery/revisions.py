"""How new what this process tells of a class must be at least.

What is read from the database for one socket is on its way while the class moves on, and what
another process publishes may come after what followed it. Both are numbered by the revision of the
class, and no socket is told of an earlier one after a later one.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rooms.wire.errors import Unavailable

T = TypeVar("T")

KEPT = 20_000
"""Courses whose revision is remembered, those that were heard of last."""
READS = 10
"""Times that a class is read anew because it moved on meanwhile."""


class Revisions:
    """Remember the last revision that this process heard of each class, or told.

    Used from the event loop only. It knows each process's revision, not each socket's: what is read
    once too often costs a query, and a number for each socket would cost memory.
    """

    def __init__(self) -> None:
        self._heard: OrderedDict[str, int] = OrderedDict()

    def heard(self, group: str) -> int:
        """Return the last revision of the class of a course, 0 where none is known."""
        return self._heard.get(group, 0)

    def hear(self, group: str, revision: int) -> bool:
        """Note a revision that is told now. Returns False where a later one was heard before."""
        if revision < self.heard(group):
            return False
        self._note(group, revision)
        return True

    async def read(self, job: Callable[[], Awaitable[tuple[str, int, T]]]) -> T:
        """Return what `job` finds, no older than what was heard until it is returned.

        `job` returns (the group of the course, the revision, what it found). It is called again
        where the class has moved on meanwhile, ten times at the most; then Unavailable is raised.
        """
        since = 0
        for _ in range(READS):
            group, revision, found = await job()
            heard = self.heard(group)
            # What was heard before it was read is committed. Where the database knows nothing of
            # it, it was put back to an earlier state.
            if revision >= heard or revision < since:
                self._note(group, revision)
                return found
            since = heard
        raise Unavailable("The class is changing too fast to read. Try again.")

    def _note(self, group: str, revision: int) -> None:
        self._heard[group] = revision
        self._heard.move_to_end(group)
        if len(self._heard) > KEPT:
            self._heard.popitem(last=False)
