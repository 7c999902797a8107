"""A course with a whole term in it, and others with far more, stored by bulk inserts."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from accounts import people
from accounts.people import User
from rooms.actions.questions import version_of
from rooms.models import (
    Choice,
    ClassSession,
    Conviction,
    Course,
    Enrollment,
    Message,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    UseLog,
    Vote,
)

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEXT = "I say it moves on at constant speed, since nothing pulls it back. What made you choose C?"
REASON = "Nothing pulls it back, so it keeps its speed."
WRITTEN = 3
"""Messages of each student to their partner, for each question."""


@dataclass(frozen=True)
class Made:
    """A course with its instructor, its students and its questions."""

    course: Course
    ines: User
    students: list[User]
    questions: list[Question]


def make_term(slug: str, *, students: int, questions: int, weeks: int) -> Made:
    """Make a course that was asked these questions in a class each week, twice each, in pairs."""
    chance = random.Random(slug)
    made = _course(slug, students, questions)
    sessions = [
        ClassSession.objects.create(
            course=made.course,
            started_at=BEGAN + timedelta(weeks=week),
            ended_at=BEGAN + timedelta(weeks=week, hours=2),
            changed_at=BEGAN + timedelta(weeks=week),
            controller=made.ines,
        )
        for week in range(weeks)
    ]
    for number, question in enumerate(made.questions):
        session = sessions[number * weeks // questions]
        at = session.started_at + timedelta(minutes=15 * (number % 8))
        _ask(made, session, question, at, chance)
    return made


def _course(slug: str, students: int, questions: int) -> Made:
    course = Course.objects.create(slug=slug, title=slug.title())
    model = type(people.new("nobody", password=""))
    users = model._default_manager.bulk_create(
        people.new(f"{slug}-{n}", password="", shown=f"Student {n}") for n in range(students + 1)
    )
    roles = ["instructor", *["student"] * students]
    Enrollment.objects.bulk_create(
        Enrollment(course=course, user=user, role=role)
        for user, role in zip(users, roles, strict=True)
    )
    Enrollment.objects.filter(course=course).update(joined_at=BEGAN)
    asked = Question.objects.bulk_create(
        Question(course=course, slug=f"q{n}", prompt=f"Question {n}?") for n in range(questions)
    )
    Choice.objects.bulk_create(
        Choice(question=one, letter=letter, text=f"choice {letter}", is_correct=letter == "B")
        for one in asked
        for letter in "ABCD"
    )
    return Made(course, users[0], users[1:], asked)


def _ask(
    made: Made, session: ClassSession, question: Question, at: datetime, chance: random.Random
) -> None:
    minute = timedelta(minutes=1)
    common = {"session": session, "question": question, "version": version_of(question)}
    first = Round.objects.create(number=1, opened_at=at, closed_at=at + minute, **common)
    second = Round.objects.create(
        number=2, first=first, opened_at=at + 5 * minute, closed_at=at + 6 * minute, **common
    )
    here = [user for user in made.students if chance.random() < 0.9]
    for round_, right in ((first, 0.45), (second, 0.7)):
        Vote.objects.bulk_create(
            Vote(
                round=round_,
                user=user,
                choice="B" if chance.random() < right else chance.choice("ACD"),
                confidence=chance.randint(1, 5),
                rationale=REASON if chance.random() < 0.5 else "",
                cast_at=round_.opened_at + timedelta(seconds=chance.uniform(5, 55)),
            )
            for user in here
        )
    _talk(made, first, second, [here[n : n + 2] for n in range(0, len(here), 2)], chance)
    UseLog.objects.bulk_create(
        UseLog(
            timestamp=round_.opened_at,
            sid=people.username(user),
            event="vote",
            act=f"B:vote{round_.number}",
            div_id=question.slug,
            course_id=made.course.slug,
            user=user,
            question=question,
            in_course=made.course,
        )
        for round_ in (first, second)
        for user in here
    )


def _talk(
    made: Made,
    first: Round,
    second: Round,
    pairs: Sequence[Sequence[User]],
    chance: random.Random,
) -> None:
    at = first.closed_at or BEGAN
    rooms = Room.objects.bulk_create(
        Room(course=made.course, kind="partners", last_seq=WRITTEN * len(pair), archived_at=at)
        for pair in pairs
    )
    groups = PartnerGroup.objects.bulk_create(
        PartnerGroup(round=first, number=n, room=room, formed_at=at, method="different_answers")
        for n, room in enumerate(rooms, 1)
    )
    Partner.objects.bulk_create(
        Partner(group=group, round=first, user=user)
        for group, pair in zip(groups, pairs, strict=True)
        for user in pair
    )
    written = Message.objects.bulk_create(
        Message(
            room=room,
            seq=seq,
            sender=pair[seq % len(pair)],
            uuid=f"{room.pk}-{seq}",
            text=TEXT,
            created_at=at + timedelta(seconds=seq),
        )
        for room, pair in zip(rooms, pairs, strict=True)
        for seq in range(1, WRITTEN * len(pair) + 1)
    )
    Conviction.objects.bulk_create(
        Conviction(
            round=second, user=one.sender, by="message", message=one, said_at=second.opened_at
        )
        for one in {one.sender_id: one for one in written if chance.random() < 0.3}.values()
    )


def make_others(slug: str, *, messages: int, log: int, votes: int) -> Made:
    """Make a course with so many rows, written by the database itself (PostgreSQL)."""
    made = _course(slug, 100, 1)
    session = ClassSession.objects.create(
        course=made.course, started_at=BEGAN, changed_at=BEGAN, ended_at=BEGAN, controller=made.ines
    )
    (question,) = made.questions
    version = version_of(question)
    rounds = Round.objects.bulk_create(
        Round(
            session=session,
            question=question,
            version=version,
            number=1,
            opened_at=BEGAN,
            closed_at=BEGAN + timedelta(minutes=1),
        )
        for _ in range(votes // len(made.students))
    )
    each = 10_000 if messages >= 1_000_000 else 1000
    rooms = Room.objects.bulk_create(
        Room(course=made.course, kind="open", title=f"Room {n}", last_seq=each)
        for n in range(messages // each)
    )
    users = [user.pk for user in made.students]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO peerchat_rooms_message"
            " (id, room_id, seq, sender_id, uuid, kind, text, created_at)"
            " SELECT gen_random_uuid(), room, seq, (%s::bigint[])[1 + seq %% %s], 'u' || seq,"
            " 'text', %s, %s FROM unnest(%s::uuid[]) room, generate_series(1, %s) seq",
            [users, len(users), TEXT, BEGAN, [room.pk for room in rooms], each],
        )
        cursor.execute(
            "INSERT INTO peerchat_rooms_vote (round_id, user_id, choice, rationale, cast_at)"
            " SELECT round, voter, 'B', %s, %s FROM unnest(%s::bigint[]) round,"
            " unnest(%s::bigint[]) voter",
            [REASON, BEGAN, [one.pk for one in rounds], users],
        )
        cursor.execute(
            "INSERT INTO peerchat_rooms_uselog"
            " (timestamp, sid, event, act, div_id, course_id, user_id, in_course_id)"
            " SELECT %s::timestamptz + n * interval '1 second', 'somebody', 'vote', 'B:vote1', %s,"
            " %s, (%s::bigint[])[1 + n %% %s], %s FROM generate_series(1, %s) n",
            [BEGAN, question.slug, slug, users, len(users), made.course.pk, log],
        )
    return made


def unique(name: str) -> str:
    """Return a slug that no other run has."""
    return f"{name}-{uuid.uuid4().hex[:6]}"


def analyze() -> None:
    """Tell PostgreSQL what is in the tables, as it finds out by itself within some minutes."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
