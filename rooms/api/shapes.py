"""From models to the bodies of the API."""

from rooms import frames, protocol
from rooms.api import bodies
from rooms.models import ClassSession, Question, Room, Round, Vote


def course(room: Room, role: str) -> protocol.MyCourse:
    """A course, by its room."""
    return protocol.MyCourse(
        course=room.course.slug, title=room.course.title, role=role, room=str(room.id)
    )


def new_room(room: Room) -> protocol.RoomInfo:
    """A room that its first member has just made."""
    return protocol.RoomInfo(
        room=str(room.id),
        kind=room.kind,
        title=room.title,
        course=room.course.slug,
        members=1,
        last_seq=0,
        last_read_seq=0,
    )


def question(question: Question) -> bodies.QuestionInfo:
    """A question with its right choice."""
    shown = frames.question(question)
    return bodies.QuestionInfo(
        question=shown.question,
        prompt=shown.prompt,
        kind=shown.kind,
        choices=shown.choices,
        correct=next((c.letter for c in question.choices.all() if c.is_correct), None),
    )


def session(session: ClassSession, counts: dict[int, dict[str, int]] | None) -> bodies.SessionInfo:
    """A class session; `counts` are its votes by round, None where they are not to be told."""
    return bodies.SessionInfo(
        session=session.pk,
        started_at=session.started_at.timestamp(),
        ended_at=session.ended_at.timestamp() if session.ended_at else None,
        phase=session.phase,
        epoch=session.epoch,
        rounds=[round_(one, counts) for one in reversed(session.rounds.all())],
    )


def round_(round_: Round, counts: dict[int, dict[str, int]] | None) -> bodies.RoundInfo:
    shown = bodies.RoundInfo(
        question=round_.question.slug,
        round=1 if round_.number == 1 else 2,
        opened_at=round_.opened_at.timestamp(),
        closed_at=round_.closed_at.timestamp() if round_.closed_at else None,
    )
    if counts is None:
        return shown
    histogram = counts.get(round_.pk, {})
    return bodies.RoundInfo(
        question=shown.question,
        round=shown.round,
        opened_at=shown.opened_at,
        closed_at=shown.closed_at,
        votes=sum(histogram.values()),
        histogram=histogram,
    )


def vote(vote: Vote) -> bodies.MyVote:
    return bodies.MyVote(
        session=vote.round.session_id,
        question=vote.round.question.slug,
        round=1 if vote.round.number == 1 else 2,
        choice=vote.choice,
        confidence=vote.confidence,
        rationale=vote.rationale,
        cast_at=vote.cast_at.timestamp(),
    )
