"""A class whose groups talk, put into the database: for tests and to look at its page."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.people import User
from rooms.actions.session import control
from rooms.models import (
    Connection,
    Course,
    Enrollment,
    Membership,
    Message,
    Partner,
    PartnerGroup,
    Room,
    Round,
    Vote,
    Worker,
)
from rooms.wire.commands import Control, EnableChat, StartQuestion, StopVote
from tests.rooms.cast import make_question
from tests.rooms.school import make_person


def lead(course: Course, user: User, kind: type[Control], **fields: Any) -> Any:
    return control(user=user, course=course.slug, command=kind(uuid=uuid.uuid4().hex, **fields))


def put_online(*users: User) -> None:
    """Open a connection for each of the users, at a worker that never ends."""
    worker, _ = Worker.objects.get_or_create(
        id=uuid.UUID(int=1), defaults={"seen_at": timezone.now() + timedelta(days=1)}
    )
    Connection.objects.bulk_create(
        Connection(id=uuid.uuid4(), worker=worker, user=user, opened_at=timezone.now())
        for user in users
    )


def make_groups(
    course: Course,
    lecturer: User,
    groups: Sequence[Sequence[User]],
    *,
    answers: str = "AB",
    ago: float = 180.0,
) -> list[PartnerGroup]:
    """Bring the class to a discussion that was opened so many seconds ago, with these groups.

    The members of each group answer in turns. Who is in a group is online.
    """
    if not course.questions.exists():
        make_question(course, "force")
    lead(course, lecturer, StartQuestion, question="force")
    first = Round.objects.get(session__course=course)
    opened = timezone.now() - timedelta(seconds=ago)
    Round.objects.filter(pk=first.pk).update(opened_at=opened - timedelta(seconds=60))
    Vote.objects.bulk_create(
        Vote(round=first, user=user, choice=answers[n % len(answers)], cast_at=timezone.now())
        for members in groups
        for n, user in enumerate(members)
    )
    lead(course, lecturer, StopVote)
    rooms = Room.objects.bulk_create(
        Room(course=course, kind=Room.Kind.PARTNERS, title="Partners") for _ in groups
    )
    made = PartnerGroup.objects.bulk_create(
        PartnerGroup(
            round=first,
            number=number,
            room=room,
            formed_at=opened,
            method="different_answers",
            size=len(members),
            voters=len(members),
            is_mixed=len(members) > 1,
            right=len(members) // 2,
        )
        for number, (room, members) in enumerate(zip(rooms, groups, strict=True), start=1)
    )
    Partner.objects.bulk_create(
        Partner(group=group, round=first, user=user)
        for group, members in zip(made, groups, strict=True)
        for user in members
    )
    Membership.objects.bulk_create(
        Membership(room=room, user=user)
        for room, members in zip(rooms, groups, strict=True)
        for user in members
    )
    put_online(*(user for members in groups for user in members))
    lead(course, lecturer, EnableChat)
    Message.objects.filter(room__course=course, text="enableChat").update(created_at=opened)
    return made


def write(group: PartnerGroup, *texts: tuple[User, str, float]) -> None:
    """Store texts of a group, each with its sender and how many seconds ago."""
    room = Room.objects.get(pk=group.room_id)
    Message.objects.bulk_create(
        Message(
            room=room,
            seq=room.last_seq + number,
            sender=sender,
            uuid=uuid.uuid4().hex,
            text=text,
            created_at=timezone.now() - timedelta(seconds=ago),
        )
        for number, (sender, text, ago) in enumerate(texts, start=1)
    )
    room.last_seq += len(texts)
    room.save(update_fields=["last_seq"])


def make_students(course: Course, count: int, prefix: str = "s") -> list[User]:
    students = [make_person(f"{prefix}{number}") for number in range(1, count + 1)]
    for user in students:
        Enrollment.objects.create(course=course, user=user)
    return students
