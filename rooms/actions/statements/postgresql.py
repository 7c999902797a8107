"""A batch stored with three statements of PostgreSQL, whatever its number of messages and rooms.

They are written in SQL, because the ORM takes several times as long to build them as the database
takes to carry them out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from msgspec import UNSET, UnsetType

from accounts import people
from rooms.actions import uselog
from rooms.actions.statements.rows import Key, Member, Members, Place
from rooms.models import NewText

# The rest of the transaction uses indexes. A statement that was planned while a table was small
# would read the whole table until PostgreSQL updates its statistics, a minute and a million rows
# later. What can only read a whole table then counts as very costly, and PostgreSQL would compile
# it first (JIT), which takes longer than to run it.
_LOCK = """
SELECT r.id, r.course_id, c.slug, r.kind, r.last_seq, r.slow_seconds, coalesce(q.slug, ''),
    q.id, c.archived_at IS NOT NULL, s.id,
    CASE WHEN s.id IS NOT NULL THEN s.has_pseudonyms ELSE EXISTS (
        SELECT FROM peerchat_rooms_classsettings t WHERE t.course_id = c.id AND t.has_pseudonyms
    ) END
FROM (
    SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
) AS by_index
CROSS JOIN peerchat_rooms_room r
JOIN peerchat_rooms_course c ON c.id = r.course_id
LEFT JOIN peerchat_rooms_classsession s ON s.course_id = r.course_id AND s.ended_at IS NULL
LEFT JOIN peerchat_rooms_round o ON o.id = s.current_round_id
LEFT JOIN peerchat_rooms_question q ON q.id = o.question_id
WHERE r.id = ANY(%s::uuid[]) AND r.archived_at IS NULL
ORDER BY r.id
FOR NO KEY UPDATE OF r
"""

# A union of up to three queries: the members of small rooms, the senders in large rooms, and the
# messages that were stored before. Parts that are not needed are left out, because PostgreSQL would
# plan them and read tables for nothing. All lists are short, and each row is found by an index.
#
# The table of the users and the type of their keys are the site's: {users}, {name}, {key}, {type}.
_POSTS = """
WITH post AS (
    SELECT * FROM json_to_recordset(%(posts)s) AS p(room_id uuid, sender_id {type}, uuid text)
)
"""
_MEMBER = """
SELECT
    m.room_id, m.user_id, m.id, u.{name}::text, m.last_read_seq, e.role, e.muted_until, NULL::uuid
"""
_PLACE = """
JOIN peerchat_rooms_room r ON r.id = m.room_id
JOIN {users} u ON u.{key} = m.user_id
LEFT JOIN peerchat_rooms_enrollment e ON e.user_id = m.user_id AND e.course_id = r.course_id
"""
_OF_SMALL = "WHERE m.room_id = ANY(%(small)s::uuid[])"
_MEMBERS_OF_SMALL = _MEMBER + "FROM peerchat_rooms_membership m" + _PLACE + _OF_SMALL
_IN_LARGE = """
FROM (SELECT DISTINCT room_id, sender_id FROM post WHERE room_id = ANY(%(large)s::uuid[])) p
JOIN peerchat_rooms_membership m ON m.room_id = p.room_id AND m.user_id = p.sender_id
"""
_SENDERS_IN_LARGE = _MEMBER + _IN_LARGE + _PLACE
# PostgreSQL plans this once for a connection, perhaps while there are few messages. LIMIT keeps the
# subquery apart, which looks up each message by an index. A join could read all messages instead,
# for each batch, until the statistics are updated.
_STORED_BEFORE = """
SELECT p.room_id, p.sender_id, NULL, p.uuid, NULL, NULL, NULL, b.id
FROM post p
CROSS JOIN LATERAL (
    SELECT id FROM peerchat_rooms_message
    WHERE room_id = p.room_id AND sender_id = p.sender_id AND uuid = p.uuid
    LIMIT 1
) b
"""


@cache
def _asking_for(small: bool, large: bool) -> str:
    """Return the statement for small rooms, for large ones or for both."""
    parts = [_MEMBERS_OF_SMALL] * small + [_SENDERS_IN_LARGE] * large
    return with_users(_POSTS + " UNION ALL ".join((*parts, _STORED_BEFORE)))


def with_users(statement: str) -> str:
    """Put the table of the site's users and the type of their keys into a statement."""
    users, key, name = people.table_of_names(connection)
    parts = {"users": users, "key": key, "name": name, "type": people.key_column_type(connection)}
    # A percent sign is special in statements with parameters.
    return statement.format_map({part: text.replace("%", "%%") for part, text in parts.items()})


