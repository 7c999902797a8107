"""Pictures for a whole class that asks for one at the same moment.

A question opens, and a thousand phones want its picture. Through Django, each of these requests
takes a thread, a connection of the database and a dozen milliseconds, so that some would wait too
long. Here, those that arrive together are looked up together, with a handful of queries, before
they come to Django. This answers only whoever may see the picture; everything else is left to the
view, whose answer it is.
"""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.urls import Resolver404, resolve

from accounts import outages, people, tokens
from accounts.middleware import Identity, session_identities
from accounts.together import Together
from rooms import addresses
from rooms.models import Picture
from rooms.pages.pictures import files, shown
from rooms.queries import pictures as queries

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[Any]]
Found = tuple[Picture, bytes] | None

# A thread of their own, so that nothing else waits for a file.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")


class Wanted(NamedTuple):
    """A picture that the user of a session, by its key, or of a token, by its digest, wants."""

    session: str | None
    token: str | None
    slug: str
    key: str


class PictureRush:
    """Middleware that answers requests for pictures together, as far as they may be answered."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> Any:
        found: Found = None
        if scope["method"] == "GET" and "/pictures/" in scope["path"]:
            request = ASGIRequest(scope, BytesIO())
            wanted = _wanted(request)
            if wanted is not None:
                try:
                    found = await _pictures.ask(wanted)
                except outages.ERRORS as error:
                    outages.note(error, logger)
        if found is None:
            return await self._app(scope, receive, send)
        response = shown(request, *found)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
        start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        await send(start)
        return await send({"type": "http.response.body", "body": response.content})


def _wanted(request: ASGIRequest) -> Wanted | None:
    """Return what a request wants, or None if that is for Django to say."""
    try:
        match = resolve(request.path_info)
        request.get_host()
    except (Resolver404, DisallowedHost):
        return None
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return None
    of = match.kwargs
    if match.view_name == "peerchat:token_picture":
        token = addresses.token_of_pictures(of["secret"])
        return None if token is None else Wanted(None, token, of["slug"], of["key"])
    if match.view_name == "peerchat:picture" and "HTTP_AUTHORIZATION" not in request.META:
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        return Wanted(session, None, of["slug"], of["key"]) if session else None
    return None


def _find(wanted: Sequence[Wanted]) -> list[Found]:
    """Return each picture with its bytes if the user may see it, else None."""
    users = _users(wanted)
    asking: dict[tuple[str, str], set[people.Key]] = defaultdict(set)
    for one, user in zip(wanted, users, strict=True):
        if user is not None:
            asking[one.slug, one.key].add(user)
    found: dict[tuple[str, str, people.Key], Found] = {}
    for (slug, key), keys in asking.items():
        picture, may = queries.for_members(keys, slug, key)
        if picture is None:
            continue
        try:
            data = files.read(picture)
        except OSError:
            continue
        found |= {(slug, key, user): (picture, data) for user in may}
    return [
        None if user is None else found.get((one.slug, one.key, user))
        for one, user in zip(wanted, users, strict=True)
    ]


def _users(wanted: Sequence[Wanted]) -> list[people.Key | None]:
    """Return the user of each, or None for a session or a token that is not valid."""
    sessions = list({one.session for one in wanted if one.session is not None})
    digests = {one.token for one in wanted if one.token is not None}
    of_session: dict[str | None, people.Key] = {}
    if sessions:
        found = session_identities(sessions)
        of_session = {
            key: one.user.pk
            for key, one in zip(sessions, found, strict=True)
            if isinstance(one, Identity) and one.auth is not None
        }
    valid = tokens.find_all(digests) if digests else {}
    of_token: dict[str | None, people.Key] = {key: one.user_id for key, one in valid.items()}
    return [
        of_session.get(one.session) if one.token is None else of_token.get(one.token)
        for one in wanted
    ]


_pictures: Together[Wanted, Found] = Together(
    database_sync_to_async(_find, thread_sensitive=False, executor=_thread)
)
