"""The base of all endpoints. Each parses, calls an action or a query, and shows the result."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import msgspec
from django.db.models import QuerySet
from django.utils import translation
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.people import User
from rooms.api import bodies, serializers
from rooms.api.authentication import BearerAuthentication
from rooms.api.errors import handle
from rooms.api.formats import JsonAlways, JsonParser, JsonRenderer
from rooms.api.schema import AutoSchema
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.fields import Username

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

DELETING = (401, 403, 404, 503)
"""The statuses of refusals that any request to delete something of a room may get."""


class Endpoint(APIView):
    """An endpoint for users who are logged in.

    It ignores the settings that the site around it has for its own views of the REST framework.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = (
        BearerAuthentication,
        SessionAuthentication,
    )
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    renderer_classes = (JsonRenderer,)
    parser_classes: Sequence[type[BaseParser]] = (JsonParser,)
    content_negotiation_class = JsonAlways
    throttle_classes = ()
    schema = AutoSchema()
    versioning_class = None
    metadata_class = None
    """None, so that OPTIONS is refused like any other method that the view lacks."""

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer in English, as programs read the answers, whatever the language of the user."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        finalized: Response = super().finalize_response(request, response, *args, **kwargs)
        # The answer is for this user alone, so neither a cache nor the browser may keep it.
        finalized.headers.setdefault("Cache-Control", "no-store")
        finalized.headers.setdefault("Content-Language", "en")
        return finalized

    def me(self, request: Request) -> User:
        return cast("User", request.user)


def read(request: Request, kind: type[serializers.StructSerializer], **given: str | int) -> Any:
    """Parse the body of a request; `given` has the fields that its address names.

    Raises InvalidMessageFormat.
    """
    serializer = kind(data=request.data, context=given)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def asked(request: Request, kind: type[S]) -> S:
    """Parse the query string of a request. Raises InvalidMessageFormat."""
    values: dict[str, str] = {}
    for name, given in request.query_params.lists():
        if len(given) > 1:
            raise InvalidMessageFormat(f"The query is not valid: `{name}` is repeated.")
        values[name] = given[0]
    try:
        query = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidMessageFormat(f"The query is not valid: {error}.") from None
    for name in values:
        # msgspec takes the word "null" for None.
        if getattr(query, name, "") is None:
            raise InvalidMessageFormat(f"The query is not valid: `{name}` has no value.")
    return query


def listed(
    request: Request,
    items: Sequence[Any] | QuerySet[Any],
    show: Callable[[list[Any]], Iterable[T]] = list,
    part: bodies.ListQuery | None = None,
) -> dict[str, Any]:
    """Return the part of a list that the request asks for; `show` makes the bodies of its items.

    `part` is the query of the request, if it has more than that of a list.
    """
    part = asked(request, bodies.ListQuery) if part is None else part
    end = part.offset + part.limit
    found = list(items[part.offset : end + 1])
    here = request.build_absolute_uri()
    return {
        "next": replace_query_param(here, "offset", end) if len(found) > part.limit else None,
        "previous": replace_query_param(here, "offset", max(part.offset - part.limit, 0))
        if part.offset
        else None,
        "results": list(show(found[: part.limit])),
    }


@extend_schema(exclude=True)
class Nothing(Endpoint):
    """The answer for every other address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound


def username_in(address: str) -> str:
    """Return a username from an address. Raises InvalidMessageFormat."""
    try:
        name: str = msgspec.convert(address, Username)
    except msgspec.ValidationError as error:
        raise InvalidMessageFormat(f"The address is not valid: {error}.") from None
    return name
