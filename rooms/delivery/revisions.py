"""The least revision of a class that this process may still report.

A class may move on while its state is read from the database for one socket, and an entry from
another process may arrive after its successor. All of these carry the revision of the class, and no
socket gets an earlier revision after a later one.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rooms.wire.errors import Unavailable

T = TypeVar("T")

KEPT = 20_000
"""The number of courses whose revision is remembered, the most recently heard ones."""
READS = 10
"""The number of times that a class is read again because it moved on meanwhile."""


class Revisions:
    """The last revision of each class that this process received or sent.

    Used from the event loop only. It keeps one number for the process and none for each socket. An
    unnecessary read costs a query, but a number for each socket would cost memory.
    """

    def __init__(self) -> None:
        self._heard: OrderedDict[str, int] = OrderedDict()

    def heard(self, group: str) -> int:
        """Return the last revision of the class of a course, or 0 if none is known."""
        return self._heard.get(group, 0)

    def hear(self, group: str, revision: int) -> bool:
        """Note a revision that is reported now. Return False if a later one is known already."""
        if revision < self.heard(group):
            return False
        self._note(group, revision)
        return True

    async def read(self, job: Callable[[], Awaitable[tuple[str, int, T]]]) -> T:
        """Return the result of `job`, no older than the last revision heard by then.

        `job` returns (the channel-layer group of the course, the revision, the result). It is
        called again if the class has moved on meanwhile. After ten times Unavailable is raised.
        """
        since = 0
        for _ in range(READS):
            group, revision, found = await job()
            heard = self.heard(group)
            # A revision heard before the read was committed. If the database does not have it, the
            # database was restored to an earlier state.
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
