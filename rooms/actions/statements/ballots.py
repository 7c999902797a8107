"""The statements for a batch of votes, in the way that suits the database.

On PostgreSQL they are written in SQL, because the ORM takes most of the time of a vote to build
them. They read and write rows, and know no rules.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec
from django.db import connection
from django.db.models import Model

from accounts import people
from rooms.actions import uselog
from rooms.actions.statements.postgresql import as_array, as_json, cursor, execute, with_users
from rooms.models import (
    ClassSession,
    ClassSettings,
    Course,
    Draft,
    Enrollment,
    Question,
    QuestionVersion,
    Round,
    Vote,
)

Key = tuple[int, people.Key]
"""The ids of a round and of a user."""
Times = dict[Key, datetime]

# As for messages, the rest of the transaction uses indexes, however small the tables were when
# PostgreSQL planned the statements.
_STUDENTS = """
SELECT e.user_id, c.slug, e.course_id
FROM (SELECT set_config('enable_seqscan', 'off', true)) AS by_index
CROSS JOIN json_to_recordset(%s) AS b(user_id {type}, course text)
JOIN peerchat_rooms_course c ON c.slug = b.course
JOIN peerchat_rooms_enrollment e
    ON e.course_id = c.id AND e.user_id = b.user_id AND e.role = 'student'
"""
_TIMES = """
WITH wanted AS (
    SELECT * FROM json_to_recordset(%s) AS w(round_id bigint, user_id {type})
)
SELECT true, v.round_id, v.user_id, v.cast_at FROM wanted w
JOIN peerchat_rooms_vote v ON v.round_id = w.round_id AND v.user_id = w.user_id
UNION ALL
SELECT false, d.round_id, d.user_id, d.sent_at FROM wanted w
JOIN peerchat_rooms_draft d ON d.round_id = w.round_id AND d.user_id = w.user_id
"""
_PUT = """
WITH log AS (
    INSERT INTO peerchat_rooms_uselog (
        timestamp, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
    )
    SELECT
        timestamp, sid, event, act, div_id, course_id, user_id, question_id, in_course_id, named
    FROM json_to_recordset(%s) AS n(
        timestamp timestamptz, sid text, event text, act text, div_id text, course_id text,
        user_id {type}, question_id bigint, in_course_id bigint, named jsonb
    )
)
INSERT INTO peerchat_rooms_vote (round_id, user_id, choice, confidence, rationale, cast_at)
SELECT round_id, user_id, choice, confidence, rationale, cast_at
FROM json_to_recordset(%s) AS v(
    round_id bigint, user_id {type}, choice text, confidence smallint, rationale text,
    cast_at timestamptz
)
ON CONFLICT (round_id, user_id) DO UPDATE SET
    choice = excluded.choice, confidence = excluded.confidence, rationale = excluded.rationale,
    cast_at = excluded.cast_at
