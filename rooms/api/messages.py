"""The endpoints for messages: reading, posting, mentions and search."""

import msgspec.structs
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts import people
from rooms import frames, ratelimit
from rooms.actions import moderation
from rooms.actions import rooms as actions
from rooms.actions.messages import Post, post_message
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import DELETING, Endpoint, asked, listed, read
from rooms.api.longpoll import Wanted, poll_of
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.delivery import names
from rooms.models import Membership
from rooms.queries import messages, search
from rooms.wire import replies
from rooms.wire.commands import NewMessage, PrivateMessage
from rooms.wire.events import MessageBody


class Messages(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_list",
        summary="List the messages of a room, oldest first",
        description=(
            "Returns the first messages after the number `after`, or else the newest messages; "
            "`before` limits both to lower numbers. With `wait`, the request waits up to that many "
            "seconds for a message after `after`. With `since`, the `server_time` of the last "
            "state that you read, it also ends, with `state_changed`, when the state changes."
        ),
        parameters=query(bodies.MessagesQuery),
        responses={200: serializers.of(bodies.Messages)} | refusals(*READING, 404, 429),
    )
    def get(self, request: Request, room: str) -> Response:
        user = self.me(request)
        wanted = asked(request, bodies.MessagesQuery)
        membership, page = messages.messages_page(
            user, room, after=wanted.after, before=wanted.before, limit=wanted.limit
        )
        found = membership.room
        poll = poll_of(request)
        changed = False
        if poll is not None and wanted.wait:
            poll.present(user.pk, people.username(user))
            if wanted.after is not None and wanted.before is None and not page:
                waits_for = Wanted(
                    user=user.pk,
                    audience=names.room(found.id),
                    group=names.course(found.course_id),
                    after=wanted.after,
                    seconds=wanted.wait,
                    since=wanted.since,
                )
                changed = poll.has_news(waits_for)
                if not changed:
                    poll.wait_for(waits_for)
        answer = _page(request, wanted, membership, page)
        return Response(msgspec.structs.replace(answer, state_changed=True) if changed else answer)

    @extend_schema(
        operation_id="rooms_messages_create",
        summary="Post a message",
        description=(
            "If you already used the `uuid` in the room, the server returns the stored message "
            "(200) and stores nothing."
        ),
        request=serializers.NewMessageSerializer,
        responses={
            201: serializers.of(MessageBody),
            200: serializers.of(MessageBody),
        }
        | refusals(*WRITING, 404, 409, 429),
    )
    def post(self, request: Request, room: str) -> Response:
        user = self.me(request)
        message: NewMessage = read(request, serializers.NewMessageSerializer, room=room)
        posted = post_message(post=Post.of(user, message))
        return Response(frames.body(posted.message), status=200 if posted.again else 201)


def _page(
    request: Request,
    wanted: bodies.MessagesQuery,
    membership: Membership,
    page: list[MessageBody],
) -> bodies.Messages:
    def beside(**values: int) -> str:
        url = request.build_absolute_uri(request.path)
        for name, value in {**values, "limit": wanted.limit}.items():
            url = replace_query_param(url, name, value)
        return url

    last_seq = membership.room.last_seq
    later = earlier = None
    if page:
        if page[-1].seq < last_seq:
            later = beside(after=page[-1].seq)
        if page[0].seq > 1:
            earlier = beside(before=page[0].seq)
    elif wanted.after:
        earlier = beside(before=wanted.after + 1)
    return bodies.Messages(
        room=str(membership.room_id),
        last_read_seq=membership.last_read_seq,
        last_seq=max(last_seq, page[-1].seq if page else 0),
        next=later,
        previous=earlier,
        results=page,
    )


class Read(Endpoint):
    @extend_schema(
        operation_id="rooms_read_create",
        summary="Mark messages as read",
        request=serializers.of(bodies.Read),
        responses={200: serializers.of(replies.HasRead)} | refusals(*WRITING, 404),
    )
    def post(self, request: Request, room: str) -> Response:
        given: bodies.Read = read(request, serializers.of(bodies.Read))
        found, seq = actions.mark_read(user=self.me(request), room=room, seq=given.seq)
        return Response(replies.HasRead(room=str(found.id), seq=seq))


class OneMessage(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_destroy",
        summary="Remove a message",
        description=(
            "The sender, the instructors and the assistants can do this. The text disappears from "
            "every response; the `seq` remains."
        ),
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, room: str, seq: int) -> Response:
        moderation.remove_message(user=self.me(request), room=room, seq=seq)
        return Response(status=204)


class Direct(Endpoint):
    @extend_schema(
        operation_id="direct_messages_create",
        summary="Post a direct message to a user who shares a course with you",
        description="The server creates the direct room if necessary.",
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
        post = Post.of(user, message)
        room = actions.open_direct_room(user=user, to=message.to)
        posted = post_message(post=post.in_room(str(room.id)))
        return Response(frames.body(posted.message), status=200 if posted.again else 201)


class Mentions(Endpoint):
    @extend_schema(
        operation_id="mentions_list",
        summary="List the messages that mention you, newest first",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Mentions)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        found = search.mentions(self.me(request))
        return Response(listed(request, found, lambda part: map(shapes.mention, part)))


class Search(Endpoint):
    @extend_schema(
        operation_id="search_list",
        summary="Search the messages in your rooms, newest first",
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
