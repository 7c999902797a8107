"""Lets somebody in whom something else than a password has proved to be a user."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import load_backend, login
from django.http import HttpRequest

from accounts.people import User

GUEST_SESSION = timedelta(days=180)
"""How long a guest's session lasts: there is no password to come back with."""
GUEST_KEY = "peerchat_guest"
"""The key in a session that is that of a guest."""


def let_in(request: HttpRequest, user: User) -> None:
    """Make the session of the request that of a guest, for half a year."""
    login(request, user, backend=_backend())
    request.session[GUEST_KEY] = True
    request.session.set_expiry(GUEST_SESSION)


def settle(request: HttpRequest) -> None:
    """Make the session of a guest that of an account, which lasts as others do."""
    request.session.pop(GUEST_KEY, None)
    request.session.set_expiry(None)


def _backend() -> str:
    """Return the first of the site's backends that finds the user of a session."""
    return next(
        path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user")
    )
