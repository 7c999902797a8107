"""The endpoints for a class: its state, votes, partners and control."""

from msgspec import Raw, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people
from rooms import frames, permissions, ratelimit
from rooms.actions import peer, session
from rooms.actions.votes import Ballot, DraftBallot, cast_vote, leave_draft
from rooms.api import bodies, serializers, shapes
from rooms.api.endpoint import Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.queries import classroom, results, visits
from rooms.wire import commands, replies
from rooms.wire.commands import (
    CastVote,
    DraftVote,
    Figures,
)
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied
from rooms.wire.events import MessageBody, Snapshot
from rooms.wire.group_commands import (
    VisitGroup,
)


class State(Endpoint):
    @extend_schema(
        operation_id="courses_state_retrieve",
        summary="Get the current state of the class",
        responses={200: serializers.of(Snapshot)} | refusals(401, 403, 503),
    )
    def get(self, request: Request, slug: str) -> Response:
        permissions.enrolled(self.me(request), slug)
        # Where nobody has a socket open, no other code closes due rounds.
        session.close_due_rounds()
        return Response(classroom.snapshot(self.me(request), slug))


class Votes(Endpoint):
    @extend_schema(
        operation_id="courses_vote_create",
        summary="Vote in the open round",
        description="The last vote before the round closes counts. A vote that names its "
        "`question` and `round` counts only there.",
        request=serializers.NewVoteSerializer,
        responses={200: serializers.of(replies.Voted)} | refusals(*WRITING, 409, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        vote: CastVote = read(request, serializers.NewVoteSerializer, course=slug)
        return Response(frames.voted(cast_vote(ballot=Ballot.of(user, vote))))


class Drafts(Endpoint):
    @extend_schema(
        operation_id="courses_draft_create",
        summary="Leave a choice that counts when the open round closes",
        description="A vote that you cast later replaces it. `after` is the `cast_at` of your vote "
        "in the round that you know; if there is a later one, the draft is not `kept`.",
        request=serializers.NewDraftSerializer,
        responses={200: serializers.of(replies.Drafted)} | refusals(*WRITING, 409, 429),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        draft: DraftVote = read(request, serializers.NewDraftSerializer, course=slug)
        left = leave_draft(ballot=DraftBallot.of_draft(user, draft))
        return Response(frames.drafted(draft.round, left))


class MyVotes(Endpoint):
    @extend_schema(
        operation_id="courses_votes_list",
        summary="List your votes in a course, newest first",
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
        summary="Get your current partners",
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
                group=now.group,
                group_place=now.group_place,
                offered=now.offered,
            )
        )


class Control(Endpoint):
    @extend_schema(
        operation_id="courses_control_create",
        summary="Run an instructor's command, as on the socket",
        description="A repeated command with the same `uuid` has no effect.",
        request=serializers.ControlSerializer,
        responses={200: serializers.ControlReplySerializer} | refusals(*WRITING, 409),
    )
    def post(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        command: commands.Control = read(request, serializers.ControlSerializer)
        reply: Struct
        if isinstance(command, Figures):
            reply = results.figures_for(user, slug)
        elif isinstance(command, VisitGroup):
            session.control(user=user, course=slug, command=command)
            reply = visits.visited(user, slug, command.group)
        else:
            moved = session.control(user=user, course=slug, command=command)
            reply = replies.Moved.to(moved.phase, moved.epoch, moved.groups, moved.question)
        return Response(Raw(replies.encode(command, reply)))


class PeerMessages(Endpoint):
    @extend_schema(
        operation_id="peer_messages_create",
        summary="Post a peer message",
        description=(
            "`text` goes to your current partners or, with `broadcast` from an instructor, to "
            "everyone in the course. `control` runs the step that `message` names: "
            f"{', '.join(f'`{name}`' for name in peer.STEPS)}."
        ),
        request=serializers.of(bodies.PeerMessage),
        responses={201: serializers.of(MessageBody)} | refusals(*WRITING, 404, 409, 429),
    )
    def post(self, request: Request) -> Response:
        user = self.me(request)
        given: bodies.PeerMessage = read(request, serializers.of(bodies.PeerMessage))
        if given.sender not in (None, people.username(user)):
            raise PermissionDenied("The sender must be the authenticated user.")
        course, to = given.course_name, [given.to] if isinstance(given.to, str) else given.to or []
        if given.type == "control":
            ratelimit.messages.take(user.pk)
            if to:
                raise InvalidMessageFormat("A control message must go to the whole class.")
            body = frames.body(
                peer.take_step(
                    user=user, course=course, message=given.message, question=given.div_id
                )
            )
        elif given.broadcast:
            if to:
                raise InvalidMessageFormat("A broadcast must go to the whole class.")
            body = frames.body(peer.post_to_course(user=user, course=course, text=given.message))
        else:
            body = frames.body(
                peer.post_to_partners(user=user, course=course, text=given.message, to=to)
            )
        return Response(body, status=201)
