"""Rows of the use log, written in the transaction of the action that they record."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import msgspec.structs
from django.utils import timezone

from accounts import people
from rooms.actions import copying
from rooms.models import UseLog


class Row(msgspec.Struct, frozen=True):
    """A row that is not stored yet. Its fields are the columns."""

    timestamp: datetime
    sid: str
    event: str
    act: str
    div_id: str
    course_id: str
    user_id: people.Key | None
    question_id: int | None
    in_course_id: int | None
    named: list[int | str] | None


def row(
    *,
    sid: str,
    event: str,
    act: str,
    user: people.Key | None = None,
    course_id: str = "",
    course: int | None = None,
    div_id: str = "",
    question: int | None = None,
    named: Iterable[people.Key] = (),
    timestamp: datetime | None = None,
) -> Row:
    """Return a row.

    `sid` is a username, and `course_id` and `div_id` are slugs; `user`, `course` and `question`
    are the ids of the same. `named` has the ids of the users whose names are in `act`.
    """
    return Row(
        timestamp or timezone.now(),
        sid,
        event,
        act,
        div_id,
        course_id,
        user,
        question,
        course,
        [people.as_plain(key) for key in named] or None,
    )


def record(rows: Iterable[Row]) -> None:
    """Store rows in the current transaction."""
    copying.insert(UseLog, Row.__struct_fields__, map(msgspec.structs.astuple, rows))
