"""Presence of users without a socket: users whose requests wait for messages count as online."""

import asyncio
import contextlib
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import people
from rooms.actions.presence import (
    Coming,
    Sign,
    close_connections,
    note_signs,
    open_connections,
)
from rooms.conf import limits
from rooms.delivery import publish
from rooms.delivery.notices import PresenceChange
from rooms.process.threads import Threads
from rooms.process.writer import Writer
from rooms.queries import rooms as room_queries
from rooms.wire.errors import PeerError

logger = logging.getLogger(__name__)


class Polls:
    """The users whose requests wait in this process. Used from its event loop only."""

    def __init__(
        self,
        *,
        worker: uuid.UUID,
        writer: Writer,
        threads: Threads,
        background: Callable[[Coroutine[Any, Any, Any]], Any],
    ) -> None:
        self._worker = worker
        self._writer = writer
        self._threads = threads
        self._background = background
        self._waiting: Counter[people.Key] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()
        # The connection and the username of each user who is here.
        self._here: dict[people.Key, tuple[Coming, str]] = {}
        self._leaving: dict[people.Key, asyncio.TimerHandle] = {}

    def came(self, user: people.Key, username: str) -> None:
        """Note that a request of the user waits. A call of `went` must follow."""
        self._waiting[user] += 1
        self._idle.clear()
        leaving = self._leaving.pop(user, None)
        if leaving is not None:
            leaving.cancel()
        if user in self._here:
            self._here[user] = self._here[user][0], username
        else:
            coming = Coming(uuid.uuid4(), user, self._worker)
            self._here[user] = coming, username
            self._background(self._changed(open_connections, coming, username, here=True))

    def went(self, user: people.Key, username: str) -> None:
        """Note that a request of the user waits no longer.

        If no other request follows soon, the user is gone.
        """
        self._waiting[user] -= 1
        if not self._waiting[user]:
            del self._waiting[user]
            if not self._waiting:
                self._idle.set()
            self._leaving[user] = asyncio.get_running_loop().call_later(
                limits["POLL_LINGER"], self._left, user, timezone.now()
            )

    def is_idle(self) -> bool:
        """Return whether no user is here by requests."""
        return not self._here

    def agree(self, silent: frozenset[uuid.UUID]) -> None:
        """Correct the database where it lists users as silent who are here."""
        for coming, username in self._here.values():
            if coming.connection in silent:
                sign = Sign(coming.connection, coming.user, None)
                self._background(self._changed(note_signs, sign, username, here=True))

    def _left(self, user: people.Key, last: datetime) -> None:
        del self._leaving[user]
        coming, username = self._here.pop(user)
        going = replace(coming, last=last)
        self._background(self._changed(close_connections, going, username, here=False))

    async def stop(self, within: float) -> None:
        """Wait until all waiting requests are answered, at most `within` seconds.

        Then forget all users, as the worker's connections end with it.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._idle.wait()
        for leaving in self._leaving.values():
            leaving.cancel()

    async def _changed(
        self, store: Any, coming: Coming | Sign, username: str, *, here: bool
    ) -> None:
        """Store the change and tell the user's rooms if it makes a difference."""
        try:
            if not await self._writer.store_at_last(store, coming):
                return
            rooms = await self._threads.run(room_queries.audiences, coming.user)
        except PeerError as error:
            logger.warning("could not record the presence of a polling client: %s", error.message)
            return
        for group, audiences in rooms.items():
            publish.now(group, PresenceChange(coming.user, username, audiences, here))
