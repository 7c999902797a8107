"""Issuing, checking and revoking tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from accounts import people, wrong_tokens
from accounts.models import Token
from accounts.people import User

PREFIX = "pc_"  # lets people and secret scanners see what a leaked string is
LONGEST = 128
token_revoked = Signal()  # sends `token`

USE_NOTED_EVERY = timedelta(minutes=1)


def digest(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


def issue(user: User, *, name: str = "", days: float | None = 90) -> str:
    """Return a new token of `user`, for `days` days or without end. It cannot be shown again."""
    raw = PREFIX + secrets.token_urlsafe(32)
    expires_at = None if days is None else timezone.now() + timedelta(days=days)
    Token.objects.create(user=user, digest=digest(raw), name=name, expires_at=expires_at)
    return raw


def verify(raw: str) -> Token | None:
    """Return the valid token with its user.

    Return None for a token that is unknown, expired or revoked, or whose user is inactive. A wrong
    token that comes again and again is refused without asking the database each time.
    """
    if not raw.startswith(PREFIX) or len(raw) > LONGEST or not raw.isascii():
        return None
    key = digest(raw)
    if wrong_tokens.tries.empty(key):
        return None
    token = find(key)
    if token is None:
        wrong_tokens.tries.take(key)
        return None
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        # save() would undo a revocation that happens at this moment.
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def find(key: str) -> Token | None:
    """Return the valid token of this digest with its user, or None."""
    return find_all([key]).get(key)


def find_all(keys: Collection[str]) -> dict[str, Token]:
    """Return the valid tokens of these digests with their users, by digest."""
    found = (
        Token.objects.select_related("user")
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
        .filter(people.active("user__"), digest__in=keys, revoked_at=None)
    )
    return {token.digest: token for token in found}


def revoke(token: Token) -> None:
    """End the token now. Revoking it again keeps the first time."""
    now = timezone.now()
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        token.revoked_at = now
        token_revoked.send(sender=Token, token=token)
