"""The rows of a course in the database, read without the code that wrote them."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg

Heads = dict[str, tuple[int, set[str]]]
"""The newest number and the members, by room."""


@dataclass
class StoredMessage:
    seq: int
    sender: str
    uuid: str
    kind: str
    text: str
    control: dict[str, Any] | None
    created: float


@dataclass
class StoredRoom:
    kind: str
    last_seq: int
    archived: bool
    members: set[str] = field(default_factory=set)
    messages: list[StoredMessage] = field(default_factory=list)
    """The messages in the order of their numbers."""


@dataclass
class StoredVote:
    choice: str
    uuid: str
    """The uuid of the client's command, which these clients also send as the rationale."""
    cast: float


@dataclass
class StoredRound:
    question: str
    number: int
    opened: float
    closed: float | None
    votes: dict[str, StoredVote] = field(default_factory=dict)
    """The votes by username."""


@dataclass
class Stored:
    """A course. Times are in seconds since the epoch."""

    rooms: dict[str, StoredRoom] = field(default_factory=dict)
    rounds: list[StoredRound] = field(default_factory=list)
    phase: str = "idle"
    epoch: int = 0


class Ledger:
    """Reads a course. Raises psycopg.OperationalError while the database does not answer."""

    def __init__(self, folder: str, course: str) -> None:
        self._folder = folder
        self._course = course

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=self._folder, user="peerchat", dbname="peerchat", connect_timeout=5
        ) as connection:
            return connection.execute(statement, {"course": self._course}).fetchall()

    def heads(self) -> Heads:
        """Return the newest number and the members of each room in use."""
        found: Heads = {}
        for room, last_seq, member in self._rows(
            """
            SELECT r.id::text, r.last_seq, u.username
            FROM peerchat_rooms_room r JOIN peerchat_rooms_course c ON c.id = r.course_id
            JOIN peerchat_rooms_membership m ON m.room_id = r.id
            JOIN peerchat_accounts_user u ON u.id = m.user_id
            WHERE c.slug = %(course)s AND r.archived_at IS NULL
            """
        ):
            found.setdefault(room, (last_seq, set()))[1].add(member)
        return found

    def read(self) -> Stored:
        """Return everything. This is not one snapshot: call it when nobody writes any more."""
        stored = Stored()
        for room, kind, last_seq, archived in self._rows(
            """
            SELECT r.id::text, r.kind, r.last_seq, r.archived_at IS NOT NULL
            FROM peerchat_rooms_room r JOIN peerchat_rooms_course c ON c.id = r.course_id
            WHERE c.slug = %(course)s
            """
        ):
            stored.rooms[room] = StoredRoom(kind, last_seq, archived)
        for room, (_, members) in self.heads().items():
            stored.rooms[room].members = members
        for room, *fields in self._rows(
            """
            SELECT m.room_id::text, m.seq, u.username, m.uuid, m.kind, m.text, m.control,
                extract(epoch FROM m.created_at)::float8
            FROM peerchat_rooms_message m JOIN peerchat_rooms_room r ON r.id = m.room_id
            JOIN peerchat_rooms_course c ON c.id = r.course_id
            JOIN peerchat_accounts_user u ON u.id = m.sender_id
            WHERE c.slug = %(course)s ORDER BY m.room_id, m.seq
            """
        ):
            stored.rooms[room].messages.append(StoredMessage(*fields))
        votes: dict[int, dict[str, StoredVote]] = defaultdict(dict)
        for round_, user, *fields in self._rows(
            """
            SELECT v.round_id, u.username, v.choice, v.rationale,
                extract(epoch FROM v.cast_at)::float8
            FROM peerchat_rooms_vote v
            JOIN peerchat_accounts_user u ON u.id = v.user_id
            JOIN peerchat_rooms_round o ON o.id = v.round_id
            JOIN peerchat_rooms_question q ON q.id = o.question_id
            JOIN peerchat_rooms_course c ON c.id = q.course_id WHERE c.slug = %(course)s
            """
        ):
            votes[round_][user] = StoredVote(*fields)
        for round_, *fields in self._rows(
            """
            SELECT o.id, q.slug, o.number, extract(epoch FROM o.opened_at)::float8,
                extract(epoch FROM o.closed_at)::float8
            FROM peerchat_rooms_round o JOIN peerchat_rooms_question q ON q.id = o.question_id
            JOIN peerchat_rooms_course c ON c.id = q.course_id
            WHERE c.slug = %(course)s ORDER BY o.id
            """
        ):
            question, number, opened, closed = fields
            stored.rounds.append(StoredRound(question, number, opened, closed, votes[round_]))
        for phase, epoch in self._rows(
            """
            SELECT s.phase, s.epoch FROM peerchat_rooms_classsession s
            JOIN peerchat_rooms_course c ON c.id = s.course_id
            WHERE c.slug = %(course)s AND s.ended_at IS NULL
            """
        ):
            stored.phase, stored.epoch = phase, epoch
        return stored

    def message(self, room: str, seq: int) -> StoredMessage | None:
        """Return one message of a room."""
        return next((one for one in self.read().rooms[room].messages if one.seq == seq), None)
