"""A class whose groups talk, put into the database: for tests and to look at its page."""

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import people
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

NAMES = ("Ada", "Béla", "Cem", "Dunja", "Elif", "Fenna", "Gábor", "Hiro", "Iva", "Jörg")


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


# How many texts the members of a group wrote, and how many seconds ago the first and the last.
PATTERNS: list[tuple[tuple[int, ...], float, float]] = [
    ((), 0.0, 0.0),
    ((6, 1), 150.0, 10.0),
    ((5, 4), 160.0, 5.0),
    ((3, 4), 170.0, 80.0),
    ((2, 0), 120.0, 100.0),
    ((8, 7), 170.0, 2.0),
]


@transaction.atomic
def fill(course: Course, count: int, *, ago: float = 180.0) -> None:
    """Add groups of two or three made-up students to the current discussion, with texts of all
    kinds, as if it had begun so many seconds ago. All of them are online.
    """
    rng = random.Random(7)
    first = Round.objects.filter(session__course=course, number=1).latest("opened_at")
    now = timezone.now()
    opened = now - timedelta(seconds=ago)
    Round.objects.filter(pk=first.pk).update(opened_at=opened - timedelta(seconds=60))
    Message.objects.filter(room__course=course, kind="control").update(created_at=opened)
    last = PartnerGroup.objects.filter(round=first).count()
    sizes = [rng.choice((2, 2, 2, 3)) for _ in range(count)]
    users = [
        people.new(f"crowd{number}", password="", shown=f"{rng.choice(NAMES)} {number}")
        for number in range(1, sum(sizes) + 1)
    ]
    people.everybody().model._default_manager.bulk_create(users)
    Enrollment.objects.bulk_create(Enrollment(course=course, user=user) for user in users)
    left = iter(users)
    for number, size in enumerate(sizes, start=last + 1):
        members = [next(left) for _ in range(size)]
        answers = [rng.choice("ABCD") for _ in members]
        Vote.objects.bulk_create(
            Vote(round=first, user=user, choice=answer, cast_at=now)
            for user, answer in zip(members, answers, strict=True)
        )
        room = Room.objects.create(course=course, kind=Room.Kind.PARTNERS, title="Partners")
        group = PartnerGroup.objects.create(
            round=first,
            number=number,
            room=room,
            formed_at=opened,
            method="different_answers",
            size=size,
            voters=size,
            is_mixed=len(set(answers)) > 1,
            right=answers.count("B"),
            place="hall" if rng.random() < 0.1 else "",
        )
        Partner.objects.bulk_create(
            Partner(group=group, round=first, user=user) for user in members
        )
        Membership.objects.bulk_create(Membership(room=room, user=user) for user in members)
        written, begins, ends = rng.choice(PATTERNS)
        senders = [user for user, n in zip(members, written, strict=False) for _ in range(n)]
        rng.shuffle(senders)
        step = (begins - ends) / max(len(senders) - 1, 1)
        write(group, *((user, "I see.", begins - n * step) for n, user in enumerate(senders)))
    # Last, and all at once: nobody who is online is to be without a group.
    put_online(*users)
