"""A class that students answered in, stored without a site, for figures, marks and pages."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.people import User
from rooms.actions.questions import version_of
from rooms.models import (
    ClassSession,
    Enrollment,
    Message,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    Vote,
)
from tests.rooms.cast import make_question
from tests.rooms.school import School

START = timezone.now() - timedelta(days=7)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def hold(school: School, *, day: int = 0, ended: bool = True, **fields: Any) -> ClassSession:
    """Hold a class on a day, with everybody enrolled before the first one."""
    Enrollment.objects.filter(course=school.course).update(joined_at=START - timedelta(days=1))
    started = at(day * 1440)
    return ClassSession.objects.create(
        course=school.course,
        started_at=started,
        changed_at=started,
        ended_at=started + timedelta(hours=1) if ended else None,
        controller=school.ines,
        **fields,
    )


def ask(
    session: ClassSession,
    slug: str,
    first: dict[User, str],
    second: dict[User, str] | None = None,
    *,
    groups: tuple[dict[User, int], ...] = (),
    minute: int = 0,
    correct: str = "B",
) -> Round:
    """Let students answer a question in a class, once or twice.

    An answer is a letter, a confidence after it, and a reason after a blank. `groups` have the
    partners with the number of messages that each wrote.
    """
    question = Question.objects.filter(course=session.course, slug=slug).first()
    question = question or make_question(session.course, slug, correct=correct)
    opened = session.started_at + timedelta(minutes=minute)
    common = {"session": session, "question": question, "version": version_of(question)}
    one = Round.objects.create(
        number=1, opened_at=opened, closed_at=opened + timedelta(minutes=1), **common
    )
    _vote(one, first)
    for number, members in enumerate(groups, 1):
        _group(one, number, members)
    if second is not None:
        opened += timedelta(minutes=5)
        other = Round.objects.create(
            number=2, first=one, opened_at=opened, closed_at=opened + timedelta(minutes=1), **common
        )
        _vote(other, second)
    return one


def _vote(round_: Round, given: dict[User, str]) -> None:
    for user, answer in given.items():
        choice, _, reason = answer.partition(" ")
        Vote.objects.create(
            round=round_,
            user=user,
            choice=choice[0],
            confidence=int(choice[1:]) if choice[1:] else None,
            rationale=reason,
            cast_at=round_.opened_at + timedelta(seconds=10),
        )


def _group(first: Round, number: int, members: dict[User, int]) -> None:
    room = Room.objects.create(
        course=first.session.course, kind="partners", last_seq=sum(members.values())
    )
    formed = first.opened_at + timedelta(minutes=2)
    group = PartnerGroup.objects.create(round=first, number=number, room=room, formed_at=formed)
    seq = 0
    for user, messages in members.items():
        Partner.objects.create(group=group, round=first, user=user)
        room.memberships.create(user=user)
        for _ in range(messages):
            seq += 1
            Message.objects.create(
                room=room,
                seq=seq,
                sender=user,
                uuid=f"{room.pk}-{seq}",
                text=f"Words of {user} number {seq}",
                created_at=formed + timedelta(seconds=seq),
            )
