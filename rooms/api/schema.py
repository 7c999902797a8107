"""Extensions of drf-spectacular that describe types, queries and errors in the OpenAPI document."""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from drf_spectacular import openapi, utils
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from rooms.api.serializers import (
    CommandSerializer,
    ControlReplySerializer,
    ControlSerializer,
    StructSerializer,
)
from rooms.wire import errors
from rooms.wire.commands import CONTROL_COMMANDS, Command
from rooms.wire.events import Event
from rooms.wire.replies import REPLIES

REF = "#/components/schemas/{name}"

Schema = dict[str, Any]
Method = TypeVar("Method", bound=Callable[..., Any])


def schemas(*types: Any) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the JSON schemas of types, and by name those of the types in them."""
    found, components = msgspec.json.schema_components(types, ref_template=REF)
    return portable(list(found)), portable(components)


def replies(commands: Iterable[type[Command]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the JSON schemas of the replies to commands by name, and those of the types in them.

    Events that are replies are left out, because each has a schema of its own.
    """
    actions: dict[type[msgspec.Struct], set[str]] = defaultdict(set)
    for command in commands:
        kind = REPLIES.get(command, Event)
        if not issubclass(kind, Event):
            actions[kind].add(str(command.__struct_config__.tag))
    _, components = schemas(*actions)
    described = {}
    for kind, names in actions.items():
        own = components.pop(kind.__name__)
        described[reply_name(kind)] = {
            **own,
            "title": reply_name(kind),
            "properties": {
                "uuid": {"type": "string"},
                "action": {"enum": sorted(names)},
                "status": {"const": "success"},
                **own["properties"],
            },
            "required": ["uuid", "action", "status", *own["required"]],
        }
    return described, components


def reply_name(kind: type[msgspec.Struct]) -> str:
    """Return the name of the schema that joins a type of reply with the fields of all replies."""
    name = kind.__name__
    return name if issubclass(kind, Event) else f"{name.removesuffix('Body')}Reply"


def portable(schema: Any) -> Any:
    """Return a schema whose patterns work in other languages, too: `\\Z` is Python's."""
    if isinstance(schema, dict):
        return {
            key: value.removesuffix(r"\Z") + "$"
            if key == "pattern" and isinstance(value, str) and value.endswith(r"\Z")
            else portable(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [portable(item) for item in schema]
    return schema


class AutoSchema(openapi.AutoSchema):
    """Describes an endpoint. One with a parameter in its path may answer 404."""

    def _get_response_bodies(self, direction: Any = "response") -> Schema:
        described: Schema = super()._get_response_bodies(direction)
        if "{" in self.path and "404" not in described:
            described["404"] = self._get_response_for_code(refusals(404)[404], "404")
        return described


def extend_schema(**described: Any) -> Callable[[Method], Method]:
    """Describe the method of an endpoint, whichever DEFAULT_SCHEMA_CLASS the site has."""

    def describe(method: Method) -> Method:
        # Without this, drf-spectacular takes the site's class for that of the endpoint.
        vars(method)["kwargs"] = {"schema": AutoSchema}
        return utils.extend_schema(**described)(method)

    return describe


class StructExtension(OpenApiSerializerExtension):
    """Describes serializers over msgspec's types."""

    target_class = StructSerializer
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return self._serializer.__name__.removesuffix("Serializer")

    def get_identity(self, auto_schema: Any, direction: Any) -> str:
        # As with the schemas registered below, a name stands for one type everywhere.
        return self.get_name(auto_schema, direction)

    @property
    def _serializer(self) -> type[StructSerializer]:
        target = self.target
        return target if isinstance(target, type) else type(target)

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        serializer = self._serializer
        if issubclass(serializer, ControlReplySerializer):
            described, components = replies(serializer.commands)
            components |= described
            schema: Schema = {"anyOf": [{"$ref": REF.format(name=name)} for name in described]}
        else:
            (schema,), components = schemas(serializer.struct)
        if issubclass(serializer, CommandSerializer):
            schema = components.pop(serializer.struct.__name__)
            for name in ("action", *serializer.given):
                del schema["properties"][name]
            _require_none(schema, "action", "uuid", *serializer.given)
        elif issubclass(serializer, ControlSerializer):
            for kind in CONTROL_COMMANDS:
                _require_none(components[kind.__name__], "uuid")
        elif "$ref" in schema:
            schema = components.pop(schema["$ref"].rpartition("/")[2])
        for name, component in components.items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(
                    name=name, type=ResolvedComponent.SCHEMA, schema=component, object=name
                )
            )
        return schema


def _require_none(schema: Schema, *names: str) -> None:
    schema["required"] = [name for name in schema["required"] if name not in names]


def query(struct: type[msgspec.Struct]) -> list[OpenApiParameter]:
    """Return the parameters of a query string."""
    (_,), components = schemas(struct)
    parameters = []
    for name, schema in components[struct.__name__]["properties"].items():
        kept = dict(schema)
        if kept.get("default", 0) is None:
            del kept["default"]
        if "anyOf" in kept:
            # In a query string, a null value is left out.
            (one,) = [option for option in kept.pop("anyOf") if option != {"type": "null"}]
            kept |= one
        parameters.append(OpenApiParameter(name, kept, OpenApiParameter.QUERY))
    return parameters


_MEANINGS = {
    400: "The request is not valid, or it names something that the course does not have.",
    401: "The request has no valid session or token.",
    403: "The user has no permission, or the session's CSRF token is missing.",
    404: "The resource does not exist, or the user has no access to it.",
    409: "The current state of the class or the message does not allow this.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many requests; `Retry-After` and `retry_after` say when to try again.",
    503: "The database is unavailable; nothing was saved.",
}


class ErrorSerializer(StructSerializer):
    """Every refusal."""


class ErrorExtension(OpenApiSerializerExtension):
    target_class = ErrorSerializer
    priority = 1

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return "Error"

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        return error_schema()


def error_schema() -> Schema:
    """Return the schema of a refusal, for HTTP and for the frames of the sockets."""
    return {
        "type": "object",
        "description": "A refusal: `error_code` is for programs, `error_message` for people.",
        "properties": {
            "error_code": {"type": "string", "enum": sorted(error_codes())},
            "error_message": {"type": "string"},
            "retry_after": {"type": "number", "description": "Seconds to wait."},
            "phase": {"type": "string", "description": "The current phase."},
            "epoch": {"type": "integer", "description": "The current epoch."},
            "until": {"type": "number", "description": "When the mute ends."},
        },
        "required": ["error_code", "error_message"],
    }


def error_codes() -> set[str]:
    """Return every `error_code`."""
    found, waiting = set(), [errors.PeerError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not errors.PeerError:
            found.add(kind.code)
    return found


@functools.cache
def refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    """Return the documentation of refusals with these statuses."""
    return {
        status: OpenApiResponse(ErrorSerializer, description=_MEANINGS[status])
        for status in statuses
    }


READING = (400, 401, 403, 503)
WRITING = (400, 401, 403, 413, 415, 503)
"""The statuses of refusals that any request to read or write may get."""
