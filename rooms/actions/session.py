"""Moving the class through the phases of a question."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rooms import permissions
from rooms.actions import partners, seating, tell, uselog
from rooms.actions.messages import store_message
from rooms.models import (
    ClassSession,
    Course,
    Message,
    PartnerGroup,
    Question,
    Room,
    Round,
)
from rooms.peer import phases
from rooms.peer.phases import Phase
from rooms.queries import classroom
from rooms.wire.commands import (
    Announce,
    Control,
    CountDownAndStop,
    EnableChat,
    EnableFaceChat,
    MakePartners,
    MoveStudent,
    NextQuestion,
    Reopen,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import IllegalTransition, InvalidMessageFormat, UuidReused
from rooms.wire.text import clean_text

NEW_SESSION_AFTER = timedelta(hours=6)
"""A question that is posed this long after anything happened opens a new class session."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a command has led; `groups` is the number of groups that were made, if any were."""

    phase: str
    epoch: int
    groups: int | None = None


@transaction.atomic
def control(*, user: User, course: str, command: Control) -> Moved:
    """Carry out an instructor's command in a course.

    A command that comes again under its uuid is answered as if it were new, and does nothing.
    Raises PermissionDenied for one who does not lead the course; IllegalTransition where the
    phase does not allow it, or another epoch stands than the command names; InvalidMessageFormat
    where the course has no such question, student or group; EmptyText and TextTooLong for an
    announcement; UuidReused where the uuid belongs to another message.
    """
    course_ = permissions.leading(user, course).course
    session = _lock(course_, user)
    if isinstance(command, MakePartners):
        if partners.formed_under(_groups_name(course_, user, command)):
            return Moved(str(session.phase), session.epoch, groups=_group_count(session))
    elif _came_before(course_, user, command):
        return Moved(str(session.phase), session.epoch)
    if command.epoch is not None and command.epoch != session.epoch:
        raise IllegalTransition(
            f"The class has moved on to the phase {session.phase}.",
            phase=str(session.phase),
            epoch=session.epoch,
        )
    before, to = session.phase, _target(session, command)
    partners.lock_rooms(session)
    now = timezone.now()
    session.controller = user
    match command:
        case Announce():
            _announce(session, user, command, now)
            return Moved(str(session.phase), session.epoch)
        case MakePartners():
            formed = partners.form(
                session,
                size=command.group_size,
                method=command.method,
                name=_groups_name(course_, user, command),
            )
            return Moved(str(session.phase), session.epoch, groups=formed)
        case MoveStudent():
            seating.move_student(session, username=command.username, number=command.group)
            return Moved(str(session.phase), session.epoch)
        case StartQuestion():
            session = _renewed(session, now)
            _pose(session, _question(course_, command.question), command.seconds, now)
        case CountDownAndStop():
            session.deadline = now + timedelta(seconds=command.seconds)
        case StopVote():
            _close_round(session, now)
        case EnableChat() | EnableFaceChat():
            seating.seat_students(session)
        case StartRevote():
            _open_second_round(session, command.seconds, now)
        case Reopen():
            _reopen(session)
        case NextQuestion(question=None):
            _leave_question(session)
        case NextQuestion():
            assert command.question is not None
            _leave_question(session)
            _pose(session, _question(course_, command.question), None, now)
    message = phases.control_message(command.action, to)
    assert message is not None
    _advance(
        session, to=to, message=message, uuid_=message_uuid(command), act=command.action, now=now
    )
    if to in phases.PARTNER_PHASES and before not in phases.PARTNER_PHASES:
        # Snapshots show the partners from here on, also where the discussion is left out.
        tell.partners(session)
    return Moved(str(session.phase), session.epoch)


def close_due_rounds(*, now: datetime | None = None) -> int:
    """Close the rounds whose deadline has come; returns how many.

    Any worker may call it at any time: the one that gets the lock closes the round, and the
    others find it closed.
    """
    moment = now or timezone.now()
    due = ClassSession.objects.filter(ended_at=None, deadline__lte=moment).values_list(
        "pk", flat=True
    )
    return sum(_close_due(pk, moment) for pk in due)


@transaction.atomic
def _close_due(pk: int, now: datetime) -> bool:
    session = (
        ClassSession.objects.filter(pk=pk, ended_at=None, deadline__lte=now)
        .select_for_update(no_key=True, of=("self",))
        .select_related("course", "current_round", "controller")
        .first()
    )
    if session is None:
        return False
    _close_round(session, now)
    _advance(
        session,
        to=phases.close(Phase(session.phase)),
        message="stopVote",
        uuid_=uuid.uuid4().hex,
        act="deadline",
        now=now,
    )
    return True


@transaction.atomic
def mend_question(*, question: Question) -> None:
    """Give the classes in which a question runs a new revision, as its wording or key is mended.

    What processes remember of where a class stands goes by that.
    """
    # A class that is just posing the question has the lock of the course, or sees what was mended.
    Course.objects.select_for_update(no_key=True).get(pk=question.course_id)
    running = (
        ClassSession.objects.filter(current_round__question=question, ended_at=None)
        .select_for_update(no_key=True, of=("self",))
        .order_by("pk")
    )
    for session in running:
        partners.count_change(session)


@transaction.atomic
def seat_students(*, session: int) -> int:
    """Put late and lonely students of a class session with others; returns how many.

    Does nothing while somebody else works on the session.
    """
    found = (
        ClassSession.objects.filter(
            pk=session, ended_at=None, phase__in=(Phase.VOTE_CLOSED, Phase.DISCUSS)
        )
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("course", "current_round")
        .first()
    )
    return seating.seat_students(found) if found is not None else 0


