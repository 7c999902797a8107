"""The statements for a batch of votes, in the way that suits the database.

On PostgreSQL they are written in SQL, because the ORM takes most of the time of a vote to build
them. They read and write rows, and know no rules.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

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


class Standing(NamedTuple):
    """Where some users stand in some rounds: the times of their votes and of their drafts.

    `gone` has those who are no students of the course.
    """

    voted: Times
    drafted: Times
    gone: set[Key]


# As for messages, the rest of the transaction uses indexes, however small the tables were when
# PostgreSQL planned the statements.
_STUDENTS = """
SELECT e.user_id, c.slug, e.course_id
FROM (
    SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
) AS by_index
CROSS JOIN json_to_recordset(%s) AS b(user_id {type}, course text)
JOIN peerchat_rooms_course c ON c.slug = b.course
JOIN peerchat_rooms_enrollment e
    ON e.course_id = c.id AND e.user_id = b.user_id AND e.role = 'student'
"""
_STANDING = """
WITH wanted AS (
    SELECT * FROM json_to_recordset(%s) AS w(round_id bigint, user_id {type})
)
SELECT true, v.round_id, v.user_id, v.cast_at FROM wanted w
JOIN peerchat_rooms_vote v ON v.round_id = w.round_id AND v.user_id = w.user_id
UNION ALL
SELECT false, d.round_id, d.user_id, d.sent_at FROM wanted w
JOIN peerchat_rooms_draft d ON d.round_id = w.round_id AND d.user_id = w.user_id
UNION ALL
SELECT NULL, w.round_id, w.user_id, NULL FROM wanted w
WHERE NOT EXISTS (
    SELECT FROM peerchat_rooms_round o
    JOIN peerchat_rooms_classsession s ON s.id = o.session_id
    JOIN peerchat_rooms_enrollment e
        ON e.course_id = s.course_id AND e.user_id = w.user_id AND e.role = 'student'
    WHERE o.id = w.round_id
)
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
_READ = """
SELECT {columns}
FROM peerchat_rooms_classsession s
JOIN peerchat_rooms_course c ON c.id = s.course_id
LEFT JOIN peerchat_rooms_classsettings t ON t.course_id = c.id
LEFT JOIN peerchat_rooms_round o ON o.id = s.current_round_id
LEFT JOIN peerchat_rooms_question q ON q.id = o.question_id
LEFT JOIN peerchat_rooms_questionversion v ON v.id = o.version_id
"""
_AGAIN = _READ + "WHERE s.id = ANY(%s::bigint[])"
# After a wait for the lock, the row of the session is the new one, but what is joined to it is that
# of before. So is `former`: where that is another row, all has to be read again.
_LOCK = (
    _READ
    + """
JOIN peerchat_rooms_classsession former ON former.id = s.id
WHERE s.course_id = ANY(%s::bigint[]) AND s.ended_at IS NULL
ORDER BY s.id
FOR NO KEY UPDATE OF s
"""
)

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
    never wait for each other. They come with the course, its settings, the round and its question,
    all as they are under the lock.
    """
    if not courses:
        return []
    if _is_postgresql():
        rows = execute(_with_columns(_LOCK, "s.ctid <> former.ctid"), [as_array(courses)])
        if any(row[-1] for row in rows):
            ids = as_array(row[0] for row in rows)
            rows = execute(_with_columns(_AGAIN, "false"), [ids])
        return [_session(row) for row in rows]
    found = ClassSession.objects.filter(course__in=courses, ended_at=None).order_by("pk")
    return list(
        ClassSession.objects.filter(
            pk__in=list(found.select_for_update(no_key=True).values_list("pk", flat=True))
        ).select_related(
            "course__class_settings", "current_round__question", "current_round__version"
        )
    )


@cache
def _with_columns(statement: str, last: str) -> str:
    """Put the columns of all `_PARTS` into a statement, and another one as the last."""
    columns = [
        f"{alias}.{connection.ops.quote_name(str(field.column))}"
        for alias, model in _PARTS
        for field in model._meta.concrete_fields
    ]
    return statement.format(columns=", ".join([*columns, last]))


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


def standing(keys: Collection[Key]) -> Standing:
    """Return where some users stand in rounds of class sessions that are locked."""
    found = Standing({}, {}, set())
    if not keys:
        return found
    if _is_postgresql():
        for is_vote, round_, user, at in execute(
            _written(_STANDING), [as_json(_Wanted(*key) for key in keys)]
        ):
            if at is None:
                found.gone.add((round_, user))
            else:
                (found.voted if is_vote else found.drafted)[round_, user] = at
        return found
    rounds, users = {round_ for round_, _ in keys}, {user for _, user in keys}
    of = {"round__in": rounds, "user__in": users}
    for round_, user, at in Vote.objects.filter(**of).values_list("round", "user", "cast_at"):
        found.voted[round_, user] = at
    for round_, user, at in Draft.objects.filter(**of).values_list("round", "user", "sent_at"):
        found.drafted[round_, user] = at
    enrollments = Enrollment.objects.filter(
        user__in=users, role=Enrollment.Role.STUDENT, course__class_sessions__rounds__in=rounds
    )
    found.gone.update(keys)
    found.gone.difference_update(enrollments.values_list("course__class_sessions__rounds", "user"))
    return found


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
