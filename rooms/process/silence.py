"""Sockets that are open although nobody is there any more.

A phone that goes out of reach says nothing, and the pings by which the server drops sockets take
most of a minute. So while a class discusses, its sockets are asked for a sign of life as soon as
they give none for some seconds. One that owes it stays open; its user is not online by it until it
is heard again. The database is told of those that fall silent and of those that come back.
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
"""Shares of `PARTNER_GONE_AFTER` without a sign of life after which a socket is asked for one, and
after which it counts as silent. Both are seen late by a look at the most, so that nobody waits
longer for a silent user than for one who left."""
ANSWER_WITHIN = 0.3
"""The share that a socket has to answer, whenever it was asked."""
LOOKS = 10
"""How often the sockets are looked at in that time, once a second at the most."""


def asked_after() -> float:
    """Seconds without a sign of life after which somebody in a discussion is asked for one."""
    return ASK_AT * float(limits["PARTNER_GONE_AFTER"])


def look_every() -> float:
    """Seconds between two looks at the sockets."""
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
        # When the sockets that have not answered yet were asked, and when the silent ones were
        # heard last.
        self._asked: dict[LiveConnection, float] = {}
        self._silent: dict[LiveConnection, float] = {}
        self._looked = time.monotonic()

    def ask(self, discussing: Iterable[str]) -> None:
        """Ask the sockets that listen to these groups of courses, and no other ones."""
        self._discussing = frozenset(discussing)

    def asks(self, group: str) -> bool:
        """Whether those in the course of the group are asked for signs of life."""
        return group in self._discussing

    async def look(self) -> None:
        """Ask those who have been silent for a while, and note who is silent and who is back."""
        now = time.monotonic()
        if now - self._looked > 2 * look_every():
            # This process hung: what came meanwhile may not be read yet.
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
        """Mend what the database has otherwise: `silent` are the sockets that it has as silent.

        What was noted may not have been stored, and other processes may have taken this one for
        dead while it hung.
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
        """Note that a socket has been silent for so many seconds, or that it is heard again."""
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
            # The next beat finds that it is not stored.
            logger.warning("could not record which sockets are silent: %s", error.message)
            return
        if turned:
            for group, audiences in rooms.items():
                publish.now(
                    group, PresenceChange(user, connection.noted_as, audiences, since is None)
                )
