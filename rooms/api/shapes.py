"""Conversion of models to the bodies of the API."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.urls import reverse
from msgspec import UNSET

from accounts import people
from rooms import frames
from rooms.api import bodies
from rooms.models import Enrollment, QuestionVersion, Room, Round, Screen, TryOut, Vote
from rooms.peer import bars
from rooms.peer.content import Kind
from rooms.queries.pseudonyms import for_lecturers
from rooms.queries.rooms import RoomSeen
from rooms.queries.screen import link_secret
from rooms.wire.events import MyCourse
from rooms.wire.screen import ScreenSetup


def course(room: Room, role: str) -> MyCourse:
    """Return the body of a course, given the course's room."""
    return frames.my_course(room, role)


def room(seen: RoomSeen) -> bodies.RoomDetails:
    found, read = seen.room, seen.last_read_seq
    return bodies.RoomDetails(
        room=str(found.id),
        kind=found.kind,
        title=seen.title,
        course=found.course.slug,
        members=seen.members,
        last_seq=found.last_seq,
        last_read_seq=read or 0,
        joined=read is not None,
        unread=max(found.last_seq - read, 0) if read is not None else 0,
        topic=found.topic,
        slow_seconds=found.slow_seconds,
        created_by=people.username(seen.created_by) if seen.created_by else None,
    )


def screen_setup(screen: Screen) -> ScreenSetup:
    """Return the body of the setup of a screen."""
    link, expires_at = None, None
    if screen.has_link and screen.expires_at is not None:
        link = reverse("peerchat:linked_screen", args=[link_secret(screen)])
        expires_at = screen.expires_at.timestamp()
    return ScreenSetup(shows_partners=screen.shows_partners, link=link, expires_at=expires_at)


def mention(mention: Any) -> bodies.Mention:
    """Return the body of a mention."""
    return bodies.Mention(message=frames.body(mention.message), unread=mention.unread)


def mute(enrollment: Enrollment) -> bodies.Mute:
    """Return the body of a muted student."""
    (muted,) = mutes([enrollment])
    return muted


def mutes(enrollments: Sequence[Enrollment]) -> list[bodies.Mute]:
    """Return the bodies of muted students of a course."""
    if not enrollments:
        return []
    names = for_lecturers(enrollments[0].course, [one.user for one in enrollments])
    return [
        bodies.Mute(
            username=names[one.user_id].username,
            display_name=names[one.user_id].display_name,
            until=one.muted_until.timestamp(),
            pseudonym=names[one.user_id].pseudonym,
        )
        for one in enrollments
        if one.muted_until is not None
    ]


def try_out(found: TryOut, students: int) -> bodies.TryOutInfo:
    """Return the body of a try-out with so many simulated students."""
    return bodies.TryOutInfo(
        course=found.course.slug,
        title=found.course.title,
        copy_of=found.of.slug if found.of is not None else None,
        students=students,
        started_at=found.started_at.timestamp(),
        ends_at=found.ends_at.timestamp(),
    )


def question(version: QuestionVersion, *, leads: bool) -> bodies.QuestionInfo:
    """Return the body of a version of a question, with its right answer.

    `leads` tells whether it is for somebody who leads the course.
    """
    key = version.key
    more: dict[str, Any] = {}
    if key.kind in (Kind.SINGLE, Kind.SEVERAL):
        more["right"] = list(key.right)
    elif key.kind == Kind.TEXT:
        more["accepted"] = list(key.accepted)
    elif key.kind == Kind.NUMBER and key.number is not None:
        more |= {"number": key.number, "tolerance": key.tolerance}
    is_draft: bool = version._state.adding and version.question.is_draft
    return bodies.QuestionInfo(
        **msgspec.structs.asdict(frames.question(version)),
        **frames.explained(version),
        **more,
        correct=key.correct,
        quick=version.question.quick,
        is_draft=True if is_draft else UNSET,
        title=(leads and version.question.title) or UNSET,
    )


def session(session: Any, counts: dict[int, dict[str, int]] | None) -> bodies.SessionInfo:
    """Return the body of a class session from `results.class_sessions`.

    `counts` has its votes by round, or is None if the user may not see them.
    """
    return bodies.SessionInfo(
        session=session.pk,
        started_at=session.started_at.timestamp(),
        ended_at=session.ended_at.timestamp() if session.ended_at else None,
        phase=session.phase,
        epoch=session.epoch,
        rounds=[round_(one, counts) for one in reversed(session.last_rounds)],
    )


def round_(round_: Round, counts: dict[int, dict[str, int]] | None) -> bodies.RoundInfo:
    asked = frames.question(round_.asked)
    shown = bodies.RoundInfo(
        question=asked.question,
        prompt=asked.prompt,
        kind=asked.kind,
        choices=asked.choices,
        unit=asked.unit,
        round=1 if round_.number == 1 else 2,
        opened_at=round_.opened_at.timestamp(),
        closed_at=round_.closed_at.timestamp() if round_.closed_at else None,
    )
    if counts is None:
        return shown
    key = round_.asked.key
    votes = counts.get(round_.pk, {})
    (drawn,) = bars.tally(key, [votes])
    histogram = {bar: n for bar, n in drawn.items() if n}
    return msgspec.structs.replace(
        shown,
        correct=key.correct,
        votes=sum(votes.values()),
        histogram=histogram,
        right=bars.right_bars(key, drawn),
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
