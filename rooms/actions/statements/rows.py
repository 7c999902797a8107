"""What is read before messages are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from rooms.models import Room

SMALL_ROOMS = (Room.Kind.DIRECT, Room.Kind.PARTNERS)


@dataclass(slots=True)
class Place:
    """A room whose row is locked until the transaction ends.

    `course` is a slug, and `question` that of the question that runs in the course, or empty.
    """

    id: UUID
    course_id: int
    course: str
    kind: str
    last_seq: int
    slow_seconds: int
    question: str

    @property
    def is_small(self) -> bool:
        """Whether all members are read for each message, and not only who sends."""
        return self.kind in SMALL_ROOMS


class Member(NamedTuple):
    """A member of a room, and what they are in its course: `role` is None for one who left it."""

    user: int
    membership: int
    username: str
    last_read_seq: int
    role: str | None
    muted_until: datetime | None


Members = dict[UUID, dict[int, Member]]
Key = tuple[UUID, int, str]
"""What a message is known by: its room, its sender, the sender's name for it."""
