"""The pictures of questions. One that the visitor may not see is answered like a missing one."""

import threading
from collections import OrderedDict
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from accounts import tokens
from rooms import addresses
from rooms.api.authentication import BearerAuthentication
from rooms.models import Picture
from rooms.queries import pictures as queries
from rooms.queries.screen import linked_screen
from rooms.wire.errors import NoScreen, PeerError

POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
KEPT = 32_000_000
"""Bytes of pictures that a process keeps, as a whole class asks for one at the same time."""


@require_safe
@login_not_required  # whoever may not see it, logged in or not, gets the same answer
def picture(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show a picture to those who lead the course, and to others once they were asked it.

    Programs send a bearer token, as to the API.
    """
    try:
        found = BearerAuthentication().authenticate(cast("Request", request))
    except PeerError:
        raise Http404 from None
    user = request.user if found is None else found[0]
    if not user.is_authenticated:
        raise Http404
    return _answer(request, queries.for_member(user, slug, key))


@require_safe
@login_not_required  # the signed token is enough
def by_token(request: HttpRequest, slug: str, secret: str, key: str) -> HttpResponse:
    """Show a picture to the user of a token, as in a frame to which browsers send no cookies."""
    digest = addresses.token_of_pictures(secret)
    token = None if digest is None else tokens.find(digest)
    if token is None:
        raise Http404
    return _answer(request, queries.for_member(token.user, slug, key))


@require_safe
@login_not_required  # the link is enough
def of_screen(request: HttpRequest, secret: str, key: str) -> HttpResponse:
    """Show a picture of the current question to whoever has the link of the hall's screen."""
    try:
        course = linked_screen(secret).course
    except NoScreen:
        raise Http404 from None
    return _answer(request, queries.for_screen(course, key))


def _answer(request: HttpRequest, found: Picture | None) -> HttpResponse:
    if found is None:
        raise Http404
    try:
        return shown(request, found, files.read(found))
    except OSError:
        raise Http404 from None


def shown(request: HttpRequest, found: Picture, data: bytes) -> HttpResponse:
    """Return the answer for a picture that the visitor may see, with its bytes."""
    etag = f'"{found.digest}"'
    # Browsers keep it, but ask each time: who may see it can change.
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(data, content_type=found.content_type)
        response["Content-Length"] = str(len(data))
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_vary_headers(response, ("Cookie",))
    return response


class _Files:
    """The bytes of pictures that were asked for last. Any thread may use it.

    They are found by their digest, so what is kept is never out of date.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of a picture. Raises OSError."""
        data = self._find(picture.digest)
        if data is not None:
            return data
        # All who ask for it now wait for one of them.
        with self._reading:
            data = self._find(picture.digest)
            if data is None:
                data = queries.stored_bytes(picture)
                self._keep(picture.digest, data)
        return data

    def _find(self, digest: str) -> bytes | None:
        with self._lock:
            data = self._kept.get(digest)
            if data is not None:
                self._kept.move_to_end(digest)
            return data

    def _keep(self, digest: str, data: bytes) -> None:
        with self._lock:
            self._kept[digest] = data
            self._size += len(data)
            while self._size > KEPT:
                self._size -= len(self._kept.popitem(last=False)[1])


files = _Files()
