"""The steps of a class, with a row for each command of an instructor.

The functions here run in the transaction of `session.control`, under the lock of the class
session, once it is clear that the phase allows the command. The instructor who gave it is the
session's `controller` by then.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.actions import bars, partners, questions, quick, seating, signals, tell, uselog, votes
from rooms.actions.arguments import show_argument
from rooms.actions.messages import store_message
from rooms.actions.timing import count_down, deadline_after, extend
from rooms.models import ClassSession, Course, Message, Question, Room, Round, ShownArgument
from rooms.peer import phases
from rooms.peer.phases import Phase
from rooms.queries import classroom, twins
from rooms.queries.slugs import find_question
from rooms.wire.commands import (
    Announce,
    Control,
    CountDownAndStop,
    EnableChat,
    EnableDiscussion,
    EnableFaceChat,
    Extend,
    MakePartners,
    NextQuestion,
    QuickQuestion,
    Reopen,
    Reveal,
    SetCorrect,
    ShowArgument,
    ShowBars,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import InvalidMessageFormat, UuidReused
from rooms.wire.text import clean_text

NEW_SESSION_AFTER = timedelta(hours=6)
"""A question that is posed this long after the last event opens a new class session."""


def message_uuid(command: Control) -> str:
    """Return the uuid of the message that a command leads to.

    It is derived from the command's uuid, so that a repeated command is recognised. It differs from
    it, so that the message is not taken for the reply.
    """
    return uuid.uuid5(uuid.NAMESPACE_OID, command.uuid).hex


def close_round(session: ClassSession, now: datetime) -> None:
    """Close the open round, so that it takes no more votes. The drafts in it become votes."""
    assert session.current_round is not None
    votes.count_drafts(session, now)
    session.deadline = None
    session.current_round.closed_at = now
    session.current_round.save(update_fields=["closed_at"])


def post_to_class(
    session: ClassSession,
    *,
    kind: Message.Kind,
    text: str,
    message: str,
    uuid_: str,
    now: datetime,
) -> None:
    """Post a text of the controller in the course's room.

    The fields of the `control` event are stored with it; `message` is its field of that name.
    """
    fields: dict[str, Any] = msgspec.to_builtins(classroom.control_fields(session.course, session))
    store_message(
        Message(
            room=Room.objects.get(course=session.course, kind=Room.Kind.COURSE),
            sender=session.controller,
            uuid=uuid_,
            kind=kind,
            text=text,
            control=frames.stored({**fields, "message": message}),
            created_at=now,
        )
    )


# --- how a repeat is recognised ---------------------------------------------------------------


def _moved_before(course: Course, user: User, command: Control) -> bool:
    """Return whether the command has already led to a transition."""
    before = _message_of(course, user, command)
    if before is None:
        return False
    leads_to = {phases.control_message(command.action, phase) for phase in Phase}
    if before.kind != Message.Kind.CONTROL or before.text not in leads_to:
        raise UuidReused
    return True


def _announced_before(course: Course, user: User, command: Announce) -> bool:
    """Return whether the announcement was already posted with this text."""
    before = _message_of(course, user, command)
    if before is None:
        return False
    if before.kind != Message.Kind.SYSTEM or before.text != command.text.strip():
        raise UuidReused
    return True


def _given_before(course: Course, user: User, command: SetCorrect) -> bool:
    """Return whether the command has already given this right answer."""
    before = quick.given_before(course, user, command)
    message = _message_of(course, user, command)
    if message is not None and (not before or message.text != "reveal"):
        raise UuidReused
    return before


def _formed_before(course: Course, user: User, command: MakePartners) -> bool:
    """Return whether the command has already formed partner groups, which leaves no message."""
    return partners.formed_under(_groups_name(course, user, command))


def _message_of(course: Course, user: User, command: Control) -> Message | None:
    """Find the message that the command has led to."""
    return Message.objects.filter(
        room__course=course,
        room__kind=Room.Kind.COURSE,
        sender=user,
        uuid=message_uuid(command),
    ).first()


def posed_by(course: Course, user: User, command: Control) -> str:
    """Return the slug of the question that a command has posed."""
    message = _message_of(course, user, command)
    assert message is not None
    assert message.control is not None
    return str(message.control["question"]["question"])


def _groups_name(course: Course, user: User, command: MakePartners) -> uuid.UUID:
    """Return the name of the partner groups that a command forms."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{course.pk}:{user.pk}:{command.uuid}")


# --- what the commands do ---------------------------------------------------------------------


def _start_question(session: ClassSession, command: StartQuestion, now: datetime) -> ClassSession:
    session = _renewed(session, now)
    _pose(session, command.question, command.seconds, now)
    return session


def _quick_question(session: ClassSession, command: QuickQuestion, now: datetime) -> ClassSession:
    session = _renewed(session, now)
    question = quick.make_question(session.course, command)
    _open(session, question, command.seconds, now)
    quick.note_answer(session, command, now)
    return session


def _set_correct(session: ClassSession, command: SetCorrect, now: datetime) -> ClassSession:
    quick.give_answer(session, command, now)
    assert session.current_round is not None
    question = session.current_round.question
    if session.phase == Phase.REVEALED:
        signals.send(signals.question_revealed, **_facts(session, question))
        return session
    # Nobody but those who lead may hear of it.
    uselog.record(
        [
            uselog.row(
                sid=people.username(session.controller),
                user=session.controller_id,
                event="peer",
                act=command.action,
                course_id=session.course.slug,
                course=session.course_id,
                div_id=question.slug,
                question=question.pk,
                timestamp=now,
            )
        ]
    )
    tell.figures_changed(session.course_id)
    return session


