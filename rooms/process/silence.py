"""Detection of open sockets whose client has gone silent.

A phone that goes out of reach sends nothing, and the server's usual pings take most of a minute to
drop its socket. So while a class discusses, a socket is pinged after a few seconds without a sign
of life. A socket that does not answer stays open, but does not make its user online until it is
heard again. The database records the sockets that fall silent and those that return.
"""

import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from rooms.actions.presence import Sign, note_signs
from rooms.conf import limits
from rooms.delivery import publish
from rooms.delivery.connection import LiveConnection
from rooms.delivery.hub import Hub
from rooms.delivery.notices import PresenceChange
from rooms.process.writer import Writer
from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)

ASK_AT, SILENT_AT = 0.3, 0.7
"""Shares of `PARTNER_GONE_AFTER`. After the first one without a sign of life a socket is pinged,
and after the second one it counts as silent. Both are noticed at most one look late, so a partner
does not wait longer for a silent user than for one who left."""
ANSWER_WITHIN = 0.3
"""The share in which a socket has to answer a ping."""
LOOKS = 10
"""The number of looks at the sockets in that time, at most one a second."""


def asked_after() -> float:
    """Return the seconds of silence after which a socket in a discussion is pinged."""
    return ASK_AT * float(limits["PARTNER_GONE_AFTER"])


def look_every() -> float:
    """Return the seconds between two looks at the sockets."""
    return min(float(limits["PARTNER_GONE_AFTER"]) / LOOKS, 1.0)


class Silence:
    """The silent sockets of this process. Used from its event loop only."""

    def __init__(
        self, *, hub: Hub, writer: Writer, background: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self._hub = hub
        self._writer = writer
        self._background = background
        # The channel-layer groups of the courses whose classes discuss.
        self._discussing: frozenset[str] = frozenset()
        # The times of the unanswered pings, and of the last signs of life of silent sockets.
        self._asked: dict[LiveConnection, float] = {}
        self._silent: dict[LiveConnection, float] = {}
        self._looked = time.monotonic()

    def ask(self, discussing: Iterable[str]) -> None:
        """Ping from now on only the sockets that listen to these groups of courses."""
        self._discussing = frozenset(discussing)

    def asks(self, group: str) -> bool:
        """Return whether the clients in the course of a group are asked for signs of life."""
        return group in self._discussing

    async def look(self) -> None:
        """Ping sockets that have been quiet, and record which fell silent and which returned."""
        now = time.monotonic()
        if now - self._looked > 2 * look_every():
            # This process hung, so frames that arrived meanwhile may not be read yet.
            self._asked.clear()
        self._looked = now
        if not self._discussing and not self._silent:
            self._asked.clear()
            return
        asked, silent = self._asked, self._silent
        self._asked, self._silent = {}, {}
        longest = float(limits["PARTNER_GONE_AFTER"])
        for connection in self._hub.connections.values():
            if not connection.noted_as:
                continue
            last = silent.get(connection)
            if last is None and self._discussing.isdisjoint(connection.groups):
                continue
            heard = connection.last_sign()
            if last is not None:
                if heard > last:
                    self._note(connection, None)
                else:
                    self._silent[connection] = last
            elif now - heard >= ASK_AT * longest:
                since = asked.get(connection)
                if since is None or heard > since:
                    connection.ping()
                    since = now
                if now - heard >= SILENT_AT * longest and now - since >= ANSWER_WITHIN * longest:
                    self._silent[connection] = heard
                    self._note(connection, now - heard)
                else:
                    self._asked[connection] = since

    def agree(self, silent: frozenset[UUID]) -> None:
        """Correct the database, which lists the sockets in `silent` as silent.

        A record may not have been stored, and other processes may have taken this one for dead
        while it hung.
        """
        for id_ in silent:
            connection = self._hub.connections.get(str(id_))
            if connection is not None and connection not in self._silent:
                self._note(connection, None)
        now = time.monotonic()
        for connection, last in self._silent.items():
            if connection.id not in silent:
                self._note(connection, now - last)

    def _note(self, connection: LiveConnection, silence: float | None) -> None:
        """Record that a socket has been silent for some seconds, or is heard again (None)."""
        since = None if silence is None else timezone.now() - timedelta(seconds=silence)
        rooms = self._hub.rooms_of(connection)
        self._background(self._noted(connection, since, rooms))

    async def _noted(
        self, connection: LiveConnection, since: datetime | None, rooms: dict[str, list[str]]
    ) -> None:
        user = connection.user_id
        assert user is not None, "a socket is noted under its user"
        try:
            turned = await self._writer.submit(note_signs, Sign(connection.id, user, since))
        except PeerError as error:
            # If it is not stored, the next beat finds that.
            logger.warning("could not record which sockets are silent: %s", error.message)
            return
        if turned:
            for group, audiences in rooms.items():
                publish.now(
                    group, PresenceChange(user, connection.noted_as, audiences, since is None)
                )
