"""Casting votes, and leaving drafts of votes that count when the round closes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import ratelimit
from rooms.actions import asked, tell, uselog
from rooms.actions.statements import ballots as statements
from rooms.actions.statements.ballots import Key as _Key
from rooms.models import ClassSession, ClassSettings, Course, Draft, Enrollment, Round, Vote
from rooms.peer.phases import OPEN_PHASES
from rooms.permissions import formerly_called
from rooms.queries import class_settings
from rooms.wire.commands import CastVote, DraftVote
from rooms.wire.errors import (
    CourseArchived,
    InvalidChoice,
    PeerError,
    PermissionDenied,
    RoundClosed,
)
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
        return cls(**_fields(user, command, ratelimit.votes))

    def is_for(self, open_: Round) -> bool:
        """Return whether the vote is meant for this round or names none."""
        if self.question is not None and not open_.question.is_called(self.question):
            return False
        return self.round in (None, open_.number)


@dataclass(frozen=True, slots=True)
class DraftBallot(Ballot):
    """A choice that counts when the round closes, unless the user casts a later vote.

    `after` is the time of the user's vote in the round that the client knows, in seconds since the
    epoch.
    """

    after: float | None = None

    @classmethod
    def of_draft(cls, user: User, command: DraftVote) -> Self:
        """Clean the rationale of a command and count it against the user's rate.

        Raises TextTooLong, without counting the draft, and RateLimited.
        """
        return cls(**_fields(user, command, ratelimit.drafts), after=command.after)


def _fields(user: User, command: CastVote | DraftVote, limit: ratelimit.Limit) -> dict[str, Any]:
    """Return the fields that a ballot takes from a command, and count it against a rate."""
    rationale = clean_rationale(command.rationale)
    limit.take(user.pk)
    return {
        "user": user,
        "course": command.course,
        "choice": command.choice,
        "confidence": command.confidence,
        "rationale": rationale,
        "question": command.question,
        "round": command.round,
    }


def cast_vote(*, ballot: Ballot) -> Vote:
    """Store one vote, for callers that do not batch. Raises the errors of `store_ballots`."""
    (result,) = store_ballots([ballot])
    if isinstance(result, PeerError):
        raise result
    return result


def leave_draft(*, ballot: DraftBallot) -> Draft | None:
    """Store one draft, for callers that do not batch. Raises the errors of `store_drafts`."""
    (result,) = store_drafts([ballot])
    if isinstance(result, PeerError):
        raise result
    return result


@transaction.atomic
def store_ballots(ballots: Sequence[Ballot]) -> list[Vote | PeerError]:
    """Store votes. A later vote of the same user in the same round replaces the earlier one.

    Returns for each ballot its vote, or an error: PermissionDenied if the user is no student of the
    course; CourseArchived; RoundClosed, also after the deadline of a round that is not closed yet
    and if the ballot names another round; InvalidChoice; or IncompleteVote if it lacks what the
    class requires. What the class does not ask for is left out of the vote.
    """
    polls = _Polls(ballots)
    latest = _latest(polls.standing.voted, polls.standing.drafted)
    votes: dict[_Key, Vote] = {}
    log = []
    results: list[Vote | PeerError] = []
    for ballot in ballots:
        try:
            round_, choice = polls.place_for(ballot)
            given = polls.given(ballot)
            asked.require(polls.settings_for(ballot), *given)
        except PeerError as error:
            results.append(error)
            continue
        key = round_.pk, ballot.user.pk
        confidence, rationale = given
        vote = Vote(
            round=round_,
            user=ballot.user,
            choice=choice,
            confidence=confidence,
            rationale=rationale,
            cast_at=_next_moment(polls.now, latest.get(key)),
        )
        votes[key], latest[key] = vote, vote.cast_at
        log.append(_row(vote, polls.now))
        results.append(vote)
    statements.put(votes.values(), log)
    _discard_drafts(votes.keys() & polls.standing.drafted.keys())
    for course in {vote.round.session.course_id for vote in votes.values()}:
        tell.figures_changed(course, votes=True)
    tell.voted(votes.values())
    return results


@transaction.atomic
def store_drafts(ballots: Sequence[DraftBallot]) -> list[Draft | None | PeerError]:
    """Store drafts. A later draft of the same user in the same round replaces the earlier one.

    Returns for each ballot its draft; None if the user has cast a vote after the one that the
    ballot names; or one of the errors of `store_ballots`. A draft may lack what the class requires:
    an answer that a student chose is not lost because of it.
    """
    polls = _Polls(ballots)
    latest = _latest(polls.standing.voted, polls.standing.drafted)
    drafts: dict[_Key, Draft] = {}
    results: list[Draft | None | PeerError] = []
    for ballot in ballots:
        try:
            round_, choice = polls.place_for(ballot)
        except PeerError as error:
            results.append(error)
            continue
        key = round_.pk, ballot.user.pk
        vote = polls.standing.voted.get(key)
        if vote is not None and (ballot.after is None or vote.timestamp() > ballot.after):
            results.append(None)
            continue
        confidence, rationale = polls.given(ballot)
        draft = Draft(
            round=round_,
            user=ballot.user,
            choice=choice,
            confidence=confidence,
            rationale=rationale,
            sent_at=_next_moment(polls.now, latest.get(key)),
        )
        drafts[key], latest[key] = draft, draft.sent_at
        results.append(draft)
    Draft.objects.bulk_create(
        drafts.values(),
        update_conflicts=True,
        unique_fields=["round", "user"],
        update_fields=["choice", "confidence", "rationale", "sent_at"],
    )
    tell.drafted(drafts.values())
    return results


def count_drafts(session: ClassSession, now: datetime) -> None:
    """Turn the drafts of the current round, which closes now, into votes.

    The caller holds the lock of the session.
    """
    drafts = Draft.objects.filter(round=session.current_round)
    votes = [
        Vote(
            round=draft.round,
            user=draft.user,
            choice=draft.choice,
            confidence=draft.confidence,
            rationale=draft.rationale,
            cast_at=draft.sent_at,
        )
        for draft in drafts.filter(
            user__peerchat_enrollments__course=session.course,
            user__peerchat_enrollments__role=Enrollment.Role.STUDENT,
        ).select_related("user", "round__question", "round__session__course")
    ]
    statements.put(votes, [_row(vote, now) for vote in votes])
    drafts.delete()
    tell.voted(votes)


class _Polls:
    """The open rounds that some ballots are for, under the locks of their sessions."""

    def __init__(self, ballots: Sequence[Ballot]) -> None:
        self._courses = _courses(ballots)
        # Under the locks of the sessions no round can close meanwhile.
        self.sessions = {
            session.course_id: session for session in statements.lock(set(self._courses.values()))
        }
        self.now = timezone.now()
        for session in self.sessions.values():
            if session.current_round is not None:
                session.current_round.session = session
        self._keys = {
            session.pk: session.current_round.asked.key
            for session in self.sessions.values()
            if session.current_round is not None
        }
        self.standing = statements.standing(self._open_to(ballots))

    def place_for(self, ballot: Ballot) -> tuple[Round, str]:
        """Return the round in which a ballot counts, and its answer as it is stored.

        Raises PermissionDenied, CourseArchived, RoundClosed or InvalidChoice.
        """
        session = self._session_of(ballot)
        if not self._is_of_student(ballot, session):
            raise PermissionDenied("Only students of the course can vote.")
        # An archived course has no session, so the votes of a class need no look at the course.
        if session is None and self._is_archived(ballot):
            raise CourseArchived
        if (
            session is None
            or session.current_round is None
            or session.phase not in OPEN_PHASES
            or (session.deadline is not None and self.now >= session.deadline)
            or not ballot.is_for(session.current_round)
        ):
            raise RoundClosed
        try:
            return session.current_round, self._keys[session.pk].canonical(ballot.choice)
        except ValueError as error:
            raise InvalidChoice(str(error)) from None

    def settings_for(self, ballot: Ballot) -> ClassSettings:
        """Return the settings of the class that a ballot with a place is for."""
        session = self._session_of(ballot)
        assert session is not None
        return class_settings.joined(session.course)

    def given(self, ballot: Ballot) -> asked.Given:
        """Return what the class takes of the confidence and rationale of a ballot with a place."""
        return asked.as_asked(self.settings_for(ballot), ballot.confidence, ballot.rationale)

    def _open_to(self, ballots: Sequence[Ballot]) -> set[_Key]:
        """Return (round, user) of the ballots for courses with a current round."""
        return {
            (session.current_round_id, ballot.user.pk)
            for ballot in ballots
            if (session := self._session_of(ballot)) is not None
            and session.current_round_id is not None
        }

    def _is_of_student(self, ballot: Ballot, session: ClassSession | None) -> bool:
        """Return whether a ballot is of a student of the course, who was not removed meanwhile."""
        if (ballot.user.pk, ballot.course) not in self._courses:
            return False
        if session is None or session.current_round_id is None:
            return True
        return (session.current_round_id, ballot.user.pk) not in self.standing.gone

    def _is_archived(self, ballot: Ballot) -> bool:
        course = Course.objects.filter(pk=self._courses[ballot.user.pk, ballot.course])
        return course.exclude(archived_at=None).exists()

    def _session_of(self, ballot: Ballot) -> ClassSession | None:
        return self.sessions.get(self._courses.get((ballot.user.pk, ballot.course), 0))


def _courses(ballots: Sequence[Ballot]) -> dict[tuple[people.Key, str], int]:
    """Return the courses that the ballots of their students name, by (user, slug).

    Some may name a course by a slug that it had before.
    """
    found = statements.students({(ballot.user.pk, ballot.course) for ballot in ballots})
    slugs = {ballot.course for ballot in ballots}
    if unknown := slugs - {slug for _, slug in found}:
        students = Enrollment.objects.filter(
            user__in={ballot.user.pk for ballot in ballots}, role=Enrollment.Role.STUDENT
        )
        for slug, course in formerly_called(unknown).values_list("slug", "course_id"):
            of_course = students.filter(course=course).values_list("user_id", flat=True)
            found |= {(user, slug): course for user in of_course}
    return found


def _latest(*times: Mapping[_Key, datetime]) -> dict[_Key, datetime]:
    """Return the last time of each (round, user)."""
    latest: dict[_Key, datetime] = {}
    for some in times:
        for key, at in some.items():
            latest[key] = max(at, latest.get(key, at))
    return latest


def _next_moment(now: datetime, last: datetime | None) -> datetime:
    """Return the time of a vote or draft: now, but later than the last one of the user.

    The clock may step back, and votes are ordered by their times.
    """
    return now if last is None else max(now, last + timedelta(microseconds=1))


def _discard_drafts(keys: Iterable[_Key]) -> None:
    """Remove the drafts of users who have cast a vote, by (round, user)."""
    users: dict[int, set[people.Key]] = {}
    for round_, user in keys:
        users.setdefault(round_, set()).add(user)
    for round_, voted in users.items():
        Draft.objects.filter(round=round_, user__in=voted).delete()


def _row(vote: Vote, now: datetime) -> uselog.Row:
    course = vote.round.session.course
    return uselog.row(
        sid=people.username(vote.user),
        user=vote.user_id,
        event="vote",
        act=f"{vote.choice}:vote{vote.round.number}",
        course_id=course.slug,
        course=course.pk,
        div_id=vote.round.question.slug,
        question=vote.round.question_id,
        timestamp=now,
    )
