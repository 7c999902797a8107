"""Moving the class through the phases of a question."""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import bars, partners, pseudonyms, seating, tell, timing, uselog
from rooms.actions.group_steps import GROUP_STEPS
from rooms.actions.steps import (
    STEPS,
    Step,
    close_round,
    leave_question,
    message_uuid,
    posed_by,
    post_to_class,
)
from rooms.conf import limits
from rooms.models import ClassSession, Course, Message, PartnerGroup
from rooms.peer import phases
from rooms.peer.phases import OPEN_PHASES, PARTNER_PHASES, Phase
from rooms.queries import classroom
from rooms.wire.commands import Control, NextQuestion, StopVote
from rooms.wire.errors import IllegalTransition

EARLY_LIMIT = 1_000
"""The most classes that one turn looks at for rounds that close early."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of a command.

    `groups` is the number of partner groups it made, and `question` the slug of the question it
    made, if any.
    """

    phase: str
    epoch: int
    groups: int | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A round that a command closes at `deadline`. The command has to be given again then."""

    deadline: datetime

    @property
    def seconds(self) -> float:
        """Return the seconds until the round closes."""
        return max((self.deadline - timezone.now()).total_seconds(), 0)


def control(*, user: User, course: str, command: Control) -> Moved:
    """Carry out an instructor's command in a course, and wait until it is done.

    `stop_vote` waits in this thread until the round is closed. In a transaction of the caller it
    closes the round at once: nobody would hear of the close before the commit, and votes would wait
    for the lock that the transaction holds. Raises the errors of `begin`.
    """
    at_once = transaction.get_connection().in_atomic_block
    done = begin(user=user, course=course, command=command, at_once=at_once)
    while isinstance(done, Closing):
        time.sleep(done.seconds)
        done = begin(user=user, course=course, command=command)
    return done


@transaction.atomic
def begin(*, user: User, course: str, command: Control, at_once: bool = False) -> Moved | Closing:
    """Carry out an instructor's command in a course, or begin to.

    `stop_vote` announces that the round closes a moment later, so that clients send the choices
    that students have not sent. The caller calls again at that time, as a repeated command, and by
    then another process may have closed the round. If nobody calls again, the round closes all the
    same. With `at_once`, the round closes without that moment.

    A repeated command, recognised by its uuid, gets the same answer and has no effect. Raises
    PermissionDenied if the user does not lead the course; CourseArchived; IllegalTransition if the
    phase does not allow the command, or if the command names another epoch than the current one;
    InvalidMessageFormat if the course has no such question, student or group; InvalidChoice for a
    right answer that is no choice; EmptyText and TextTooLong for a text; UuidReused if the uuid
    belongs to another message.
    """
    course_ = permissions.leading(user, course).course
    step = (STEPS | GROUP_STEPS)[type(command)]
    session = _lock(course_, user)
    if step.known_before(course_, user, command):
        return _answer(session, step, user, command)
    now = timezone.now()
    again = _is_closing(session) and session.closing == message_uuid(command)
    if not again:
        _check_epoch(session, command)
        _check_closing(session, step)
    to = _target(session, command)
    if isinstance(command, StopVote) and not at_once and _close_later(session, user, command, now):
        assert session.deadline is not None
        return Closing(session.deadline)
    partners.lock_rooms(session)
    session.controller = user
    moves = session.phase in step.moves
    before = pseudonyms.Before.of(session)
    session = step.apply(session, command, now)
    pseudonyms.follow(session, before)
    if moves:
        message = phases.control_message(command.action, to)
        assert message is not None
        _advance(
            session,
            to=to,
            message=message,
            uuid_=message_uuid(command),
            act=command.action,
            now=now,
        )
    return _answer(session, step, user, command)


@transaction.atomic
def end_class(*, user: User, course: Course) -> None:
    """End the open class session of a course, if there is one: an open round closes first.

    The class leaves its question, and its pages hear of it. The caller holds the lock of the
    course, and has checked that the user may do this.
    """
    session = _open_session(course)
    if session is None:
        return
    now = timezone.now()
    partners.lock_rooms(session)
    session.controller = user
    if session.current_round is not None:
        if session.phase in OPEN_PHASES:
            close_round(session, now)
        leave_question(session)
        _advance(
            session,
            to=Phase.IDLE,
            message="enableNext",
            uuid_=uuid.uuid4().hex,
            act="end_class",
            now=now,
        )
    session.ended_at = now
    session.save(update_fields=["ended_at", "controller"])
    pseudonyms.end(session)


def close_due_rounds(*, now: datetime | None = None) -> int:
    """Close the rounds whose deadline has come, and return their number.

    Any worker may call it at any time. The one that gets the lock closes the round, and the others
    find it closed.
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
    close_round(session, now)
    _advance(
        session,
        to=phases.close(Phase(session.phase)),
        message="stopVote",
        uuid_=session.closing or uuid.uuid4().hex,
        act="stop_vote" if session.closing else "deadline",
        now=now,
    )
    return True


