"""Rows that are read before messages are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts import people
from rooms.models import Room

SMALL_ROOMS = (Room.Kind.DIRECT, Room.Kind.PARTNERS)


@dataclass(slots=True)
class Place:
    """A room whose row is locked until the transaction ends.

    `course` is a slug. `question` is the slug of the course's current question, or empty, and
    `question_id` its id. `archived` is true if the course is. `session_id` is the class that is on,
    and `has_pseudonyms` tells whether the students of the course have pseudonyms now.
    """

    id: UUID
    course_id: int
    course: str
    kind: str
    last_seq: int
    slow_seconds: int
    question: str
    question_id: int | None
    archived: bool
    session_id: int | None
    has_pseudonyms: bool

    @property
    def is_small(self) -> bool:
        """Return whether all members are read for each message, and not only the senders."""
        return self.kind in SMALL_ROOMS


class Member(NamedTuple):
    """A member of a room with their role in its course, which is None if they left the course."""

    user: people.Key
    membership: int
    username: str
    last_read_seq: int
    role: str | None
    muted_until: datetime | None


Members = dict[UUID, dict[people.Key, Member]]
Key = tuple[UUID, people.Key, str]
"""The key of a message: its room, its sender and the sender's name for it."""
