"""The endpoints for partner groups and flagged messages."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response

from rooms import frames, pairing_said, permissions
from rooms.actions import audit, moderation
from rooms.actions import flags as flag_actions
from rooms.api import serializers, talk_bodies
from rooms.api.bodies import ListQuery
from rooms.api.endpoint import DELETING, Endpoint, asked, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.queries import flags, talk, visits
from rooms.queries.flags import Flagged
from rooms.queries.talk import GroupSeen, Member
from rooms.wire import replies
from rooms.wire.commands import FlagMessage
from rooms.wire.errors import NoSuchMessage
from rooms.wire.events import MessageBody


class Groups(Endpoint):
    @extend_schema(
        operation_id="courses_groups_list",
        summary="List the partner groups of the current question, and how they talk",
        description="For those who lead the course. No text is read for it.",
        parameters=query(ListQuery),
        responses={200: serializers.of(talk_bodies.Groups)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        course = permissions.leading(user, slug).course
        found = talk.groups(course)
        if found.groups:
            # They have the first answers of their members.
            audit.record(actor=user, act="groups.view", course=course)
        ask = [talk_bodies.GroupToAsk(one.number, list(one.why)) for one in found.asks]
        part = listed(request, found.groups, lambda groups: map(_group, groups))
        return Response({**part, "ask": ask, "server_time": time.time()})


class GroupMessages(Endpoint):
    @extend_schema(
        operation_id="courses_groups_messages_list",
        summary="Read on in a group that you visit",
        description=(
            "For those who lead the course, within five minutes of their `visit_group` there. "
            "Returns the newest messages, or the first ones after the number `after`."
        ),
        parameters=query(talk_bodies.VisitQuery),
        responses={200: serializers.of(replies.Visited)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str, group: int) -> Response:
        wanted = asked(request, talk_bodies.VisitQuery)
        return Response(visits.visited(self.me(request), slug, group, after=wanted.after))


class Flags(Endpoint):
    @extend_schema(
        operation_id="courses_flags_list",
        summary="List the flagged messages of a course",
        description="For those who lead the course: messages that nobody has seen to yet.",
        parameters=query(ListQuery),
        responses={200: serializers.of(talk_bodies.Flags)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        user = self.me(request)
        course = permissions.leading(user, slug).course
        found = flags.flagged(course)
        if found.exists():
            audit.record(actor=user, act="flags.view", course=course)
        return Response(listed(request, found, lambda rows: map(_flag, flags.with_messages(rows))))

    @extend_schema(
        operation_id="courses_flags_create",
        summary="Note that a flagged message is seen to, or open its flags again",
        request=serializers.of(talk_bodies.Settling),
        responses={204: None} | refusals(*WRITING, 404),
    )
    def post(self, request: Request, slug: str) -> Response:
        given: talk_bodies.Settling = read(request, serializers.of(talk_bodies.Settling))
        try:
            message = UUID(given.message)
        except ValueError:
            raise NoSuchMessage from None
        flag_actions.settle_flags(
            user=self.me(request),
            course=slug,
            message=message,
            settled=given.settled,
            since=None if given.since is None else datetime.fromtimestamp(given.since, UTC),
        )
        return Response(status=204)


class Flag(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_flag_create",
        summary="Flag a message for those who lead the course, or take that back",
        request=serializers.FlagSerializer,
        responses={200: serializers.of(replies.Flagged)} | refusals(*WRITING, 404, 429),
    )
    def post(self, request: Request, room: str, seq: int) -> Response:
        command: FlagMessage = read(request, serializers.FlagSerializer, room=room, seq=seq)
        return Response(flag_actions.flag(user=self.me(request), command=command))


class Restored(Endpoint):
    @extend_schema(
        operation_id="rooms_messages_restore_create",
        summary="Restore a message that was removed",
        description=(
            "Instructors and assistants can do this, but not with what its sender has removed. The "
            "text of a message in a partner room is left out of the answer, unless you visit the "
            "group now or the message was flagged."
        ),
        request=None,
        responses={200: serializers.of(MessageBody)} | refusals(*DELETING),
    )
    def post(self, request: Request, room: str, seq: int) -> Response:
        user = self.me(request)
        message = moderation.restore_message(user=user, room=room, seq=seq)
        body = frames.body(message)
        if not visits.may_read(user, message):
            body = msgspec.structs.replace(body, text="")
        return Response(body)


def _group(seen: GroupSeen) -> talk_bodies.GroupInfo:
    group = seen.group
    known: dict[str, Any] = {
        "voters": group.voters,
        "mixed": group.is_mixed,
        "right": group.right,
        "confidence_gap": group.confidence_gap,
        "repeats": group.repeats,
        "method": group.method or None,
        "place": group.place or None,
        "broken": seen.broken or None,
        "reason": pairing_said.sentence(group, broken=seen.broken) or None,
    }
    return talk_bodies.GroupInfo(
        group=group.number,
        room=str(group.room_id),
        members=[_member(member) for member in seen.members],
        talk=seen.talk.value,
        messages=seen.written.total,
        last_at=None if seen.written.last is None else seen.written.last.timestamp(),
        flags=seen.flags,
        slow_seconds=group.room.slow_seconds,
        **{name: value for name, value in known.items() if value is not None},
    )


def _member(member: Member) -> talk_bodies.GroupMember:
    until = member.muted_until
    return talk_bodies.GroupMember(
        username=member.seen.username,
        display_name=member.seen.display_name,
        pseudonym=member.seen.pseudonym,
        name=UNSET if member.name is None else member.name,
        online=member.online,
        choice=member.choice,
        messages=member.messages,
        muted_until=until.timestamp() if until is not None and until > timezone.now() else UNSET,
        place=member.place or UNSET,
        seat=member.seat or UNSET,
    )


def _flag(one: Flagged) -> talk_bodies.FlagInfo:
    return talk_bodies.FlagInfo(
        message=frames.body(one.message),
        flags=one.flags,
        since=one.since.timestamp(),
        room_title=one.message.room.title,
        group=one.group,
    )
