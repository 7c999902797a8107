"""Identifies the user at the other end of a WebSocket."""

import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils.functional import SimpleLazyObject
from django.utils.http import is_same_domain

from accounts import outages, people, sessions, tokens, wrong_tokens
from accounts.addresses import client_address
from accounts.people import User
from accounts.together import Together

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[Any]]

SUBPROTOCOL = "peerchat.v1"
TOKEN_PROTOCOL = "token."
TRY_AGAIN = 4503  # the close code after which clients come back, each after a random wait

# A class that comes back at once must not queue behind Django's one thread for synchronous code or
# take all database connections. Two threads look up more people a second than one process can shake
# hands with: one looks up sessions, and both look up tokens.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="accounts")
# Tokens from an address that sent many wrong ones are looked up one after another, so that nobody
# else waits for them.
_one_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="accounts-in-turn")


class Refused(Exception):
    """Signals wrong credentials. The text gives the reason for the log."""


class WrongToken(Refused):
    """Signals a wrong token."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Holds the result of a handshake. `auth` is "session", "token", or None without a user yet.

    `expires` is the end of the token or session, if it is known, and `session` the data of the
    session.
    """

    user: User | AnonymousUser
    auth: str | None = None
    token_id: int | None = None
    session_key: str | None = None
    expires: datetime | None = None
    session: dict[str, Any] | None = None


