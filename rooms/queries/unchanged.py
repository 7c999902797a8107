"""Marks of what sockets depend on, to find those for which nothing changed since a check."""

from collections.abc import Mapping, Sequence

from django.db import connection

from accounts import credentials, people
from accounts.credentials import Credential
from rooms.models import Course, Enrollment, Membership, Room

_CHANGED = """
SELECT known.n, now.mark
FROM unnest(
    string_to_array(%(users)s, ',')::{key}[],
    string_to_array(%(tokens)s, ',', '')::bigint[],
    string_to_array(%(sessions)s, ',', ''),
    string_to_array(%(marks)s, ',')
) WITH ORDINALITY AS known (user_id, token, session, mark, n)
CROSS JOIN LATERAL (SELECT md5(concat(
    {credential},
    '|', (
        SELECT string_agg(concat(m.room_id, ' ', r.course_id, ' ', m.joined_at), ',' ORDER BY m.id)
        FROM {membership} m JOIN {room} r ON r.id = m.room_id
        WHERE m.user_id = known.user_id AND r.archived_at IS NULL
    ),
    '|', (
        SELECT string_agg(concat(c.id, ' ', c.slug, ' ', e.role), ',' ORDER BY c.id)
        FROM {enrollment} e JOIN {course} c ON c.id = e.course_id
        WHERE e.user_id = known.user_id
    )
)) AS mark OFFSET 0) now
WHERE now.mark IS DISTINCT FROM known.mark
"""


def changed(known: Sequence[tuple[Credential, str]]) -> Mapping[int, str]:
    """Return the marks that have changed, by the index of their credentials.

    A mark is a text that is another one whenever `entitlements.read` would return other facts. That
    of a credential without a mark has changed. Where the database cannot tell, all have changed,
    and the new marks are empty.
    """
    state = credentials.state_sql("known") if connection.vendor == "postgresql" else ""
    if not state:
        return dict.fromkeys(range(len(known)), "")
    tables = {
        model.__name__.lower(): connection.ops.quote_name(model._meta.db_table)
        for model in (Membership, Room, Enrollment, Course)
    }
    of = [credential for credential, _ in known]
    wanted = {
        # One text each, as a list takes a step for each of its elements.
        "users": ",".join(str(one.user) for one in of),
        "tokens": ",".join(str(one.token or "") for one in of),
        "sessions": ",".join(one.session or "" for one in of),
        "marks": ",".join(mark for _, mark in known),
    }
    with connection.cursor() as cursor:
        key = people.key_column_type(connection)
        cursor.execute(_CHANGED.format(key=key, credential=state, **tables), wanted)
        return {int(n) - 1: mark for n, mark in cursor.fetchall()}
