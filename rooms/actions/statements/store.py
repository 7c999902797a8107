"""What is done for a batch of messages, by the way that the database offers."""

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
    """The rooms that exist and are not archived, locked in the order of their ids, so that two
    processes never wait for each other."""
    if not rooms:
        return {}
    return postgresql.lock(rooms) if _is_postgresql() else orm.lock(rooms)


def look_up(places: Mapping[UUID, Place], keys: Collection[Key]) -> tuple[Members, dict[Key, UUID]]:
    """The members of the rooms, of large ones only the senders; and the ids of those of the
    messages that are stored already."""
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
    """Store new messages, the newest numbers of their rooms, how many further messages the
    members (by the id of their membership) have read, and rows of the use log, all of `now`."""
    if _is_postgresql():
        postgresql.insert(messages, heads, read, log, now)
    else:
        orm.insert(messages, heads, read, log)


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
