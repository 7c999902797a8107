"""Recognises browsers in which a user has logged in before, by a signed cookie.

This is OWASP's "device cookie". Wrong passwords from such a browser count for the browser alone,
and nobody else's count for it. So a flood of guesses at a username does not lock its owner out of
the browsers that the owner uses.

The cookie lets nobody in. It names the user's id and a random id of the browser, and ends with the
password that the user had.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import sync_and_async_middleware

from accounts import people
from accounts.people import User
from accounts.text import name_key

COOKIE = "peerchat_device"
LIFETIME = timedelta(days=365)
LONGEST = 300
"""The most characters of a cookie that is read."""
_SALT = "accounts.devices"


def find(request: HttpRequest, username: str) -> str | None:
    """Return the id of the browser if the user who logs in with this name has done so there.

    A cookie that is forged, too old or another user's counts as none.
    """
    raw = request.COOKIES.get(COOKIE, "")
    if not raw or len(raw) > LONGEST:
        return None
    try:
        user_id, device, proof = signing.loads(raw, salt=_SALT, max_age=LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = _user(user_id)
    if user is None or not _is_named(user, username):
        return None
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    if not any(constant_time_compare(proof, _proof(known)) for known in hashes):
        return None
    return str(device)


def remember(request: Any, user: User, device: str | None) -> None:
    """Let the answer to the request set the cookie; a browser that has an id keeps it."""
    given = [
        people.as_plain(user.pk),
        device or secrets.token_urlsafe(16),
        _proof(user.get_session_auth_hash()),
    ]
    request.device_cookie = signing.dumps(given, salt=_SALT)


def _user(key: Any) -> User | None:
    try:
        return people.everybody().filter(pk=key).first()
    except (ValueError, TypeError, ValidationError):
        # A cookie of the time before the site changed its users.
        return None


def _is_named(user: User, username: str) -> bool:
    """Return whether the log-in of the site takes this username for that of the user."""
    own = people.username(user)
    return own == username or (
        name_key(own) == name_key(username) and people.find(username) == user
    )


def _proof(auth_hash: str) -> str:
    """Return a proof of this password that does not reveal the hash that sessions contain."""
    return hashlib.sha256(auth_hash.encode()).hexdigest()[:32]


@sync_and_async_middleware
def middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Set the cookie if a user has logged in with a password on a page."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            return _set_cookie(request, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        return _set_cookie(request, get_response(request))

    return answer


def _set_cookie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    cookie = getattr(request, "device_cookie", None)
    if cookie is not None:
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=LIFETIME,
            path=settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
