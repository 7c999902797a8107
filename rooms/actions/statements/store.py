"""The statements for a batch of messages, in the way that suits the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from rooms.actions import uselog
from rooms.actions.statements import orm, postgresql
from rooms.actions.statements.rows import Key, Members, Place
from rooms.models import NewText


def lock(rooms: Collection[UUID]) -> dict[UUID, Place]:
    """Lock the rooms that exist and are not archived, and return them.

    The locks are taken in the order of the ids, so that two processes never wait for each other.
    """
    if not rooms:
        return {}
    return postgresql.lock(rooms) if _is_postgresql() else orm.lock(rooms)


def look_up(places: Mapping[UUID, Place], keys: Collection[Key]) -> tuple[Members, dict[Key, UUID]]:
    """Return the members of the rooms and the ids of messages that are stored already.

    Of large rooms only the senders are returned.
    """
    if not places:
        return defaultdict(dict), {}
    find = postgresql.look_up if _is_postgresql() else orm.look_up
    return find(places, keys)


def insert(
    messages: Sequence[NewText],
    heads: Collection[Place],
    read: Mapping[int, int],
    log: Sequence[uselog.Row],
    now: datetime,
) -> None:
    """Store new messages, the newest numbers of their rooms and rows of the use log.

    `read` has the number of further messages that members have read, by the id of the membership.
    `now` is the time of all rows.
    """
    if _is_postgresql():
        postgresql.insert(messages, heads, read, log, now)
    else:
        orm.insert(messages, heads, read, log)


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
