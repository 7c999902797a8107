"""The endpoint for how the classes of a course run."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import permissions
from rooms.actions.class_settings import change_class_settings
from rooms.api import serializers
from rooms.api.bodies import Strict
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import WRITING, extend_schema, refusals
from rooms.models import ClassSettings
from rooms.wire.asking import Asked

Percent = Annotated[int, Meta(ge=0, le=100)]

_FIELDS = {
    "confidence": "asks_confidence",
    "reason": "asks_reason",
    "convinced": "asks_convinced",
    "place": "asks_place",
    "seat": "asks_seat",
    "pseudonyms": "has_pseudonyms",
    "lecturer_knows": "lecturer_knows",
    "least_right": "least_right",
    "most_right": "most_right",
    "closes_early": "closes_early",
    "compares_methods": "compares_methods",
    "pairs_outside": "pairs_at_night",
}
"""The fields of the body, and what the model calls them."""


class ClassSettingsBody(Struct, frozen=True, kw_only=True):
    """How the classes of a course run.

    The first six are what students are asked for and told. With `lecturer_knows`, those who lead
    see the names behind the pseudonyms. A discussion is worth its time where the first vote is
    right for `least_right` to `most_right` percent. With `closes_early`, a round closes when nine
    tenths have voted; with `compares_methods`, the method of each group is chosen at random. With
    `pairs_outside`, students who answer a question outside class at the same time may be paired.
    """

    confidence: Asked
    reason: Asked
    convinced: bool
    place: bool
    seat: bool
    pseudonyms: bool
    lecturer_knows: bool
    least_right: int
    most_right: int
    closes_early: bool
    compares_methods: bool
    pairs_outside: bool


class ClassSettingsChanges(Strict, frozen=True, kw_only=True):
    """Changes of how the classes of a course run. A field that is left out stays as it is."""

    confidence: Asked | UnsetType = UNSET
    reason: Asked | UnsetType = UNSET
    convinced: bool | UnsetType = UNSET
    place: bool | UnsetType = UNSET
    seat: bool | UnsetType = UNSET
    pseudonyms: bool | UnsetType = UNSET
    lecturer_knows: bool | UnsetType = UNSET
    least_right: Percent | UnsetType = UNSET
    most_right: Percent | UnsetType = UNSET
    closes_early: bool | UnsetType = UNSET
    compares_methods: bool | UnsetType = UNSET
    pairs_outside: bool | UnsetType = UNSET


class OneClassSettings(Endpoint):
    @extend_schema(
        operation_id="courses_class_settings_retrieve",
        summary="Get how the classes of a course run, as somebody who leads it",
        responses={200: serializers.of(ClassSettingsBody)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        return Response(_body(ClassSettings.of(course)))

    @extend_schema(
        operation_id="courses_class_settings_partial_update",
        summary="Change how the classes of a course run, as its instructor",
        description="Open pages follow at once. Votes that were cast stay as they are.",
        request=serializers.of(ClassSettingsChanges),
        responses={200: serializers.of(ClassSettingsBody)} | refusals(*WRITING),
    )
    def patch(self, request: Request, slug: str) -> Response:
        given = read(request, serializers.of(ClassSettingsChanges))
        wanted: Any = {
            _FIELDS[name]: value
            for name, value in msgspec.structs.asdict(given).items()
            if value is not UNSET
        }
        changed = change_class_settings(user=self.me(request), course=slug, **wanted)
        return Response(_body(changed))


def _body(settings: ClassSettings) -> ClassSettingsBody:
    values: dict[str, Any] = {name: getattr(settings, field) for name, field in _FIELDS.items()}
    return ClassSettingsBody(**values)
