"""What happens to accounts and concerns their sockets: logging in and out, tokens revoked."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import Token, User
from accounts.tokens import token_revoked
from rooms import envelope, groups, publish
from rooms.actions import uselog


@receiver(user_logged_in)
def log_login(user: User, **kwargs: Any) -> None:
    """Write the use log's row."""
    uselog.record([uselog.row(sid=user.username, event="login", act="login")])


@receiver(user_logged_out)
def close_sockets_of_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Close the sockets that stand on the session, everywhere."""
    session_key = request.session.session_key
    if user is not None and session_key is not None:
        _close(user.pk, envelope.session_credential(session_key))


@receiver(token_revoked)
def close_sockets_of_token(token: Token, **kwargs: Any) -> None:
    """Close the sockets that stand on the token, everywhere."""
    _close(token.user_id, envelope.token_credential(token.pk))


def _close(user_id: int, credential: str) -> None:
    publish.send(
        groups.EVERYONE, envelope.Close(user_id, 4401, groups.account(user_id), credential)
    )