class SocketAuthMiddleware:
    """Adds the user to the scope of a WebSocket, or refuses the handshake with HTTP 403.

    It sets `user` (a User or AnonymousUser), `auth` ("session", "token" or None), `token_id`,
    `session_key`, `expires` (the end of the token or session, or None), `address` (that of the
    client) and `subprotocol`, with which the consumer must accept. The first of these that is
    present decides: an Authorization header with a bearer token, a token among the subprotocols,
    the session cookie. A page of another site cannot read our cookies, but a browser sends them
    along, so a session also needs an allowed Origin. A cookie without a user counts as no
    credentials. While the database does not answer, a socket with credentials is accepted and
    closed with 4503.

    A site's own consumers behind it also find what the AuthMiddlewareStack of Channels gives them:
    `cookies` and `session`, already loaded. The session is empty if a token was given, or if a
    page of another site opened the socket.
    """

    def __init__(self, app: Application) -> None:
        self.app = app
        # Whether a URLRouter around this may leave the rest of the path to one within.
        self._path_routing = getattr(app, "_path_routing", False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        offered: Sequence[str] = scope.get("subprotocols", ())
        # Django's request knows the cookies, the host and whether a proxy ended TLS.
        request = ASGIRequest(
            {**scope, "method": "GET", "scheme": _HTTP_SCHEMES[scope.get("scheme", "ws")]},
            BytesIO(),
        )
        try:
            identity = await self._identify(request, offered)
        except Refused as refusal:
            # Logged as a literal, because a path may contain line breaks.
            logger.info("Refused a socket on %r: %s", scope["path"], refusal)
            await receive()
            await send({"type": "websocket.close"})
            return None
        except outages.ERRORS as error:
            # Not 403, which would tell a program that its token is wrong.
            outages.note(error, logger)
            await receive()
            await send({"type": "websocket.accept", "subprotocol": _answer(offered)})
            await send({"type": "websocket.close", "code": TRY_AGAIN})
            return None
        scope = {
            **scope,
            "user": identity.user,
            "auth": identity.auth,
            "token_id": identity.token_id,
            "session_key": identity.session_key,
            "expires": identity.expires,
            "address": client_address(request),
            "subprotocol": _answer(offered),
            "cookies": request.COOKIES,
            "session": _session(request, identity),
        }
        # The rest lasts as long as the socket.
        del request, identity
        return await self.app(scope, receive, send)

    async def _identify(self, request: ASGIRequest, offered: Sequence[str]) -> Identity:
        raw = _token(request, offered)
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if raw is None and not cookie:
            return Identity(AnonymousUser())
        address = client_address(request)
        in_turn = raw is not None and wrong_tokens.is_noisy(address)
        try:
            identity: Identity
            if raw is not None:
                identity = await (_verify_in_turn if in_turn else _verify)(raw)
            else:
                identity = await _sessions.ask(str(cookie))
        except WrongToken:
            wrong_tokens.count(address)
            raise
        has_session = identity.auth == "session" or identity.session is not None
        if has_session and not origin_allowed(request):
            if identity.auth is None:
                return Identity(AnonymousUser())
            raise Refused(
                f"the origin {request.META.get('HTTP_ORIGIN', '')[:200]!r} is not allowed"
            )
        return identity


def _answer(offered: Sequence[str]) -> str | None:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _session(request: ASGIRequest, identity: Identity) -> Any:
    """Return the session of the handshake, which is made when somebody asks for it."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return SimpleLazyObject(partial(sessions.opened, key, identity.session))


_HTTP_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


def _token(request: ASGIRequest, offered: Sequence[str]) -> str | None:
    """Return the unchecked token of the handshake, or None if there is none."""
    scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return str(credentials).strip()
    for protocol in offered:
        if protocol.startswith(TOKEN_PROTOCOL):
            if SUBPROTOCOL not in offered:
                raise Refused(f"a token was offered without the subprotocol {SUBPROTOCOL}")
            return protocol.removeprefix(TOKEN_PROTOCOL)
    return None


def token_identity(raw: str) -> Identity:
    """Return the identity of a token's user. Raises WrongToken."""
    token = tokens.verify(raw)
    if token is None:
        raise WrongToken("the token is not valid")
    people.shown_name(token.user)  # known before the event loop needs it
    return Identity(token.user, auth="token", token_id=token.pk, expires=token.expires_at)


def session_identities(keys: Sequence[str]) -> list[Identity | Exception]:
    """Return the identity for each session: anonymous if it is not valid, or the exception that
    its backend raised."""
    found = sessions.find(set(keys))
    ids: dict[str, dict[str, people.Key]] = defaultdict(dict)
    for key, session in found.items():
        if (user_id := sessions.user_id(session.data)) is not None:
            ids[session.data[BACKEND_SESSION_KEY]][key] = user_id
    users: dict[str, Any] = {}
    for backend, wanted in ids.items():
        users |= _users(load_backend(backend), wanted)

    def identity(key: str) -> Identity | Exception:
        user = users.get(key)
        if isinstance(user, Exception):
            return user
        if key in found and sessions.user_id(found[key].data) is None:
            # Nobody has logged in there, but the site may have put something into it.
            return Identity(AnonymousUser(), session=found[key].data)
        # A backend may let inactive users log in to pages, but a socket is closed when its user
        # becomes inactive.
        if not isinstance(user, User) or not user.is_active:
            return Identity(AnonymousUser())
        session = found[key]
        if not sessions.fits(session.data, user):
            return Identity(AnonymousUser())
        people.shown_name(user)  # known before the event loop needs it
        return Identity(
            user, "session", session_key=key, expires=session.expires, session=session.data
        )

    return list(map(identity, keys))


def _users(backend: Any, wanted: Mapping[str, people.Key]) -> dict[str, Any]:
    """Return the result or exception of a backend's `get_user` for each id, by session key."""
    if type(backend).get_user is not ModelBackend.get_user:
        return {key: _user(backend, user_id) for key, user_id in wanted.items()}
    known = {user.pk: user for user in people.everybody().filter(pk__in=set(wanted.values()))}
    return {
        key: user
        for key, user_id in wanted.items()
        if (user := known.get(user_id)) is not None and backend.user_can_authenticate(user)
    }


def _user(backend: Any, user_id: int) -> Any:
    try:
        return backend.get_user(user_id)
    except Exception as error:
        return error


_verify = database_sync_to_async(token_identity, thread_sensitive=False, executor=_threads)
_verify_in_turn = database_sync_to_async(
    token_identity, thread_sensitive=False, executor=_one_thread
)
# When a class arrives, the users of simultaneous handshakes are looked up with two queries.
_sessions: Together[str, Identity] = Together(
    database_sync_to_async(session_identities, thread_sensitive=False, executor=_threads)
)


# As browsers write it: a name, or an address with or without brackets, and perhaps a port.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:[0-9]+)?", re.IGNORECASE | re.ASCII)


def origin_allowed(request: ASGIRequest) -> bool:
    """Return whether a page of this site, or of CSRF_TRUSTED_ORIGINS, opened the socket."""
    origin = request.META.get("HTTP_ORIGIN", "")
    try:
        parts = urlsplit(origin)
        host = urlsplit(f"{parts.scheme}://{request.get_host()}")
        same = _host_and_port(parts) == _host_and_port(host)
    except (ValueError, DisallowedHost):
        parts, same = SplitResult("", "", "", "", ""), False
    if origin != f"{parts.scheme}://{parts.netloc}" or not _HOST.fullmatch(parts.netloc):
        # An origin is a scheme and a host, nothing before or behind it.
        return False
    # Where TLS ends at a proxy that does not say so, https pages reach us as plain requests.
    if same and (parts.scheme == "https" or (parts.scheme == "http" and not request.is_secure())):
        return True
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        scheme, _, netloc = trusted.partition("://")
        if origin == trusted or (
            netloc.startswith("*.")
            and parts.scheme == scheme
            and is_same_domain(parts.netloc, netloc.removeprefix("*"))
        ):
            return True
    return False


def _host_and_port(url: SplitResult) -> tuple[str | None, int | None]:
    return url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)
