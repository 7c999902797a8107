"""The endpoints. Each parses, calls an action or a query, and shows what comes of it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import msgspec
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts import tokens
from accounts.models import Token, User
from rooms import frames, permissions, ratelimit
from rooms.actions import peer, session
from rooms.actions.messages import Post, post_messages
from rooms.actions.rooms import create_room
from rooms.actions.votes import Ballot, cast_votes
from rooms.api import bodies, serializers, shapes
from rooms.api.authentication import BearerAuthentication
from rooms.api.errors import handle
from rooms.api.export import Export
from rooms.api.formats import JsonAlways, JsonParser, JsonRenderer
from rooms.api.longpoll import Wanted, poll_of
from rooms.api.schema import READING, WRITING, AutoSchema, query, refusals
from rooms.delivery import names
from rooms.queries import classroom, courses, messages, results
from rooms.queries.rooms import room_seen, rooms_seen
from rooms.wire import commands
from rooms.wire.commands import CastVote, Figures, NewMessage
from rooms.wire.errors import (
    AuthenticationRequired,
    InvalidMessageFormat,
    PeerError,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from rooms.wire.events import MessageBody, Snapshot
from rooms.wire.text import clean_rationale, clean_text

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class Endpoint(APIView):
    """For those who are logged in. What the REST framework of the site around it is set to do for
    its own views makes no difference here."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (
        BearerAuthentication,
        SessionAuthentication,
    )
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    renderer_classes = (JsonRenderer,)
    parser_classes = (JsonParser,)
    content_negotiation_class = JsonAlways
    throttle_classes = ()
    schema = AutoSchema()
    versioning_class = None
    metadata_class = None
    """Without it OPTIONS is answered like any other method that there is not."""

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        finalized: Response = super().finalize_response(request, response, *args, **kwargs)
        # It is for who asked: not for a cache on the way, nor for who uses the browser next.
        finalized.headers.setdefault("Cache-Control", "no-store")
        return finalized

    def me(self, request: Request) -> User:
        return cast("User", request.user)


def read(request: Request, kind: type[serializers.StructSerializer], **given: str) -> Any:
    """The body of a request; `given` is what its address says. Raises InvalidMessageFormat."""
    serializer = kind(data=request.data, context=given)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def asked(request: Request, kind: type[S]) -> S:
    """The query string of a request. Raises InvalidMessageFormat."""
    values: dict[str, str] = {}
    for name, given in request.query_params.lists():
        if len(given) > 1:
            raise InvalidMessageFormat(f"The query is not valid: `{name}` comes twice.")
        values[name] = given[0]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidMessageFormat(f"The query is not valid: {error}.") from None


def listed(
    request: Request,
    items: Sequence[Any] | QuerySet[Any],
    show: Callable[[list[Any]], Iterable[T]] = list,
) -> dict[str, Any]:
    """The part of a list that the request asks for; `show` makes the bodies of its items."""
    part = asked(request, bodies.ListQuery)
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


# --- Tokens --------------------------------------------------------------------------------------


class Tokens(Endpoint):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="tokens_create",
        summary="Get a token for a username and a password",
        request=serializers.of(bodies.Credentials),
        responses={201: serializers.of(bodies.NewToken)} | refusals(400, 401, 413, 415, 429, 503),
    )
    def post(self, request: Request) -> Response:
        given: bodies.Credentials = read(request, serializers.of(bodies.Credentials))
        user = authenticate(request, username=given.username, password=given.password)
        if not isinstance(user, User):
            wait = getattr(request, "try_again_in", None)  # says accounts.lockout
            if wait is not None and getattr(request, "is_busy", False):
                raise Unavailable(
                    f"Too many log in at once: try again in {wait:.1f} s.",
                    retry_after=round(wait, 1),
                )
            if wait is not None:
                raise RateLimited(wait, "There were too many tries with a wrong password")
            raise AuthenticationRequired("The username or the password is wrong.")
        ratelimit.tokens.take(user.pk)
        raw = tokens.issue(user, name="HTTP API")
        user_logged_in.send(sender=User, request=request, user=user)
        token = Token.objects.get(digest=tokens.digest(raw))
        expires = token.expires_at.timestamp() if token.expires_at else None
        return Response(bodies.NewToken(token=raw, expires=expires), status=201)


class CurrentToken(Endpoint):
    @extend_schema(
        operation_id="tokens_current_delete",
        summary="Revoke the token that this request comes with",
        responses={204: None} | refusals(401, 403, 503),
    )
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, Token):
            raise PermissionDenied("This request came without a token.")
        tokens.revoke(request.auth)
        return Response(status=204)


# --- Courses -------------------------------------------------------------------------------------


class Courses(Endpoint):
    @extend_schema(
        operation_id="courses_list",
        summary="The courses one is in",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Courses)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        rooms = courses.my_course_rooms(self.me(request))
        return Response(
            listed(request, rooms, lambda part: (shapes.course(room, room.role) for room in part))
        )


