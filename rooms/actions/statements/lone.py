"""A lone text stored by one call of a function of PostgreSQL: one round trip instead of five.

The function knows no rules. It stores a text only where no rule could object or add anything.
Otherwise it leaves everything as it is, and the caller stores the text as a batch of one.

Each connection has the function for itself, in `pg_temp`. So it fits the code that runs and the
site's model of users, whatever other versions of the code use the database at that time. Its name
has a digest of its text, because a pooler may give a session of an older version to this one.
"""

import logging
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from accounts import people
from rooms.actions.statements.postgresql import cursor, with_users
from rooms.models import NewText

logger = logging.getLogger(__name__)

MOST_FAILURES = 3
"""After so many failures, this process does not try the function any more."""

_NAME = "pg_temp.peerchat_store_text"
_CALL = "SELECT * FROM pg_temp.peerchat_store_text(%s, %s, %s, %s, %s, %s, %s)"
# A statement sees what was committed before it began. So those after the lock see everything that
# the lock has waited for. The time of the text is that after the wait, as in a batch, but by the
# clock of the caller, like all other times. All plans
# are kept, and use indexes, however small the tables were when PostgreSQL made them. So do those of
# the foreign keys, which are checked before the function ends and its settings with it.
_FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp.peerchat_store_text(
    a_id uuid, a_room uuid, a_user {type}, a_name text, a_uuid text, a_text text, a_time timestamptz
) RETURNS TABLE (o_course bigint, o_kind text, o_seq bigint, o_time timestamptz)
LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_variable
DECLARE
    v_member bigint;
    v_read bigint;
    v_slug text;
    v_question bigint;
    v_question_slug text;
BEGIN
    SELECT r.course_id, r.kind, r.last_seq + 1 INTO o_course, o_kind, o_seq
    FROM peerchat_rooms_room r
    WHERE r.id = a_room AND r.archived_at IS NULL AND r.slow_seconds = 0 AND r.kind <> 'direct'
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    o_time := a_time + (clock_timestamp() - statement_timestamp());
    SELECT m.id, m.last_read_seq, c.slug, q.id, coalesce(q.slug, '')
    INTO v_member, v_read, v_slug, v_question, v_question_slug
    FROM peerchat_rooms_membership m
    JOIN peerchat_rooms_course c ON c.id = o_course
    LEFT JOIN peerchat_rooms_enrollment e ON e.course_id = c.id AND e.user_id = m.user_id
    LEFT JOIN peerchat_rooms_classsession s ON s.course_id = c.id AND s.ended_at IS NULL
    LEFT JOIN peerchat_rooms_round o ON o.id = s.current_round_id
    LEFT JOIN peerchat_rooms_question q ON q.id = o.question_id
    WHERE m.room_id = a_room AND m.user_id = a_user
        AND c.archived_at IS NULL
        AND (e.muted_until IS NULL OR e.muted_until <= o_time)
        AND NOT CASE WHEN s.id IS NOT NULL THEN s.has_pseudonyms ELSE EXISTS (
            SELECT FROM peerchat_rooms_classsettings t
            WHERE t.course_id = c.id AND t.has_pseudonyms
        ) END
        AND NOT EXISTS (
            SELECT FROM peerchat_rooms_message b
            WHERE b.room_id = a_room AND b.sender_id = a_user AND b.uuid = a_uuid
        );
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE peerchat_rooms_room SET last_seq = o_seq WHERE id = a_room;
    -- A sender who had read everything before has read their own message, too.
    IF v_read = o_seq - 1 THEN
        UPDATE peerchat_rooms_membership SET last_read_seq = o_seq WHERE id = v_member;
    END IF;
    INSERT INTO peerchat_rooms_message
        (id, room_id, seq, sender_id, uuid, kind, text, created_at, pseudonym)
    VALUES (a_id, a_room, o_seq, a_user, a_uuid, 'text', a_text, o_time, '');
    IF o_kind = 'partners' THEN
        INSERT INTO peerchat_rooms_uselog (
            timestamp, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
        )
        SELECT o_time, a_name, 'sendmessage', 'to:' || u.{name} || ':' || a_text, v_question_slug,
            v_slug, a_user, v_question, o_course, jsonb_build_array(m.user_id)
        FROM peerchat_rooms_membership m
        JOIN {users} u ON u.{key} = m.user_id
        WHERE m.room_id = a_room AND m.user_id <> a_user;
    ELSE
        INSERT INTO peerchat_rooms_uselog
            (timestamp, sid, event, act, div_id, course_id, user_id, in_course_id)
        VALUES (o_time, a_name, 'sendmessage', 'to:*:' || a_text, '', v_slug, a_user, o_course);
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN NEXT;
END
$function$
"""


class StoredText(NamedTuple):
    """Where a text was stored: the id of the course, the kind of the room, the number of the text
    in it, and its time."""

    course_id: int
    kind: str
    seq: int
    created_at: datetime


# The connections of psycopg that have the function.
_with_function: WeakSet[Any] = WeakSet()
_failures = 0


def store(message: NewText) -> StoredText | None:
    """Store a text and commit it, or return None if it was not stored.

    `message` has everything but its number and its time. It mentions nobody and is no reply.

    The text is not stored if a rule may object to it, or if more would have to be stored than it,
    its number, what its sender has read and the use log. Nor is it stored in a transaction of the
    caller, or where the database or its connection is not made for the function: on SQLite, without
    prepared statements, without which a pooler may give each statement to another session, and on
    connections that are not kept.
    """
    global _failures
    database = connections[DEFAULT_DB_ALIAS]
    if _failures >= MOST_FAILURES or not database.get_autocommit() or not _keeps_function(database):
        return None
    raw = database.connection
    if raw.prepare_threshold is None:
        return None
    making, calling = _statements()
    try:
        if raw not in _with_function:
            with database.cursor() as creating:
                creating.execute(making)
            _with_function.add(raw)
        row = cursor(
            calling,
            [
                message.id,
                message.room_id,
                # As numbers, small keys and large ones would have a prepared statement each.
                str(message.sender_id),
                people.username(message.sender),
                message.uuid,
                message.text,
                timezone.now(),
            ],
        ).fetchone()
    except (ProgrammingError, NotSupportedError) as error:
        # The role may make no temporary function, a pooler gave it to another session, or a
        # migration is under way.
        logger.warning("a lone message was stored as a batch: %s", error)
        _with_function.discard(raw)
        _failures += 1
        return None
    return None if row is None else StoredText(*row)


def _keeps_function(database: BaseDatabaseWrapper) -> bool:
    """Return whether a connection is used so often that the function is worth its making."""
    if database.vendor != "postgresql":
        return False
    return (
        getattr(database, "pool", None) is not None or database.settings_dict["CONN_MAX_AGE"] != 0
    )


@cache
def _statements() -> tuple[str, str]:
    """Return the statement that makes the function, and the one that calls it."""
    # The first has no parameters, so a percent sign is not special in it.
    making = with_users(_FUNCTION).replace("%%", "%")
    name = f"{_NAME}_{sha256(making.encode()).hexdigest()[:16]}"
    return making.replace(_NAME, name), _CALL.replace(_NAME, name)
