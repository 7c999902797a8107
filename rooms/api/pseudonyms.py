"""The endpoint for those who lead a course and may know whose the pseudonyms are."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import frames, permissions
from rooms.actions import audit
from rooms.api import bodies, serializers
from rooms.api.endpoint import Endpoint, listed
from rooms.api.schema import READING, extend_schema, query, refusals
from rooms.queries import pseudonyms as queries
from rooms.wire.events import Person


class Owner(Struct, frozen=True):
    """Names the owner of a pseudonym in the class session of this id."""

    session: int
    pseudonym: Person
    user: Person


class Owners(bodies.Listed[Owner], frozen=True):
    """Lists the pseudonyms of a course with their owners, those of the last class first."""


class Pseudonyms(Endpoint):
    @extend_schema(
        operation_id="courses_pseudonyms_list",
        summary="List whose the pseudonyms of the students are",
        description=(
            "For instructors and assistants, and only of classes in which the course had chosen "
            "that they know."
        ),
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(Owners)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        def show(part: list[Any]) -> Iterable[Owner]:
            return (
                Owner(one.session_id, frames.pseudonym(one.name), frames.person(one.user))
                for one in part
            )

        user = self.me(request)
        found = queries.owners(user, slug)
        audit.record(
            actor=user, act="pseudonyms.view", course=permissions.leading(user, slug).course
        )
        return Response(listed(request, found, show))
