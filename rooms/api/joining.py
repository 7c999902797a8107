"""The endpoints for joining by a code, and for the people of a course."""

from typing import Any

from django.db import transaction
from msgspec import UNSET
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people, tokens
from accounts.addresses import client_address
from accounts.models import Token
from rooms import permissions
from rooms.actions import guesses, guests, joining, merging
from rooms.api import serializers
from rooms.api.endpoint import Endpoint, asked, listed, read, username_in
from rooms.api.joining_bodies import (
    JoiningChanges,
    JoiningInfo,
    NewMerge,
    NewPlace,
    People,
    PeopleQuery,
    PersonInfo,
    Place,
)
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import Course, Enrollment
from rooms.queries.joining import join_address, join_code
from rooms.queries.people import head_count, people_of


class Join(Endpoint):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="join_create",
        summary="Join a course by its code",
        description=(
            "With a token or a session, you join as yourself, and `token` is null. Without, you "
            "get a guest who is called `name`, and a token of theirs. With the same `device`, a "
            "random secret, you are the same guest again; without one, each request makes a guest. "
            "Every code that lets nobody in gets the same answer, and after too many of them no "
            "code is looked up for a while."
        ),
        request=serializers.of(NewPlace),
        responses={201: serializers.of(Place)} | refusals(*WRITING, 404, 429),
    )
    def post(self, request: Request) -> Response:
        wanted: NewPlace = read(request, serializers.of(NewPlace))
        address = client_address(request)
        code = guesses.look_up(typed=wanted.code, address=address)
        token = expires = None
        if request.user.is_authenticated:
            user = self.me(request)
            joining.join(user=user, code=code, address=address)
        else:
            user = joining.join_as_guest(
                code=code, name=wanted.name or "", device=wanted.secret(), address=address
            )
            token = tokens.issue(user, name="guest")
            end = Token.objects.get(digest=tokens.digest(token)).expires_at
            expires = end.timestamp() if end else None
        place = Place(
            course=code.course.slug,
            title=code.course.title,
            role=Enrollment.objects.get(course=code.course, user=user).role,
            username=people.username(user),
            display_name=people.shown_name(user),
            token=token,
            expires=expires,
        )
        return Response(place, status=201)


class Joining(Endpoint):
    @extend_schema(
        operation_id="courses_joining_retrieve",
        summary="Get the join code of a course and the number of those who joined",
        responses={200: serializers.of(JoiningInfo)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(_info(request, permissions.leading(self.me(request), slug).course))

    @extend_schema(
        operation_id="courses_joining_create",
        summary="Open or close joining, or renew the code",
        description="A field that is left out leaves its part as it is.",
        request=serializers.of(JoiningChanges),
        responses={200: serializers.of(JoiningInfo)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        user, address = self.me(request), client_address(request)
        wanted: JoiningChanges = read(request, serializers.of(JoiningChanges))
        course = permissions.leading(user, slug).course
        with transaction.atomic():
            if wanted.renew:
                joining.renew_code(user=user, course=slug, address=address)
            if wanted.names is not UNSET:
                joining.ask_for_names(user=user, course=slug, names=wanted.names)
            if wanted.open is True:
                seconds = None if wanted.seconds is UNSET else wanted.seconds
                joining.open_joining(user=user, course=slug, seconds=seconds, address=address)
            elif wanted.open is False:
                joining.close_joining(user=user, course=slug)
        return Response(_info(request, course))


class CoursePeople(Endpoint):
    @extend_schema(
        operation_id="courses_people_list",
        summary="List the people of a course, who came last first",
        parameters=query(PeopleQuery),
        responses={200: serializers.of(People)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = permissions.leading(self.me(request), slug).course
        wanted = asked(request, PeopleQuery)
        found = people_of(course, wanted.q)
        return Response(listed(request, found, lambda part: map(_person, part), part=wanted))


class OnePerson(Endpoint):
    @extend_schema(
        operation_id="courses_people_destroy",
        summary="Remove a student from a course",
        description=(
            "The student loses the course's rooms at once, and cannot join again by the code that "
            "the course has now. A guest who is in no other course cannot come back at all."
        ),
        responses={204: None} | refusals(400, 401, 403, 503),
    )
    def delete(self, request: Request, slug: str, username: str) -> Response:
        guests.remove(user=self.me(request), course=slug, username=username_in(username))
        return Response(status=204)


class Merges(Endpoint):
    @extend_schema(
        operation_id="courses_merges_create",
        summary="Merge a guest into another guest or student of the course",
        description=(
            "`into` gets the votes, messages and rooms of the guest `username`, who disappears. "
            "Where both voted in a round, the vote of `into` counts. It cannot be undone."
        ),
        request=serializers.of(NewMerge),
        responses={204: None} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: NewMerge = read(request, serializers.of(NewMerge))
        merging.merge_guest(
            user=self.me(request), course=slug, username=wanted.username, into=wanted.into
        )
        return Response(status=204)


def _info(request: Request, course: Course) -> JoiningInfo:
    code = join_code(course)
    is_open = code is not None and code.is_open
    return JoiningInfo(
        open=is_open,
        code=code.code if code else None,
        address=join_address(request._request, code.code) if code else None,
        open_until=code.open_until.timestamp() if code and code.open_until else None,
        names=code.names if code else None,
        **head_count(course),
    )


def _person(enrollment: Any) -> PersonInfo:
    return PersonInfo(
        username=people.username(enrollment.user),
        display_name=people.shown_name(enrollment.user),
        role=enrollment.role,
        guest=enrollment.is_guest,
        online=bool(enrollment.is_online),
        joined_at=enrollment.joined_at.timestamp(),
    )
