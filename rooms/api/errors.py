"""Errors of the API in the format of the wire contract: `error_code`, `error_message`, a status."""

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from accounts import outages
from rooms.api.authentication import BearerAuthentication
from rooms.wire import errors

logger = logging.getLogger(__name__)

# (error_code, error_message) for refusals of the REST framework itself. None stands for the
# framework's own message.
_FRAMEWORK: tuple[tuple[type[Exception], str, str | None], ...] = (
    (exceptions.ParseError, errors.InvalidJson.code, "The body is not valid JSON."),
    (
        exceptions.UnsupportedMediaType,
        errors.InvalidMessageFormat.code,
        "The body must be JSON with the content type application/json.",
    ),
    (exceptions.NotAuthenticated, errors.AuthenticationRequired.code, "Authenticate first."),
    (exceptions.PermissionDenied, errors.PermissionDenied.code, None),
    (exceptions.NotFound, errors.UnknownAction.code, "There is nothing at this address."),
    (exceptions.MethodNotAllowed, errors.UnknownAction.code, None),
    (exceptions.APIException, errors.InvalidMessageFormat.code, None),
)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for an exception of a view, or None for an unexpected one."""
    if isinstance(error, outages.ERRORS):
        outages.note(error, logger)
        error = errors.Unavailable()
    if isinstance(error, errors.PeerError):
        return _refusal(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    code, message = next(
        (code, message) for kind, code, message in _FRAMEWORK if isinstance(error, kind)
    )
    headers = {"WWW-Authenticate": BearerAuthentication.scheme} if error.status_code == 401 else {}
    return Response(
        {"error_code": code, "error_message": message or str(error.detail)},
        status=error.status_code,
        headers=headers,
    )


def _refusal(error: errors.PeerError) -> Response:
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = BearerAuthentication.scheme
    retry_after = error.extra.get("retry_after", 1 if error.status == 503 else None)
    if retry_after is not None:
        headers["Retry-After"] = str(math.ceil(retry_after))
    # The parser of the sockets adds these from the frame. A request has them in its address.
    extra = {
        key: value
        for key, value in error.extra.items()
        if key not in ("malformed", "uuid", "action")
    }
    return Response(
        {"error_code": error.code, "error_message": error.message, **extra},
        status=error.status,
        headers=headers,
    )
