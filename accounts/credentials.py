"""Represents the credentials of sockets, and checks whether they are still valid."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import people, sessions
from accounts.models import Token

_STATE = """
(SELECT u::text FROM ({users}) u WHERE u.key_ = {known}.user_id),
'|', (
    SELECT concat(s.session_data, ' ', s.expire_date) FROM {sessions} s
    WHERE s.session_key = {known}.session AND s.expire_date > now()
),
'|', (
    SELECT concat('valid until ', t.expires_at) FROM {tokens} t
    WHERE t.id = {known}.token AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now())
)
"""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token of a user, by its id, or a session of a user, by its key."""

    user: people.Key
    token: int | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Holds the result of a check of credentials.

    `valid` has the valid ones, each with its end if that is known. `gone` has the missing
    sessions of active users: each has ended or got another key. A credential in neither has ended.
    `users` has the users as they are now, by id.
    """

    valid: dict[Credential, datetime | None] = field(default_factory=dict)
    gone: set[Credential] = field(default_factory=set)
    users: dict[people.Key, people.User] = field(default_factory=dict)


def check(credentials: Collection[Credential]) -> Checked:
    """Look all credentials up, with at most three queries if sessions are in the database."""
    users = people.everybody().in_bulk({c.user for c in credentials})
    tokens = _tokens({c.token for c in credentials if c.token is not None})
    stored = sessions.load({c.session for c in credentials if c.session is not None})
    checked = Checked(users=users)
    for credential in credentials:
        user = users.get(credential.user)
        if user is None or not user.is_active:
            continue
        if credential.session is None:
            if credential.token in tokens:
                checked.valid[credential] = tokens[credential.token]
            continue
        session = stored.get(credential.session)
        if session is None:
            checked.gone.add(credential)
        elif sessions.user_id(session.data) == user.pk and sessions.fits(session.data, user):
            checked.valid[credential] = session.expires
    return checked


def state_sql(known: str) -> str:
    """Return SQL, for `concat` on PostgreSQL, of texts that change when `check` would find others.

    `known` is a row with the columns `user_id`, `token` and `session`. Returns nothing if the
    result depends on more than the database can tell so.
    """
    users = people.rows_sql()
    table = sessions.table()
    if not users or not table:
        return ""
    tokens = connection.ops.quote_name(Token._meta.db_table)
    return _STATE.format(known=known, users=users, sessions=table, tokens=tokens)


def _tokens(ids: Collection[int]) -> dict[int | None, datetime | None]:
    """Return the end of each valid token."""
    if not ids:
        return {}
    valid = Token.objects.filter(pk__in=ids, revoked_at=None).filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    )
    return dict(valid.values_list("pk", "expires_at"))
