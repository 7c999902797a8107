"""Casting votes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import ratelimit
from rooms.actions import tell, uselog
from rooms.models import ClassSession, Enrollment, Round, Vote
from rooms.peer.phases import OPEN_PHASES
from rooms.wire.commands import CastVote
from rooms.wire.errors import InvalidChoice, PeerError, PermissionDenied, RoundClosed
from rooms.wire.text import clean_rationale


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that a user wants to cast in the open round of a course.

    `question` (a slug) and `round` (1 or 2) name the round that it is meant for.
    """

    user: User
    course: str
    choice: str
    confidence: int | None = None
    rationale: str = ""
    question: str | None = None
    round: int | None = None

    @classmethod
    def of(cls, user: User, command: CastVote) -> Self:
        """Clean the rationale of a command and count it against the user's rate.

        Raises TextTooLong, without counting the vote, and RateLimited.
        """
        rationale = clean_rationale(command.rationale)
        ratelimit.votes.take(user.pk)
        return cls(
            user=user,
            course=command.course,
            choice=command.choice,
            confidence=command.confidence,
            rationale=rationale,
            question=command.question,
            round=command.round,
        )

    def is_for(self, open_: Round) -> bool:
        """Return whether the vote is meant for this round or names none."""
        return self.question in (None, open_.question.slug) and self.round in (None, open_.number)


def cast_vote(*, ballot: Ballot) -> Round:
    """Store one vote, for callers that do not batch. Raises the errors of `store_ballots`."""
    (result,) = store_ballots([ballot])
    if isinstance(result, PeerError):
        raise result
    return result


@transaction.atomic
def store_ballots(ballots: Sequence[Ballot]) -> list[Round | PeerError]:
    """Store votes. A later vote of the same user in the same round replaces the earlier one.

    Returns for each vote the round in which it counts, or an error: PermissionDenied if the user is
    no student of the course; RoundClosed, also after the deadline of a round that is not closed yet
    and if the ballot names another round; or InvalidChoice.
    """
    students = set(
        Enrollment.objects.filter(
            user__in={ballot.user.pk for ballot in ballots},
            course__slug__in={ballot.course for ballot in ballots},
            role=Enrollment.Role.STUDENT,
        ).values_list("user_id", "course__slug")
    )
    # Under the locks of the sessions no round can close meanwhile. They are taken in the order of
    # their ids, so that two processes never wait for each other.
    sessions = {
        session.course.slug: session
        for session in ClassSession.objects.filter(
            course__slug__in={course for _, course in students}, ended_at=None
        )
        .select_related("course", "current_round__question")
        .prefetch_related("current_round__question__choices")
        .select_for_update(no_key=True, of=("self",))
        .order_by("pk")
    }
    now = timezone.now()
    votes: dict[tuple[int, people.Key], Vote] = {}
    log = []
    results: list[Round | PeerError] = []
    for ballot in ballots:
        session = sessions.get(ballot.course)
        if (ballot.user.pk, ballot.course) not in students:
            results.append(PermissionDenied("Only students of the course can vote."))
        elif (
            session is None
            or session.current_round is None
            or session.phase not in OPEN_PHASES
            or (session.deadline is not None and now >= session.deadline)
            or not ballot.is_for(session.current_round)
        ):
            results.append(RoundClosed())
        elif ballot.choice not in {
            choice.letter for choice in session.current_round.question.choices.all()
        }:
            results.append(InvalidChoice())
        else:
            round_ = session.current_round
            votes[round_.pk, ballot.user.pk] = Vote(
                round=round_,
                user=ballot.user,
                choice=ballot.choice,
                confidence=ballot.confidence,
                rationale=ballot.rationale,
                cast_at=now,
            )
            log.append(
                uselog.row(
                    sid=people.username(ballot.user),
                    event="vote",
                    act=f"{ballot.choice}:vote{round_.number}",
                    course_id=ballot.course,
                    div_id=round_.question.slug,
                    timestamp=now,
                )
            )
            results.append(round_)
    Vote.objects.bulk_create(
        votes.values(),
        update_conflicts=True,
        unique_fields=["round", "user"],
        update_fields=["choice", "confidence", "rationale", "cast_at"],
    )
    uselog.record(log)
    for course_id in {
        sessions[ballot.course].course_id for ballot in ballots if ballot.course in sessions
    }:
        tell.figures_changed(course_id)
    return results
