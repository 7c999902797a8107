"""The use log of a course as a table of its export."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from accounts import people
from rooms.actions.exports import Begun
from rooms.api.export import ROWS, Names
from rooms.models import UseLog
from rooms.queries import results
from rooms.queries.export_pages import Batch
from rooms.queries.export_people import SOMEBODY, People

OUTSIDE = frozenset({"course", "join", "leave", "login", "moderate", "peer"})
"""Events that tell nothing of what a student did in a class.

Times elsewhere tell who joined when. So whoever joins in a nameless class is not called there as in
their votes.
"""


def use_log(begun: Begun) -> Iterator[Batch]:
    """Return the rows of the use log, those without the id of the course last."""
    names = _Names(begun.log_people)
    for part in results.use_log(begun.scope.course, since=None, until=begun.scope.at):
        for found in _pages(part):
            names.learn(found)
            yield [names.row(row) for row in found if names.has(row)]


def _pages(part: QuerySet[UseLog]) -> Iterator[list[UseLog]]:
    rows = part
    while found := list(rows[:ROWS]):
        yield found
        if len(found) < ROWS:
            return
        last = found[-1]
        rows = part.filter(
            Q(timestamp__gt=last.timestamp) | Q(timestamp=last.timestamp, pk__gt=last.pk)
        )


class _Names(Names):
    """The names of people as the rest of the export has them."""

    def __init__(self, called: People) -> None:
        super().__init__()
        self._called = called
        self._session: int | None = None

    def has(self, row: UseLog) -> bool:
        return self._called.has(row.user_id)

    def row(self, row: UseLog) -> tuple[Any, ...]:
        inside = row.event not in OUTSIDE
        self._session = self._called.session_at(row.timestamp) if inside else None
        return (
            row.timestamp,
            self.name(row.sid, row.user_id),
            row.event,
            self.act(row.event, row.act, row.named or ()),
            self.question(row),
        )

    def name(self, username: str, key: people.Key | None = None) -> str:
        if key is not None:
            user = people.key_type()(key)
            self._called.learn([user])
            return self._called.of(user, self._session)
        if self._session in self._called.nameless:
            return SOMEBODY
        return self._called.named(username) or self._called.stranger(username)

    def act(self, event: str, act: str, named: Sequence[people.Key | None] = ()) -> str:
        if event == "sendmessage" and act.count(":") >= 2:
            to, recipient, _ = act.split(":", 2)
            if recipient != "*":
                recipient = self.name(recipient, next(iter(named), None))
            return f"{to}:{recipient}"
        return super().act(event, act, named)

    def _other(self, act: str) -> str:
        return act if self._called.names else ""
