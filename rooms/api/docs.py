"""The documents of the API: OpenAPI, AsyncAPI and a page for people.

The page is our own HTML without scripts. Ready-made pages need megabytes, or inline styles, which
the Content-Security-Policy of the site forbids.
"""

import functools
import threading
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.settings import patched_settings
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rooms import __version__, addresses
from rooms.api import asyncapi
from rooms.api.schema import Schema

SETTINGS = {
    "TITLE": "peerchat",
    "DESCRIPTION": (
        "Live peer instruction and course chat over HTTP: the operations of the sockets on stored "
        "data. `/api/asyncapi.json` describes the sockets."
    ),
    "VERSION": __version__,
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.1",  # its schemas are JSON Schema, which the types of the frames give
    "SCHEMA_PATH_PREFIX": "/api/",
    "PREPROCESSING_HOOKS": [],
    "POSTPROCESSING_HOOKS": [],
}
"""The settings of drf-spectacular for this document, whichever the site around has for its own."""
METHODS = ("get", "post", "put", "patch", "delete")

_generating = threading.Lock()


def open_api() -> Schema:
    """Return the OpenAPI document without the servers, which is the same for everyone.

    Its paths begin at the address of the pages. The rest of the site around them is not in it.
    """
    # drf-spectacular imports its extensions at the first use, and fails in a second thread then.
    # Its settings are replaced for the whole process.
    with _generating:
        return _open_api()


@functools.cache
def _open_api() -> Schema:
    patterns = [path("api/", include("rooms.api.urls"))]
    with patched_settings(SETTINGS), translation.override("en"):
        made: Schema = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)
    return made


def base_url(request: HttpRequest) -> str:
    """Return the URL of the pages as the client reached them, without the slash at its end."""
    return request.build_absolute_uri(addresses.base()).rstrip("/")


class OpenApi(APIView):
    """The OpenAPI document as JSON, or as YAML for clients that accept only YAML."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    metadata_class = None
    schema = None
    content_negotiation_class = DefaultContentNegotiation
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    )

    def get(self, request: Request) -> Response:
        return Response({**open_api(), "servers": [{"url": base_url(request)}]})


@require_safe
@login_not_required
def async_api(request: HttpRequest) -> JsonResponse:
    """Answer with the AsyncAPI document of the sockets."""
    servers = asyncapi.servers(
        request.get_host(), addresses.sockets_base(), secure=request.is_secure()
    )
    return JsonResponse({**asyncapi.document(), "servers": servers})


@require_safe
@login_not_required
@cache_control(max_age=300)
def page(request: HttpRequest) -> HttpResponse:
    """Show the OpenAPI document as a page."""
    document = open_api()
    return render(
        request,
        "rooms/api.html",
        {
            "version": document["info"]["version"],
            "base": base_url(request),
            "description": prose(document["info"]["description"]),
            "operations": _operations(),
            "types": _types(),
        },
    )


@functools.cache
def _operations() -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": where,
            "name": operation["operationId"],
            "summary": operation.get("summary", ""),
            "description": prose(operation.get("description", "")),
            "public": {} in operation.get("security", [{}]),
            "parameters": [
                {**parameter, "type": kind(parameter["schema"])}
                for parameter in operation.get("parameters", ())
            ],
            "body": _content(operation.get("requestBody", {})),
            "responses": [
                {
                    "status": status,
                    "description": prose(response.get("description", "")),
                    "body": _content(response),
                }
                for status, response in sorted(operation["responses"].items())
            ],
        }
        for where, operations in open_api()["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


@functools.cache
def _types() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "description": prose(schema.get("description", "")),
            "kind": None if "properties" in schema else kind(schema),
            "fields": [
                {
                    "name": field,
                    "type": kind(of),
                    "required": field in schema.get("required", ()),
                    "description": prose(of.get("description", "")),
                }
                for field, of in schema.get("properties", {}).items()
            ],
        }
        for name, schema in open_api()["components"]["schemas"].items()
    ]


Words = list[tuple[str, str]]
"""Pieces of text, each with the name of the type that it links to, or nothing."""


def prose(text: str) -> str:
    """Return a text of the document as HTML, with code where the text has backticks."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", part) if index % 2 else part,)
            for index, part in enumerate(text.split("`"))
        ),
    )


def _content(of: Schema) -> list[tuple[str, Words]]:
    return [(name, kind(content["schema"])) for name, content in of.get("content", {}).items()]


def kind(schema: Schema) -> Words:
    """Describe in words which values a schema allows."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [(name, name)]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            words: Words = []
            for option in schema[union]:
                words += [*([(" or ", "")] if words else []), *kind(option)]
            return words
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        return [(" | ".join(str(option) for option in options), "")]
    name = schema.get("type", "anything")
    if name == "array":
        return [("list of ", ""), *kind(schema.get("items", {}))]
    if name == "object" and isinstance(schema.get("additionalProperties"), dict):
        return [("object of ", ""), *kind(schema["additionalProperties"])]
    limits = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("minLength", "length from"),
            ("maxLength", "to" if "minLength" in schema else "length to"),
        )
        if key in schema
    ]
    return [(", ".join([str(name), " ".join(limits)]) if limits else str(name), "")]
