"""Rows of the use log, written in the transaction of the action that they record."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import msgspec.structs
from django.utils import timezone

from rooms.models import UseLog


class Row(msgspec.Struct, frozen=True):
    """A row that is not stored yet."""

    timestamp: datetime
    sid: str
    event: str
    act: str
    div_id: str
    course_id: str


def row(
    *,
    sid: str,
    event: str,
    act: str,
    course_id: str = "",
    div_id: str = "",
    timestamp: datetime | None = None,
) -> Row:
    """Return a row. `sid` is a username, and `course_id` and `div_id` are slugs."""
    return Row(timestamp or timezone.now(), sid, event, act, div_id, course_id)


def record(rows: Iterable[Row]) -> None:
    """Store rows in the current transaction."""
    UseLog.objects.bulk_create(UseLog(**msgspec.structs.asdict(row)) for row in rows)