def close_early_rounds() -> int:
    """Have rounds close in a moment if most students who are here have voted, and count them.

    Only those of courses that want it. Any worker may call it at any time.
    """
    wanting = ClassSession.objects.filter(
        ended_at=None, phase__in=OPEN_PHASES, course__class_settings__closes_early=True
    )
    return sum(_close_early(pk) for pk in wanting.values_list("pk", flat=True)[:EARLY_LIMIT])


@transaction.atomic
def _close_early(pk: int) -> bool:
    session = (
        ClassSession.objects.filter(pk=pk, ended_at=None)
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("course", "current_round", "controller")
        .first()
    )
    now = timezone.now()
    if session is None or not timing.is_due_early(session, now):
        return False
    session.deadline = now + timing.EARLY
    _advance(
        session,
        to=Phase(session.phase),
        message="countDownAndStop",
        uuid_=uuid.uuid4().hex,
        act=timing.EARLY_ACT,
        now=now,
    )
    return True


def _is_closing(session: ClassSession) -> bool:
    """Return whether `stop_vote` has announced the close of the open round."""
    return session.closing != "" and session.phase in OPEN_PHASES and session.deadline is not None


def _check_closing(session: ClassSession, step: Step) -> None:
    """Raise IllegalTransition for a transition of a class whose round is about to close."""
    if session.phase in step.moves and _is_closing(session):
        raise IllegalTransition(
            "The vote is closing. Wait a moment.", phase=str(session.phase), epoch=session.epoch
        )


def _close_later(session: ClassSession, user: User, command: StopVote, now: datetime) -> bool:
    """Announce that the round closes after the grace, and return whether it is still open."""
    if not _is_closing(session):
        deadline = now + timedelta(seconds=limits["CLOSE_GRACE"])
        session.closing = message_uuid(command)
        session.controller = user
        session.changed_at = now
        if session.deadline is None or session.deadline > deadline:
            session.deadline = deadline
            if deadline > now:
                tell.closing(session)
        session.save()
    return session.deadline is not None and session.deadline > now


@transaction.atomic
def seat_students(*, session: int) -> int:
    """Seat late and lonely students of a class session with others, and return the number of moves.

    Does nothing while another transaction holds the lock of the session.
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
    # Lock the course's row first, as it exists even without a class session. It may have got
    # another slug since it was read.
    course = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    permissions.in_use(course)
    session = _open_session(course)
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
        pseudonyms.begin(session)
    session.course = course
    return session


def _open_session(course: Course) -> ClassSession | None:
    """Lock the open class session of a course and return it."""
    session = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_for_update(no_key=True, of=("self",))
        .select_related("current_round")
        .first()
    )
    if session is not None:
        session.course = course
    return session


def _check_epoch(session: ClassSession, command: Control) -> None:
    if command.epoch is not None and command.epoch != session.epoch:
        raise IllegalTransition(
            f"The class has moved on to the phase {session.phase}.",
            phase=str(session.phase),
            epoch=session.epoch,
        )


def _target(session: ClassSession, command: Control) -> Phase:
    phase = Phase(session.phase)
    first, _ = classroom.rounds(session)
    made = first is not None and PartnerGroup.objects.filter(round=first).exists()
    named = isinstance(command, NextQuestion) and command.question is not None
    try:
        return phases.transition(phase, command.action, groups_made=made, question=named)
    except phases.IllegalTransition as error:
        raise IllegalTransition(str(error), phase=str(phase), epoch=session.epoch) from None


def _advance(
    session: ClassSession, *, to: Phase, message: str, uuid_: str, act: str, now: datetime
) -> None:
    """Store the transition and tell the class."""
    before = session.phase
    bars.carry(session, to)
    session.phase = to.value
    session.closing = ""
    session.epoch += 1
    session.revision += 1
    session.control_message = message
    session.changed_at = now
    session.save()
    post_to_class(
        session,
        kind=Message.Kind.CONTROL,
        text=message,
        message=message,
        uuid_=uuid_,
        now=now,
    )
    round_ = session.current_round
    uselog.record(
        [
            uselog.row(
                sid=people.username(session.controller),
                user=session.controller_id,
                event="peer",
                act=act,
                course_id=session.course.slug,
                course=session.course_id,
                div_id=round_.question.slug if round_ is not None else "",
                question=round_.question_id if round_ is not None else None,
                timestamp=now,
            )
        ]
    )
    tell.figures_changed(session.course_id)
    if to in PARTNER_PHASES and before not in PARTNER_PHASES:
        # Snapshots show the partners from here on, even if the discussion is skipped.
        tell.partners(session)


def _answer(session: ClassSession, step: Step, user: User, command: Control) -> Moved:
    """Return the answer to a command, whether it is new or repeated."""
    groups = None
    if step.makes_partner_groups:
        first, _ = classroom.rounds(session)
        groups = PartnerGroup.objects.filter(round=first).count() if first is not None else 0
    question = posed_by(session.course, user, command) if step.makes_question else None
    return Moved(str(session.phase), session.epoch, groups, question)
