"""The endpoints around rooms: topics, members, what is read, moderation, mentions, the search."""

import msgspec
from django.db import transaction
from drf_spectacular.utils import extend_schema
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import frames, permissions, ratelimit
from rooms.actions import moderation
from rooms.actions import rooms as actions
from rooms.actions.messages import Post, post_messages
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import Endpoint, asked, listed, read
from rooms.api.schema import READING, WRITING, query, refusals
from rooms.queries import courses, search
from rooms.queries.rooms import list_users, room_seen
from rooms.wire.commands import PrivateMessage
from rooms.wire.errors import InvalidMessageFormat, PeerError
from rooms.wire.events import MessageBody
from rooms.wire.fields import Username
from rooms.wire.text import clean_text

DELETING = (401, 403, 404, 503)
"""The refusals that any request to delete something of a room may meet."""


def _name(address: str) -> str:
    """A username in an address. Raises InvalidMessageFormat."""
    try:
        name: str = msgspec.convert(address, Username)
    except msgspec.ValidationError as error:
        raise InvalidMessageFormat(f"The address is not valid: {error}.") from None
    return name


class OneRoom(Endpoint):
    @extend_schema(
        operation_id="rooms_retrieve",
        summary="A room that one is in or may join",
        responses={200: serializers.of(bodies.RoomDetails)} | refusals(401, 404, 503),
    )
    def get(self, request: Request, room: str) -> Response:
        return Response(shapes.room(room_seen(self.me(request), room)))

    @extend_schema(
        operation_id="rooms_partial_update",
        summary="Change the topic of a room, or slow it down",
        description=(
            "The topic of an open room is changed by who made it and by who leads the course; "
            "how slow it is, and both of a course's room, by who leads the course."
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
        description="By who made it and by who leads the course. Its history stays for the admin.",
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, room: str) -> Response:
        actions.archive_room(user=self.me(request), room=room)
        return Response(status=204)


class Join(Endpoint):
    @extend_schema(
        operation_id="rooms_join_create",
        summary="Join an open room of a course one is in",
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


class Read(Endpoint):
    @extend_schema(
        operation_id="rooms_read_create",
        summary="Say how far one has read",
        request=serializers.of(bodies.Read),
        responses={200: serializers.of(bodies.HasRead)} | refusals(*WRITING, 404),
    )
    def post(self, request: Request, room: str) -> Response:
        given: bodies.Read = read(request, serializers.of(bodies.Read))
        found, seq = actions.mark_read(user=self.me(request), room=room, seq=given.seq)
        return Response(bodies.HasRead(room=str(found.id), seq=seq))


class Users(Endpoint):
    @extend_schema(
        operation_id="rooms_users_list",
        summary="Who is in a room, and who of them is online",
        responses={200: serializers.of(bodies.Users)} | refusals(401, 404, 503),
    )
    def get(self, request: Request, room: str) -> Response:
        return Response({"users": list_users(self.me(request), room)})


class OneMessage(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_destroy",
        summary="Remove a message",
        description=(
            "By its sender and by who leads the course. The text is gone from every answer, the "
            "`seq` stays."
        ),
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, room: str, seq: int) -> Response:
        moderation.remove_message(user=self.me(request), room=room, seq=seq)
        return Response(status=204)


class Direct(Endpoint):
    @extend_schema(
        operation_id="direct_messages_create",
        summary="Post a message to one who shares a course with oneself",
        description="In the room of the two, which is made if need be.",
        request=serializers.PrivateMessageSerializer,
        responses={
            201: serializers.of(MessageBody),
            200: serializers.of(MessageBody),
        }
        | refusals(*WRITING, 409, 429),
    )
    def post(self, request: Request, username: str) -> Response:
        user = self.me(request)
        message: PrivateMessage = read(request, serializers.PrivateMessageSerializer, to=username)
        text = clean_text(message.text)
        ratelimit.messages.take(user.pk)
        room = actions.open_direct_room(user=user, to=message.to)
        posted = post_messages([Post(user, str(room.id), message.uuid, text)])[0]
        if isinstance(posted, PeerError):
            raise posted
        return Response(frames.body(posted.message), status=200 if posted.again else 201)


class Mentions(Endpoint):
    @extend_schema(
        operation_id="mentions_list",
        summary="The messages that mention one, the newest first",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Mentions)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        found = search.mentions(self.me(request))
        return Response(listed(request, found, lambda part: map(shapes.mention, part)))


class Search(Endpoint):
    @extend_schema(
        operation_id="search_list",
        summary="Messages in one's rooms, the newest first",
        description=(
            '`q` is words, all of which must be there; `"a phrase"` and `-without` work, too. '
            "Removed messages and archived rooms are left out."
        ),
        parameters=query(bodies.SearchQuery),
        responses={200: serializers.of(bodies.Found)} | refusals(*READING, 404, 429),
    )
    def get(self, request: Request) -> Response:
        user = self.me(request)
        wanted = asked(request, bodies.SearchQuery)
        ratelimit.searches.take(user.pk)
        found = search.search(
            user, wanted.q, room=wanted.room, course=wanted.course, limit=wanted.limit
        )
        return Response(bodies.Found(results=found))


class Mutes(Endpoint):
    @extend_schema(
        operation_id="courses_mutes_list",
        summary="The students who may not post now",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Mutes)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = courses.muted(permissions.leading(self.me(request), slug).course)
        return Response(listed(request, found, lambda part: map(shapes.mute, part)))

    @extend_schema(
        operation_id="courses_mutes_create",
        summary="Mute a student in a course for a time",
        description="They post nothing in its rooms until then; their votes count all the same.",
        request=serializers.of(bodies.NewMute),
        responses={201: serializers.of(bodies.Mute)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: bodies.NewMute = read(request, serializers.of(bodies.NewMute))
        muted = moderation.mute(
            user=self.me(request), course=slug, username=wanted.username, seconds=wanted.seconds
        )
        return Response(shapes.mute(muted), status=201)


class OneMute(Endpoint):
    @extend_schema(
        operation_id="courses_mutes_destroy",
        summary="Let a student post again",
        responses={204: None} | refusals(400, 401, 403, 503),
    )
    def delete(self, request: Request, slug: str, username: str) -> Response:
        moderation.unmute(user=self.me(request), course=slug, username=_name(username))
        return Response(status=204)