"""

_PARTS: tuple[tuple[str, type[Model]], ...] = (
    ("s", ClassSession),
    ("c", Course),
    ("t", ClassSettings),
    ("o", Round),
    ("q", Question),
    ("v", QuestionVersion),
)
_LOCK = """
SELECT {columns}
FROM peerchat_rooms_classsession s
JOIN peerchat_rooms_course c ON c.id = s.course_id
LEFT JOIN peerchat_rooms_classsettings t ON t.course_id = c.id
LEFT JOIN peerchat_rooms_round o ON o.id = s.current_round_id
LEFT JOIN peerchat_rooms_question q ON q.id = o.question_id
LEFT JOIN peerchat_rooms_questionversion v ON v.id = o.version_id
WHERE s.course_id = ANY(%s::bigint[]) AND s.ended_at IS NULL
ORDER BY s.id
FOR NO KEY UPDATE OF s
"""

_written = cache(with_users)


class _Asked(msgspec.Struct):
    user_id: people.Key
    course: str


class _Wanted(msgspec.Struct):
    round_id: int
    user_id: people.Key


class _Vote(msgspec.Struct):
    round_id: int
    user_id: people.Key
    choice: str
    confidence: int | None
    rationale: str
    cast_at: datetime


def students(asked: Collection[tuple[people.Key, str]]) -> dict[tuple[people.Key, str], int]:
    """Return the courses of those of some (user, slug) that are a student and their course."""
    if not asked:
        return {}
    rows: Iterable[Any]
    if _is_postgresql():
        rows = execute(_written(_STUDENTS), [as_json(_Asked(*one) for one in asked)])
    else:
        rows = Enrollment.objects.filter(
            user__in={user for user, _ in asked},
            course__slug__in={slug for _, slug in asked},
            role=Enrollment.Role.STUDENT,
        ).values_list("user_id", "course__slug", "course_id")
    return {(user, slug): course for user, slug, course in rows}


def lock(courses: Collection[int]) -> list[ClassSession]:
    """Lock the open class sessions of courses, in the order of their ids, so that two processes
    never wait for each other. They come with the course, its settings, the round and its question.
    """
    if not courses:
        return []
    if _is_postgresql():
        return [_session(row) for row in execute(_locking(), [as_array(courses)])]
    return list(
        ClassSession.objects.filter(course__in=courses, ended_at=None)
        .select_related(
            "course__class_settings", "current_round__question", "current_round__version"
        )
        .select_for_update(no_key=True, of=("self",))
        .order_by("pk")
    )


@cache
def _locking() -> str:
    return _LOCK.format(
        columns=", ".join(
            f"{alias}.{connection.ops.quote_name(str(field.column))}"
            for alias, model in _PARTS
            for field in model._meta.concrete_fields
        )
    )


def _session(row: Sequence[Any]) -> ClassSession:
    """Return a class session with what belongs to it, from a row of `_LOCK`."""
    made: list[Any] = []
    for _, model in _PARTS:
        fields = model._meta.concrete_fields
        values, row = row[: len(fields)], row[len(fields) :]
        # The first field is the key, which is null where there is no row.
        made.append(None if values[0] is None else _instance(model, fields, values))
    session, course, settings, round_, question, version = made
    session.course, session.current_round = course, round_
    course._state.fields_cache["class_settings"] = settings
    if round_ is not None:
        round_.question, round_.version = question, version
    return cast("ClassSession", session)


def _instance(model: type[Model], fields: Sequence[Any], values: Sequence[Any]) -> Model:
    taken = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return model.from_db(None, [field.attname for field in fields], taken)


def times(keys: Collection[Key]) -> tuple[Times, Times]:
    """Return the times of the votes and of the drafts of some users in rounds."""
    if not keys:
        return {}, {}
    voted: Times = {}
    drafted: Times = {}
    if _is_postgresql():
        for is_vote, round_, user, at in execute(
            _written(_TIMES), [as_json(_Wanted(*key) for key in keys)]
        ):
            (voted if is_vote else drafted)[round_, user] = at
        return voted, drafted
    of = {"round__in": {round_ for round_, _ in keys}, "user__in": {user for _, user in keys}}
    for round_, user, at in Vote.objects.filter(**of).values_list("round", "user", "cast_at"):
        voted[round_, user] = at
    for round_, user, at in Draft.objects.filter(**of).values_list("round", "user", "sent_at"):
        drafted[round_, user] = at
    return voted, drafted


def put(votes: Collection[Vote], log: Collection[uselog.Row]) -> None:
    """Store votes, at most one of each user in a round, and rows of the use log.

    A vote replaces an earlier one of the user in the round.
    """
    if not votes:
        return
    if not _is_postgresql():
        Vote.objects.bulk_create(
            votes,
            update_conflicts=True,
            unique_fields=["round", "user"],
            update_fields=["choice", "confidence", "rationale", "cast_at"],
        )
        uselog.record(log)
        return
    rows = (
        _Vote(v.round_id, v.user_id, v.choice, v.confidence, v.rationale, v.cast_at) for v in votes
    )
    cursor(_written(_PUT), [as_json(log), as_json(rows)])


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