_INSERT = """
WITH new AS (
    SELECT * FROM json_to_recordset(%(messages)s) AS n(
        id uuid, room_id uuid, seq bigint, sender_id {type}, uuid text, text text, reply_to_id uuid,
        pseudonym text
    )
), head AS (
    UPDATE peerchat_rooms_room r SET last_seq = n.seq
    FROM unnest(%(rooms)s::uuid[], %(heads)s::bigint[]) AS n(id, seq)
    WHERE r.id = n.id
), read AS (
    UPDATE peerchat_rooms_membership m SET last_read_seq = m.last_read_seq + n.by
    FROM unnest(%(memberships)s::bigint[], %(read)s::bigint[]) AS n(id, by)
    WHERE m.id = n.id
), log AS (
    INSERT INTO peerchat_rooms_uselog (
        timestamp, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
    )
    SELECT
        %(now)s, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
    FROM json_to_recordset(%(log)s) AS n(
        sid text, event text, act text, div_id text, course_id text,
        user_id {type}, question_id bigint, in_course_id bigint, named jsonb
    )
)
INSERT INTO peerchat_rooms_message
    (id, room_id, seq, sender_id, uuid, kind, text, reply_to_id, created_at, pseudonym)
SELECT id, room_id, seq, sender_id, uuid, 'text', text, reply_to_id, %(now)s,
    coalesce(pseudonym, '')
FROM new
"""


@cache
def _inserting() -> str:
    return with_users(_INSERT)


def lock(rooms: Collection[UUID]) -> dict[UUID, Place]:
    return {row[0]: Place(*row) for row in execute(_LOCK, [as_array(rooms)])}


def look_up(places: Mapping[UUID, Place], keys: Collection[Key]) -> tuple[Members, dict[Key, UUID]]:
    small = [room for room, place in places.items() if place.is_small]
    large = [room for room, place in places.items() if not place.is_small]
    posts = as_json(_Post(*key) for key in keys)
    members: Members = defaultdict(dict)
    before: dict[Key, UUID] = {}
    found = execute(
        _asking_for(bool(small), bool(large)),
        {"posts": posts, "small": as_array(small), "large": as_array(large)},
    )
    for room, user, membership, name, *rest, message in found:
        if message is None:
            members[room][user] = Member(user, membership, name, *rest)
        else:
            before[room, user, name] = message
    return members, before


def insert(
    messages: Sequence[NewText],
    heads: Collection[Place],
    read: Mapping[int, int],
    log: Sequence[uselog.Row],
    now: datetime,
) -> None:
    cursor(
        _inserting(),
        {
            "messages": as_json(
                _Insert(
                    m.id,
                    m.room_id,
                    m.seq,
                    m.sender_id,
                    m.uuid,
                    m.text,
                    m.reply_to_id,
                    m.pseudonym or UNSET,
                )
                for m in messages
            ),
            # Arrays, as PostgreSQL expects so many rows of JSON that it would read whole tables.
            "rooms": as_array(place.id for place in heads),
            "heads": as_array(place.last_seq for place in heads),
            "memberships": as_array(read),
            "read": as_array(read.values()),
            "log": as_json(log),
            "now": now,
        },
    )


def execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    """Execute a statement and return its rows."""
    return cursor(statement, parameters).fetchall()


def cursor(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """Execute a statement.

    The text of the statement stays the same, so that PostgreSQL plans it once: psycopg prepares
    statements that it has seen a few times, if the settings of the site allow it. Django's own
    cursors put the parameters into the text. The rows are here when this returns, so they are read
    without Django, which looks up its connection at each step.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
    raw: psycopg.Cursor[Any] = psycopg.Cursor(database.connection)
    wrap(raw).execute(statement, parameters)  # type: ignore[arg-type]
    return raw


def as_array(items: Iterable[UUID | int]) -> str:
    return "{" + ",".join(map(str, items)) + "}"


class _Post(msgspec.Struct):
    room_id: UUID
    sender_id: people.Key
    uuid: str


class _Insert(msgspec.Struct):
    id: UUID
    room_id: UUID
    seq: int
    sender_id: people.Key
    uuid: str
    text: str
    reply_to_id: UUID | None
    pseudonym: str | UnsetType = UNSET


def as_json(rows: Iterable[msgspec.Struct]) -> str:
    """Return rows as one parameter. It would take longer to adapt a list of parameters."""
    return msgspec.json.encode(list(rows)).decode()