def _stop_vote(session: ClassSession, command: StopVote, now: datetime) -> ClassSession:
    close_round(session, now)
    return session


def _make_partners(session: ClassSession, command: MakePartners, now: datetime) -> ClassSession:
    partners.form(
        session,
        size=command.group_size,
        method=command.method,
        name=_groups_name(session.course, session.controller, command),
    )
    return session


def _discuss(
    session: ClassSession,
    command: EnableChat | EnableFaceChat | EnableDiscussion,
    now: datetime,
) -> ClassSession:
    seating.seat_students(session)
    return session


def _start_revote(session: ClassSession, command: StartRevote, now: datetime) -> ClassSession:
    first = session.current_round
    assert first is not None
    session.current_round = Round.objects.create(
        session=session,
        question=first.question,
        version_id=first.version_id,
        number=2,
        first=first,
        opened_at=now,
    )
    session.deadline = deadline_after(command.seconds, now)
    return session


def _reveal(session: ClassSession, command: Reveal, now: datetime) -> ClassSession:
    # The phase alone reveals the correct choice.
    assert session.current_round is not None
    signals.send(signals.question_revealed, **_facts(session, session.current_round.question))
    return session


def _reopen(session: ClassSession, command: Reopen, now: datetime) -> ClassSession:
    assert session.current_round is not None
    if session.current_round.number == 1:
        # The votes may change, and the partner groups depend on them.
        partners.dissolve(session)
    # An argument from before the votes changed does not come back with the next close.
    ShownArgument.objects.filter(round=session.current_round).delete()
    session.current_round.closed_at = None
    session.current_round.save(update_fields=["closed_at"])
    return session


def _next_question(session: ClassSession, command: NextQuestion, now: datetime) -> ClassSession:
    leave_question(session)
    if command.question is not None:
        _pose(session, command.question, None, now)
    return session


def _announce(session: ClassSession, command: Announce, now: datetime) -> ClassSession:
    post_to_class(
        session,
        kind=Message.Kind.SYSTEM,
        text=clean_text(command.text),
        uuid_=message_uuid(command),
        now=now,
        message="announce",
    )
    tell.screens_changed(session.course_id)
    return session


def _show_bars(session: ClassSession, command: ShowBars, now: datetime) -> ClassSession:
    bars.show(session, shown=command.shown, now=now)
    return session


def _renewed(session: ClassSession, now: datetime) -> ClassSession:
    """Return the session for a new question, which is a new one if the last event was long ago."""
    if now - session.changed_at < NEW_SESSION_AFTER:
        leave_question(session)
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


def leave_question(session: ClassSession) -> None:
    """Have the class leave its question, and archive the rooms of the partners."""
    if session.current_round is not None:
        partners.archive_rooms(session)
        session.current_round = None


def _pose(session: ClassSession, slug: str, seconds: float | None, now: datetime) -> None:
    question = find_question(session.course, slug)
    if question is None:
        raise InvalidMessageFormat("The course has no such question.")
    questions.check_ready(question)
    _open(session, question, seconds, now)


def _open(session: ClassSession, question: Question, seconds: float | None, now: datetime) -> None:
    if signals.class_started.has_listeners() and not session.rounds.exists():
        signals.send(signals.class_started, **_facts(session, question))
    session.current_round = Round.objects.create(
        session=session,
        question=question,
        version=questions.version_of(question),
        number=1,
        twin_of=twins.round_of_original(session, question),
        opened_at=now,
    )
    session.deadline = deadline_after(seconds, now)


def _facts(session: ClassSession, question: Question) -> dict[str, Any]:
    """Return the arguments of a signal about a question of the class."""
    return {
        "course": session.course.slug,
        "question": question.slug,
        "user": session.controller,
    }


# --- the table --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """The effect of a command on a class.

    `apply(session, command, now)` carries it out and returns the session that continues, which is a
    new one if a question opens it. `known_before(course, user, command)` returns whether the
    command came before, and raises UuidReused if its uuid belongs to something else. `moves` has
    the phases in which the step is a transition, which is sent to the class under a new epoch.
    `makes_partner_groups` is true if the answer contains the number of partner groups, and
    `makes_question` if it contains the slug of the question.
    """

    apply: Callable[[ClassSession, Any, datetime], ClassSession]
    known_before: Callable[[Course, User, Any], bool] = _moved_before
    moves: frozenset[Phase] = frozenset(Phase)
    makes_partner_groups: bool = False
    makes_question: bool = False


_NOWHERE: frozenset[Phase] = frozenset()

STEPS: dict[type[Control], Step] = {
    StartQuestion: Step(_start_question),
    QuickQuestion: Step(_quick_question, makes_question=True),
    SetCorrect: Step(_set_correct, known_before=_given_before, moves=frozenset({Phase.REVEALED})),
    CountDownAndStop: Step(count_down),
    Extend: Step(extend),
    StopVote: Step(_stop_vote),
    MakePartners: Step(
        _make_partners, known_before=_formed_before, moves=_NOWHERE, makes_partner_groups=True
    ),
    EnableChat: Step(_discuss),
    EnableFaceChat: Step(_discuss),
    EnableDiscussion: Step(_discuss),
    StartRevote: Step(_start_revote),
    Reveal: Step(_reveal),
    Reopen: Step(_reopen),
    NextQuestion: Step(_next_question),
    Announce: Step(_announce, known_before=_announced_before, moves=_NOWHERE),
    ShowBars: Step(_show_bars, moves=_NOWHERE),
    ShowArgument: Step(show_argument, moves=_NOWHERE),
}
