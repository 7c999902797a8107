"""Rows of the use log, written in the transaction of what they tell of."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from rooms.models import UseLog


def row(
    *,
    sid: str,
    event: str,
    act: str,
    course_id: str = "",
    div_id: str = "",
    timestamp: datetime | None = None,
) -> UseLog:
    """A row that is not stored yet. `sid` is a username, `course_id` and `div_id` are slugs."""
    return UseLog(
        timestamp=timestamp or timezone.now(),
        sid=sid,
        event=event,
        act=act,
        course_id=course_id,
        div_id=div_id,
    )


def record(rows: Iterable[UseLog]) -> None:
    """Store rows, in the current transaction."""
    UseLog.objects.bulk_create(rows)
