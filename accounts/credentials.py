"""Represents the credentials of sockets, and checks whether they are still valid."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from accounts import people, sessions
from accounts.models import Token


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


def _tokens(ids: Collection[int]) -> dict[int | None, datetime | None]:
    """Return the end of each valid token."""
    if not ids:
        return {}
    valid = Token.objects.filter(pk__in=ids, revoked_at=None).filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    )
    return dict(valid.values_list("pk", "expires_at"))
