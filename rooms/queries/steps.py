"""The step that comes next in a class."""

from collections import Counter

from django.utils import timezone
from msgspec import UNSET

from rooms.models import ClassSession, ClassSettings, Course
from rooms.peer.next_step import Standing
from rooms.peer.next_step import next_step as chosen
from rooms.peer.phases import CLOSED_PHASES, Phase
from rooms.queries.classroom import last_epoch_session, rounds
from rooms.queries.outcome import Outcome
from rooms.queries.twins import offered_twin
from rooms.wire.figures import NextStepBody


def next_step(
    course: Course,
    session: ClassSession | None,
    found: Outcome | None = None,
    *,
    here: int,
    groups: int = 0,
) -> NextStepBody:
    """Return the step that comes next in a class session, or before the first one of a course.

    `found` has the votes of the current question, `here` is the number of students who are online,
    and `groups` that of the partner groups.
    """
    session = session or last_epoch_session(course)
    phase = Phase.IDLE if session is None or session.ended_at is not None else Phase(session.phase)
    step = chosen(_standing(course, session, phase, found, here, groups))
    return NextStepBody(
        step=step.step,
        why=step.why.value,
        epoch=0 if session is None else session.epoch,
        percent=UNSET if step.percent is None else step.percent,
        before=UNSET if step.before is None else step.before,
        question=step.question or UNSET,
    )


def _standing(
    course: Course,
    session: ClassSession | None,
    phase: Phase,
    found: Outcome | None,
    here: int,
    groups: int,
) -> Standing:
    if found is None or session is None:
        return Standing(phase=phase, here=here, prepared=_prepared(course, session))
    settings = ClassSettings.of(course) if phase in CLOSED_PHASES else ClassSettings(course=course)
    left = None
    if session.deadline is not None:
        left = (session.deadline - timezone.now()).total_seconds()
    right, (first, second) = found.right_votes, found.votes
    revealed = phase == Phase.REVEALED
    twin = offered_twin(session)
    first_round, _ = rounds(session)
    return Standing(
        phase=phase,
        votes=(first, second),
        right=None if right is None else (right[0], right[1]),
        most_frequent=_most_frequent(found),
        here=here,
        groups=groups,
        closes_in=left,
        least_right=settings.least_right,
        most_right=settings.most_right,
        is_twin=first_round is not None and first_round.twin_of_id is not None,
        twin=None if twin is None else twin.slug,
        prepared=_prepared(course, session) if revealed else None,
    )


def _most_frequent(found: Outcome) -> int:
    """Return the votes for the most frequent answer of the first round."""
    votes: Counter[str] = Counter()
    for answer, count in (found.counts[0] or {}).items():
        votes[found.key.group(answer)] += count
    return max(votes.values(), default=0)


def _prepared(course: Course, session: ClassSession | None) -> str | None:
    """Return the slug of the first prepared question that the class was not asked yet.

    A twin comes only after the question whose idea it tests.
    """
    ready = course.questions.filter(is_draft=False, quick=False, twin_of=None)
    if session is not None and session.ended_at is None:
        ready = ready.exclude(rounds__session=session)
    return ready.order_by("position", "slug").values_list("slug", flat=True).first()
