"""Stores what students say convinced them, until the reveal."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import tell
from rooms.models import (
    ClassSession,
    ClassSettings,
    Conviction,
    Enrollment,
    Message,
    Partner,
    Round,
    Vote,
)
from rooms.peer.phases import Phase
from rooms.queries.classroom import class_session
from rooms.queries.convictions import convinced_body
from rooms.queries.pseudonyms import find_fellow
from rooms.wire.commands import SayConvinced
from rooms.wire.convinced import ConvincedBody
from rooms.wire.errors import NoPartner, NoSuchArgument, PermissionDenied, RoundClosed

SAID_IN = frozenset({Phase.REVOTE, Phase.REVOTE_CLOSED})
"""The phases in which students say what convinced them."""


@transaction.atomic
def say_convinced(*, user: User, command: SayConvinced) -> ConvincedBody:
    """Store what convinced a student in the second vote, in the place of what they said before.

    Returns it as the student is told.

    Raises PermissionDenied for those who are no students of the course, and if it does not ask
    this; CourseArchived; RoundClosed if the class is not at the second vote on this question, or
    its answer was revealed; NoPartner for a student who talked to nobody; NoSuchArgument for a
    message or a reason that no partner has; and RateLimited.
    """
    ratelimit.votes.take(user.pk)
    enrollment = permissions.enrolled(user, command.course)
    course = enrollment.course
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can say what convinced them.")
    permissions.in_use(course)
    if not ClassSettings.of(course).asks_convinced:
        raise PermissionDenied("This course does not ask what convinced you.")
    session = class_session(course)
    second = _second_round(session, command.question)
    place = Partner.objects.filter(round=second.first_id, user=user).select_related("group").first()
    if place is None:
        raise NoPartner("You have no partners whose arguments could have convinced you.")
    message = _message(place, command.message) if command.message is not None else None
    vote = _reason(place, command.username) if command.by == "reason" else None
    said = Conviction(
        round=second,
        user=user,
        by=command.by,
        message=message,
        vote=vote,
        said_at=_next_moment(second, user),
    )
    # One statement, so that two devices at once leave one of the two.
    Conviction.objects.bulk_create(
        [said],
        update_conflicts=True,
        unique_fields=["round", "user"],
        update_fields=["by", "message", "vote", "said_at"],
    )
    body = convinced_body(said)
    tell.convinced(user, course, second.question, body)
    if second.closed_at is not None:
        # The dashboards see the arguments by now.
        tell.figures_changed(course.pk)
    return body


def _second_round(session: ClassSession | None, question: str) -> Round:
    """Return the second round of the question at which a class is. Raises RoundClosed."""
    if session is not None and session.phase in SAID_IN:
        second = session.current_round
        if second is not None and second.question.is_called(question):
            return second
    raise RoundClosed("This class is not at the second vote on this question.")


def _message(place: Partner, message: str) -> Message:
    """Return a message of a partner in the room of the group. Raises NoSuchArgument."""
    try:
        name = UUID(message)
    except ValueError:
        raise NoSuchArgument from None
    partners = Partner.objects.filter(group=place.group_id).exclude(pk=place.pk)
    found = Message.objects.filter(
        pk=name,
        room=place.group.room_id,
        sender__in=partners.values("user"),
        kind=Message.Kind.TEXT,
        removed_at=None,
    )
    if (one := found.select_related("sender").first()) is None:
        raise NoSuchArgument
    return one


def _reason(place: Partner, username: str | None) -> Vote:
    """Return the vote of a partner, or the one offered to the group, for its reason.

    Raises NoSuchArgument.
    """
    found = Vote.objects.filter(round=place.round_id).exclude(rationale="")
    if username is None:
        found = found.filter(pk__in=[place.group.offered_id])
    else:
        partners = Partner.objects.filter(group=place.group_id).exclude(pk=place.pk)
        found = found.filter(
            user__in=partners.values("user"), user=find_fellow(place.round.session, username)
        )
    if (one := found.select_related("user").first()) is None:
        raise NoSuchArgument
    return one


def _next_moment(second: Round, user: User) -> datetime:
    """Return the time of what a student says now, later than what they said before.

    The clock may step back, and clients go by the times.
    """
    now = timezone.now()
    last = Conviction.objects.filter(round=second, user=user).first()
    return now if last is None else max(now, last.said_at + timedelta(microseconds=1))
