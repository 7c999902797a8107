"""A lone text stored by one call of a function of PostgreSQL: one round trip instead of five.

The function knows no rules. It stores a text only where no rule could object or add anything.
Otherwise it leaves everything as it is, and the caller stores the text as a batch of one.

Each connection has the function for itself, in `pg_temp`. So it fits the code that runs and the
site's model of users, whatever other versions of the code use the database at that time.
"""

import logging
from functools import cache
from typing import Any, NamedTuple
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, ProgrammingError, connections

from accounts import people
from rooms.actions.statements.postgresql import cursor, with_users
from rooms.models import NewText

logger = logging.getLogger(__name__)

# A statement sees what was committed before it began. So those after the lock see everything that
# the lock has waited for. All plans are kept, and find each row by an index, however small the
# tables were when PostgreSQL made them.
_FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp.peerchat_store_text(
    a_id uuid, a_room uuid, a_user {type}, a_name text, a_uuid text, a_text text, a_time timestamptz
) RETURNS TABLE (o_course bigint, o_slug text, o_kind text, o_seq bigint)
LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_member bigint;
    v_read bigint;
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
    SELECT m.id, m.last_read_seq, c.slug, q.id, coalesce(q.slug, '')
    INTO v_member, v_read, o_slug, v_question, v_question_slug
    FROM peerchat_rooms_membership m
    JOIN peerchat_rooms_course c ON c.id = o_course
    LEFT JOIN peerchat_rooms_enrollment e ON e.course_id = c.id AND e.user_id = m.user_id
    LEFT JOIN peerchat_rooms_classsession s ON s.course_id = c.id AND s.ended_at IS NULL
    LEFT JOIN peerchat_rooms_round o ON o.id = s.current_round_id
    LEFT JOIN peerchat_rooms_question q ON q.id = o.question_id
    WHERE m.room_id = a_room AND m.user_id = a_user
        AND c.archived_at IS NULL
        AND (e.muted_until IS NULL OR e.muted_until <= a_time)
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
    VALUES (a_id, a_room, o_seq, a_user, a_uuid, 'text', a_text, a_time, '');
    IF o_kind = 'partners' THEN
        INSERT INTO peerchat_rooms_uselog (
            timestamp, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
        )
        SELECT a_time, a_name, 'sendmessage', 'to:' || u.{name} || ':' || a_text, v_question_slug,
            o_slug, a_user, v_question, o_course, jsonb_build_array(m.user_id)
        FROM peerchat_rooms_membership m
        JOIN {users} u ON u.{key} = m.user_id
        WHERE m.room_id = a_room AND m.user_id <> a_user;
    ELSE
        INSERT INTO peerchat_rooms_uselog
            (timestamp, sid, event, act, div_id, course_id, user_id, in_course_id)
        VALUES (a_time, a_name, 'sendmessage', 'to:*:' || a_text, '', o_slug, a_user, o_course);
    END IF;
    RETURN NEXT;
END
$function$
"""
_CALL = "SELECT * FROM pg_temp.peerchat_store_text(%s, %s, %s, %s, %s, %s, %s)"


class StoredText(NamedTuple):
    """Where a text was stored: the id and the slug of the course, the kind of the room, and the
    number of the text in it."""

    course_id: int
    course: str
    kind: str
    seq: int


# The connections of psycopg that have the function.
_with_function: WeakSet[Any] = WeakSet()
_given_up = False


def store(message: NewText) -> StoredText | None:
    """Store a text and commit it, or return None if it was not stored.

    `message` has everything but its number; it mentions nobody and is no reply. It is not stored if
    it needs more than a row and its place in the log, if a rule may object to it, or if the caller
    is in a transaction; nor on SQLite, nor where the site's connections prepare no statements,
    because a pooler may give each statement to another session.
    """
    global _given_up
    database = connections[DEFAULT_DB_ALIAS]
    if _given_up or database.vendor != "postgresql" or not database.get_autocommit():
        return None
    raw = database.connection
    if raw.prepare_threshold is None:
        return None
    try:
        if raw not in _with_function:
            with database.cursor() as creating:
                creating.execute(_function())
            _with_function.add(raw)
        row = cursor(
            _CALL,
            [
                message.id,
                message.room_id,
                # As numbers, small keys and large ones would have a prepared statement each.
                str(message.sender_id),
                people.username(message.sender),
                message.uuid,
                message.text,
                message.created_at,
            ],
        ).fetchone()
    except ProgrammingError as error:
        # The role may make no temporary function, or a pooler gave it to another session.
        logger.warning("lone messages are stored as batches are from now on: %s", error)
        _given_up = True
        return None
    return None if row is None else StoredText(*row)


@cache
def _function() -> str:
    return with_users(_FUNCTION)