class Questions(Endpoint):
    @extend_schema(
        operation_id="courses_questions_list",
        summary="The questions of a course, with their right choices",
        description="Who leads the course sees all of them, a student those already revealed.",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Questions)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = courses.questions_for(permissions.enrolled(self.me(request), slug))
        return Response(listed(request, found, lambda part: map(shapes.question, part)))


class State(Endpoint):
    @extend_schema(
        operation_id="courses_state_retrieve",
        summary="Where the class stands",
        responses={200: serializers.of(Snapshot)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        permissions.enrolled(self.me(request), slug)
        # Where nobody has a socket open, nobody else closes them.
        session.close_due_rounds()
        return Response(classroom.snapshot(self.me(request), slug))


class Votes(Endpoint):
    @extend_schema(
        operation_id="courses_vote_create",
        summary="Vote in the round that is open",
        description="The last vote before the round closes counts. One that names its `question` "
        "and `round` counts in no other one.",
        request=serializers.NewVoteSerializer,
        responses={200: serializers.of(bodies.Voted)} | refusals(*WRITING, 409, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        vote: CastVote = read(request, serializers.NewVoteSerializer, course=slug)
        rationale = clean_rationale(vote.rationale)
        ratelimit.votes.take(user.pk)
        ballot = Ballot(
            user, vote.course, vote.choice, vote.confidence, rationale, vote.question, vote.round
        )
        cast_in = cast_votes([ballot])[0]
        if isinstance(cast_in, PeerError):
            raise cast_in
        return Response({"round": cast_in.number, "choice": vote.choice})


class MyVotes(Endpoint):
    @extend_schema(
        operation_id="courses_votes_list",
        summary="One's own votes in a course, the last one first",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.MyVotes)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        found = results.my_votes(user, permissions.enrolled(user, slug).course)
        return Response(listed(request, found, lambda part: map(shapes.vote, part)))


class Partners(Endpoint):
    @extend_schema(
        operation_id="courses_partners_retrieve",
        summary="One's partners now",
        responses={200: serializers.of(bodies.Partners)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        now = classroom.snapshot(self.me(request), slug)
        return Response(
            bodies.Partners(
                course=now.course,
                room=now.room,
                partners=now.partners,
                epoch=now.epoch,
                revision=now.revision,
            )
        )


class Control(Endpoint):
    @extend_schema(
        operation_id="courses_control_create",
        summary="Move the class on: an instructor's command, as on the socket",
        description="A command that comes again under its `uuid` does nothing.",
        request=serializers.ControlSerializer,
        responses={200: serializers.ControlReplySerializer} | refusals(*WRITING, 409),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        command: commands.Control = read(request, serializers.ControlSerializer)
        reply: dict[str, Any] = {
            "uuid": command.uuid,
            "action": command.action,
            "status": "success",
        }
        if isinstance(command, Figures):
            reply |= msgspec.structs.asdict(results.figures_for(user, slug))
        else:
            moved = session.control(user=user, course=slug, command=command)
            reply |= {"phase": moved.phase, "epoch": moved.epoch}
            if moved.groups is not None:
                reply["groups"] = moved.groups
        return Response(reply)


class Sessions(Endpoint):
    @extend_schema(
        operation_id="courses_sessions_list",
        summary="The classes of a course, the last one first",
        description="Who leads the course is told the votes of each round as well.",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Sessions)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        enrollment = permissions.enrolled(self.me(request), slug)

        def show(part: list[Any]) -> Iterable[bodies.SessionInfo]:
            counts = None
            if enrollment.leads:
                counts = results.vote_counts(r for one in part for r in one.last_rounds)
            return (shapes.session(one, counts) for one in part)

        return Response(listed(request, results.class_sessions(enrollment.course), show))


class UseLog(Endpoint):
    @extend_schema(
        operation_id="courses_uselog_retrieve",
        summary="The use log of a course",
        description=(
            "One row per thing done: `timestamp, sid, event, act, div_id, course_id`. With "
            "`names=pseudonyms` the same person always has the same other name within the course."
        ),
        parameters=query(bodies.UseLogQuery),
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR),
            (200, "application/jsonl"): OpenApiResponse(OpenApiTypes.STR),
        }
        | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        course = permissions.leading(self.me(request), slug).course
        wanted = asked(request, bodies.UseLogQuery)
        export = Export(
            course,
            format=wanted.format,
            since=_moment("since", wanted.since),
            until=_moment("until", wanted.until),
            pseudonyms=wanted.names == "pseudonyms",
        )
        streamed = isinstance(request._request, ASGIRequest)
        return StreamingHttpResponse(
            export.stream() if streamed else export,
            content_type=export.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{slug}-uselog.{wanted.format}"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _moment(name: str, text: str | None) -> datetime | None:
    """A point in time: ISO 8601 (UTC where it names no zone) or seconds since the epoch."""
    if text is None:
        return None
    try:
        try:
            return datetime.fromtimestamp(float(text), UTC)
        except ValueError:
            moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidMessageFormat(f"The query is not valid: `{name}` is no time.") from None


# --- Rooms ---------------------------------------------------------------------------------------


class Rooms(Endpoint):
    @extend_schema(
        operation_id="rooms_list",
        summary="The rooms one is in, and the open ones of one's courses",
        parameters=query(bodies.ListQuery),
        responses={200: serializers.of(bodies.Rooms)} | refusals(*READING),
    )
    def get(self, request: Request) -> Response:
        found = rooms_seen(self.me(request))
        return Response(listed(request, found, lambda part: map(shapes.room, part)))

    @extend_schema(
        operation_id="rooms_create",
        summary="Make an open room of a course",
        request=serializers.of(bodies.NewRoom),
        responses={201: serializers.of(bodies.RoomDetails)} | refusals(*WRITING, 429),
    )
    def post(self, request: Request) -> Response:
        user = self.me(request)
        wanted: bodies.NewRoom = read(request, serializers.of(bodies.NewRoom))
        ratelimit.messages.take(user.pk)
        room = create_room(user=user, course=wanted.course, title=wanted.title, topic=wanted.topic)
        return Response(shapes.room(room_seen(user, str(room.id))), status=201)


class Messages(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_list",
        summary="Messages of a room, oldest first",
        description=(
            "The first ones after the number `after`, or else the last ones; of those before "
            "`before` where it is given. With `wait` the answer comes as soon as there is "
            "something after `after`, or after so many seconds without."
        ),
        parameters=query(bodies.MessagesQuery),
        responses={200: serializers.of(bodies.Messages)} | refusals(*READING, 404, 429),
    )
    def get(self, request: Request, room: str) -> Response:
        user = self.me(request)
        wanted = asked(request, bodies.MessagesQuery)
        found, page = messages.messages_page(
            user, room, after=wanted.after, before=wanted.before, limit=wanted.limit
        )
        poll = poll_of(request)
        if poll is not None and wanted.wait:
            poll.present(user.pk, user.username)
            if wanted.after is not None and wanted.before is None and not page:
                poll.wait_for(
                    Wanted(
                        user=user.pk,
                        audience=names.room(found.id),
                        group=names.course(found.course_id),
                        after=wanted.after,
                        seconds=wanted.wait,
                    )
                )
        return Response(_page(request, wanted, found.last_seq, str(found.id), page))

    @extend_schema(
        operation_id="rooms_messages_create",
        summary="Post a message",
        description=(
            "Under a `uuid` that one has used in the room before, the stored message is returned "
            "(200) and nothing new stored."
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
        text = clean_text(message.text)
        ratelimit.messages.take(user.pk)
        post = Post(user, message.room, message.uuid, text, message.reply_to)
        posted = post_messages([post])[0]
        if isinstance(posted, PeerError):
            raise posted
        return Response(frames.body(posted.message), status=200 if posted.again else 201)


def _page(
    request: Request,
    wanted: bodies.MessagesQuery,
    last_seq: int,
    room: str,
    page: list[MessageBody],
) -> bodies.Messages:
    def beside(**values: int) -> str:
        url = request.build_absolute_uri(request.path)
        for name, value in {**values, "limit": wanted.limit}.items():
            url = replace_query_param(url, name, value)
        return url

    later = earlier = None
    if page:
        if page[-1].seq < last_seq:
            later = beside(after=page[-1].seq)
        if page[0].seq > 1:
            earlier = beside(before=page[0].seq)
    elif wanted.after:
        earlier = beside(before=wanted.after + 1)
    return bodies.Messages(
        room=room,
        last_seq=max(last_seq, page[-1].seq if page else 0),
        next=later,
        previous=earlier,
        results=page,
    )


# --- The producer --------------------------------------------------------------------------------


class PeerMessages(Endpoint):
    @extend_schema(
        operation_id="peer_messages_create",
        summary="Post a peer message",
        description=(
            "`text` goes to one's partners now; with `broadcast`, from an instructor, to everyone "
            "in the course. `control` carries out the step of the class that `message` names: "
            f"{', '.join(f'`{name}`' for name in peer.STEPS)}."
        ),
        request=serializers.of(bodies.PeerMessage),
        responses={201: serializers.of(MessageBody)} | refusals(*WRITING, 404, 409, 429),
    )
    def post(self, request: Request) -> Response:
        user = self.me(request)
        given: bodies.PeerMessage = read(request, serializers.of(bodies.PeerMessage))
        if given.sender not in (None, user.username):
            raise PermissionDenied("The sender is who is logged in.")
        ratelimit.messages.take(user.pk)
        course, to = given.course_name, [given.to] if isinstance(given.to, str) else given.to or []
        if given.type == "control":
            if to:
                raise InvalidMessageFormat("A control message is for the whole class.")
            body = frames.body(
                peer.take_step(
                    user=user, course=course, message=given.message, question=given.div_id
                )
            )
        elif given.broadcast:
            if to:
                raise InvalidMessageFormat("A broadcast is for the whole class.")
            body = frames.body(peer.post_to_course(user=user, course=course, text=given.message))
        else:
            body = frames.body(
                peer.post_to_partners(user=user, course=course, text=given.message, to=to)
            )
        return Response(body, status=201)


@extend_schema(exclude=True)
class Nothing(Endpoint):
    """Every other address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound
