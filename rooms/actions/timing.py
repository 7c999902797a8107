"""The deadlines of rounds.

The functions here run in a transaction, under the lock of the class session.
"""

from datetime import datetime, timedelta

from rooms.models import ClassSession, ClassSettings, Course, UseLog, Vote
from rooms.peer.phases import OPEN_PHASES
from rooms.peer.times import closes_early
from rooms.queries.presence import online_students
from rooms.wire.commands import CountDownAndStop, Extend
from rooms.wire.errors import IllegalTransition
from rooms.wire.fields import SECONDS_LIMIT

EARLY = timedelta(seconds=5)
"""How long a round goes on once most students have voted."""
EARLY_ACT = "closes_early"
"""The `act` of a round that began to close because most students had voted, in the use log."""


def deadline_after(seconds: float | None, now: datetime) -> datetime | None:
    """Return the deadline of a round that takes so many seconds from now, if it has a limit."""
    return now + timedelta(seconds=seconds) if seconds is not None else None


def count_down(session: ClassSession, command: CountDownAndStop, now: datetime) -> ClassSession:
    """Have the open round close after the seconds of the command."""
    session.deadline = deadline_after(command.seconds, now)
    return session


def extend(session: ClassSession, command: Extend, now: datetime) -> ClassSession:
    """Move the deadline of the open round by the seconds of the command, to an hour at most.

    Raises IllegalTransition if the round has no deadline, or if it has come already.
    """
    if session.deadline is None or session.deadline <= now:
        over = session.deadline is not None
        raise IllegalTransition(
            "The time of the vote is over." if over else "The vote has no time limit.",
            phase=str(session.phase),
            epoch=session.epoch,
        )
    longest = now + timedelta(seconds=SECONDS_LIMIT)
    wanted = session.deadline + timedelta(seconds=command.seconds)
    session.deadline = max(session.deadline, min(wanted, longest))
    return session


def is_due_early(session: ClassSession, now: datetime) -> bool:
    """Return whether the open round may begin to close because most students have voted.

    A round does so once: if it was given more time since, it keeps that.
    """
    round_ = session.current_round
    if round_ is None or session.phase not in OPEN_PHASES or session.closing:
        return False
    if session.deadline is not None and session.deadline <= now + EARLY:
        return False
    if not ClassSettings.of(session.course).closes_early:
        return False
    here = online_students(session.course)
    voted = Vote.objects.filter(round=round_, user__in=here).count()
    return closes_early(voted, len(here)) and not _began(session.course, round_.opened_at)


def _began(course: Course, since: datetime) -> bool:
    acts = UseLog.objects.filter(in_course=course, timestamp__gte=since)
    return acts.filter(event="peer", act=EARLY_ACT).exists()
