"""The endpoints for rooms and their members."""

from django.db import transaction
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import ratelimit
from rooms.actions import moderation
from rooms.actions import rooms as actions
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import DELETING, Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.queries.rooms import list_users, room_seen, rooms_seen
from rooms.wire import replies


class Rooms(Endpoint):
    @extend_schema(
        operation_id="rooms_list",
        summary="List your rooms and the open rooms of your courses",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Rooms)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        found = rooms_seen(self.me(request))
        return Response(listed(request, found, lambda part: map(shapes.room, part)))

    @extend_schema(
        operation_id="rooms_create",
        summary="Create an open room in a course",
        request=serializers.of(bodies.NewRoom),
        responses={201: serializers.of(bodies.RoomDetails)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request) -> Response:
        user = self.me(request)
        wanted: bodies.NewRoom = read(request, serializers.of(bodies.NewRoom))
        ratelimit.messages.take(user.pk)
        room = actions.create_room(
            user=user, course=wanted.course, title=wanted.title, topic=wanted.topic
        )
        return Response(shapes.room(room_seen(user, str(room.id))), status=201)


class OneRoom(Endpoint):
    @extend_schema(
        operation_id="rooms_retrieve",
        summary="Get a room that you are in or can join",
        responses={200: serializers.of(bodies.RoomDetails)} | refusals(401, 404, 503),
    )
    def get(self, request: Request, room: str) -> Response:
        return Response(shapes.room(room_seen(self.me(request), room)))

    @extend_schema(
        operation_id="rooms_partial_update",
        summary="Change the topic of a room, or slow it down",
        description=(
            "The creator of an open room, the instructors and the assistants can change its topic. "
            "Only instructors and assistants can slow it down or change the course's room."
        ),
        request=serializers.of(bodies.RoomChanges),
        responses={200: serializers.of(bodies.RoomDetails)} | refusals(*WRITING, 404),
    )
    def patch(self, request: Request, room: str) -> Response:
        user = self.me(request)
        changes: bodies.RoomChanges = read(request, serializers.of(bodies.RoomChanges))
        with transaction.atomic():
            if changes.topic is not UNSET:
                actions.change_topic(user=user, room=room, topic=changes.topic)
            if changes.slow_seconds is not UNSET:
                moderation.set_slow_mode(user=user, room=room, seconds=changes.slow_seconds)
            seen = room_seen(user, room)
        return Response(shapes.room(seen))

    @extend_schema(
        operation_id="rooms_destroy",
        summary="Archive an open room",
        description="The creator and the instructors can do this. The admin keeps the history.",
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, room: str) -> Response:
        actions.archive_room(user=self.me(request), room=room)
        return Response(status=204)


class Join(Endpoint):
    @extend_schema(
        operation_id="rooms_join_create",
        summary="Join an open room of one of your courses",
        request=None,
        responses={200: serializers.of(bodies.RoomDetails)} | refusals(*DELETING, 429),
    )
    def post(self, request: Request, room: str) -> Response:
        user = self.me(request)
        ratelimit.subscribed.take(user.pk)
        actions.join_room(user=user, room=room)
        return Response(shapes.room(room_seen(user, room)))


class Leave(Endpoint):
    @extend_schema(
        operation_id="rooms_leave_create",
        summary="Leave an open room",
        request=None,
        responses={204: None} | refusals(*DELETING, 429),
    )
    def post(self, request: Request, room: str) -> Response:
        user = self.me(request)
        ratelimit.subscribed.take(user.pk)
        actions.leave_room(user=user, room=room)
        return Response(status=204)


class Users(Endpoint):
    @extend_schema(
        operation_id="rooms_users_list",
        summary="List the members of a room and whether they are online",
        responses={200: serializers.of(replies.Users)} | refusals(401, 404, 503),
    )
    def get(self, request: Request, room: str) -> Response:
        return Response(replies.Users(users=list_users(self.me(request), room)))