def _lock(course: Course, user: User) -> ClassSession:
    # The course's row first: it is there even when no class session is.
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    session = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_for_update(no_key=True, of=("self",))
        .select_related("current_round")
        .first()
    )
    if session is None:
        now = timezone.now()
        last = classroom.last_epoch_session(course)
        session = ClassSession.objects.create(
            course=course,
            controller=user,
            started_at=now,
            changed_at=now,
            epoch=last.epoch if last is not None else 0,
            revision=last.revision if last is not None else 0,
        )
    session.course = course
    return session


def _renewed(session: ClassSession, now: datetime) -> ClassSession:
    """The session to pose a question in: a new one where the last question was long ago."""
    if now - session.changed_at < NEW_SESSION_AFTER:
        _leave_question(session)
        return session
    if session.current_round is not None:
        # The old session keeps the question it ended with.
        partners.archive_rooms(session)
    session.ended_at = now
    session.save(update_fields=["ended_at"])
    return ClassSession.objects.create(
        course=session.course,
        controller=session.controller,
        started_at=now,
        changed_at=now,
        epoch=session.epoch,
        revision=session.revision,
    )


def _leave_question(session: ClassSession) -> None:
    if session.current_round is not None:
        partners.archive_rooms(session)
        session.current_round = None


def _came_before(course: Course, user: User, command: Control) -> bool:
    before = Message.objects.filter(
        room__course=course,
        room__kind=Room.Kind.COURSE,
        sender=user,
        uuid=message_uuid(command),
    ).first()
    if before is None:
        return False
    if isinstance(command, Announce):
        same = before.kind == Message.Kind.SYSTEM and before.text == command.text.strip()
    else:
        leads_to = {phases.control_message(command.action, phase) for phase in Phase}
        same = before.kind == Message.Kind.CONTROL and before.text in leads_to
    if not same:
        raise UuidReused
    return True


def _groups_name(course: Course, user: User, command: MakePartners) -> uuid.UUID:
    """Names the groups that a command forms, which leaves no message."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{course.pk}:{user.pk}:{command.uuid}")


def _group_count(session: ClassSession) -> int:
    first, _ = classroom.rounds(session)
    return PartnerGroup.objects.filter(round=first).count() if first is not None else 0


def message_uuid(command: Control) -> str:
    """The uuid of the message that a command leads to.

    It goes by the command's, so that one that comes again is known; but it is another one, since
    the message must not be taken for the reply.
    """
    return uuid.uuid5(uuid.NAMESPACE_OID, command.uuid).hex


def _target(session: ClassSession, command: Control) -> Phase:
    phase = Phase(session.phase)
    first, _ = classroom.rounds(session)
    made = first is not None and PartnerGroup.objects.filter(round=first).exists()
    named = isinstance(command, NextQuestion) and command.question is not None
    try:
        return phases.transition(phase, command.action, groups_made=made, question=named)
    except phases.IllegalTransition as error:
        raise IllegalTransition(str(error), phase=str(phase), epoch=session.epoch) from None


def _question(course: Course, slug: str) -> Question:
    found = Question.objects.filter(course=course, slug=slug).prefetch_related("choices").first()
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    return found


def _pose(session: ClassSession, question: Question, seconds: float | None, now: datetime) -> None:
    session.current_round = Round.objects.create(
        session=session, question=question, number=1, opened_at=now
    )
    session.deadline = now + timedelta(seconds=seconds) if seconds is not None else None


def _open_second_round(session: ClassSession, seconds: float | None, now: datetime) -> None:
    first = session.current_round
    assert first is not None
    session.current_round = Round.objects.create(
        session=session, question=first.question, number=2, first=first, opened_at=now
    )
    session.deadline = now + timedelta(seconds=seconds) if seconds is not None else None


def _close_round(session: ClassSession, now: datetime) -> None:
    assert session.current_round is not None
    session.deadline = None
    session.current_round.closed_at = now
    session.current_round.save(update_fields=["closed_at"])


def _reopen(session: ClassSession) -> None:
    assert session.current_round is not None
    if session.current_round.number == 1:
        # The votes may change, and the groups go by them.
        partners.dissolve(session)
    session.current_round.closed_at = None
    session.current_round.save(update_fields=["closed_at"])


def _announce(session: ClassSession, user: User, command: Announce, now: datetime) -> None:
    fields = _fields(session)
    fields["message"] = "announce"
    store_message(
        Message(
            room=_course_room(session.course),
            sender=user,
            uuid=message_uuid(command),
            kind=Message.Kind.SYSTEM,
            text=clean_text(command.text),
            control=fields,
            created_at=now,
        )
    )


def _advance(
    session: ClassSession, *, to: Phase, message: str, uuid_: str, act: str, now: datetime
) -> None:
    """Store the transition and tell the class."""
    session.phase = to.value
    session.epoch += 1
    session.revision += 1
    session.control_message = message
    session.changed_at = now
    session.save()
    store_message(
        Message(
            room=_course_room(session.course),
            sender=session.controller,
            uuid=uuid_,
            kind=Message.Kind.CONTROL,
            text=message,
            control=_fields(session),
            created_at=now,
        )
    )
    round_ = session.current_round
    uselog.record(
        [
            uselog.row(
                sid=session.controller.username,
                event="peer",
                act=act,
                course_id=session.course.slug,
                div_id=round_.question.slug if round_ is not None else "",
                timestamp=now,
            )
        ]
    )
    tell.figures_changed(session.course_id)


def _fields(session: ClassSession) -> dict[str, Any]:
    """The fields of the `control` event, as they are stored."""
    fields: dict[str, Any] = msgspec.to_builtins(classroom.control_fields(session.course, session))
    return fields


def _course_room(course: Course) -> Room:
    return Room.objects.get(course=course, kind=Room.Kind.COURSE)
