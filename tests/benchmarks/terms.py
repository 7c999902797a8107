"""A course with a whole term in it, and others with far more, stored by bulk inserts."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
    Release,
    Room,
    Round,
    Take,
    UseLog,
    Vote,
)

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEXT = "I say it moves on at constant speed, since nothing pulls it back. What made you choose C?"
REASON = "Nothing pulls it back, so it keeps its speed."
WRITTEN = 3
"""Messages of each student to their partner, for each question."""
STEPS = ("enableVote", "stopVote", "enableChat", "enableRevote", "stopVote", "reveal")
"""The steps of a class at a question, as its room has them."""


@dataclass(frozen=True)
class Made:
    """A course with its instructor, its students and its questions."""

    course: Course
    ines: User
    students: list[User]
    questions: list[Question]


def make_term(slug: str, *, students: int, questions: int, weeks: int) -> Made:
    """Make a course that was asked these questions in a class each week, twice each, in pairs.

    Everybody writes a line in the room of the course for each question. The last question of each
    class is released afterwards, and every fifth student answers it outside class.
    """
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
    room = Room.objects.get(course=made.course, kind="course")
    released: dict[int, Question] = {}
    for number, question in enumerate(made.questions):
        session = sessions[number * weeks // questions]
        at = session.started_at + timedelta(minutes=15 * (number % 8))
        _ask(made, session, question, at, chance)
        _tell(made, room, question, at)
        released[session.pk] = question
    for session in sessions:
        if session.pk in released:
            _release(made, session, released[session.pk], chance)
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
    Enrollment.objects.filter(course=course).update(joined_at=BEGAN, shares_reasons_since=BEGAN)
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
        PartnerGroup(
            round=first,
            number=n,
            room=room,
            formed_at=at,
            method="different_answers",
            size=len(pair),
            voters=len(pair),
            is_mixed=chance.random() < 0.8,
            right=chance.randint(0, len(pair)),
            confidence_gap=chance.randint(0, 4),
        )
        for n, (room, pair) in enumerate(zip(rooms, pairs, strict=True), 1)
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


def _tell(made: Made, room: Room, question: Question, at: datetime) -> None:
    """Store what everybody writes in the room of the course, and the steps of the class there."""
    bars = dict.fromkeys("ABCD", 60)
    result = {"order": [list(bars), list(bars)], "right": ["B"]}
    told: list[tuple[User, str, str, Any]] = [(user, "text", TEXT, None) for user in made.students]
    told += [
        (
            made.ines,
            "control",
            step,
            {
                "question": {"question": question.slug, "result": result},
                "histograms": [bars, bars],
                "correct": "B",
            }
            if step == "reveal"
            else {"question": {"question": question.slug}},
        )
        for step in STEPS
    ]
    Message.objects.bulk_create(
        Message(
            room=room,
            seq=room.last_seq + n,
            sender=sender,
            uuid=f"{question.slug}-{n}",
            kind=kind,
            text=text,
            control=control,
            created_at=at + timedelta(minutes=7),
        )
        for n, (sender, kind, text, control) in enumerate(told, 1)
    )
    room.last_seq += len(told)
    room.save(update_fields=["last_seq"])


def _release(made: Made, session: ClassSession, question: Question, chance: random.Random) -> None:
    opened = session.started_at + timedelta(days=1)
    release = Release.objects.create(
        course=made.course,
        question=question,
        version=version_of(question),
        session=session,
        name=uuid.uuid4(),
        released_by=made.ines,
        released_at=opened,
        opens_at=opened,
        due_at=opened + timedelta(days=6),
    )
    Take.objects.bulk_create(
        Take(
            release=release,
            user=user,
            started_at=opened,
            first_choice=chance.choice("ABCD"),
            first_confidence=chance.randint(1, 5),
            first_reason=REASON,
            first_at=opened + timedelta(seconds=chance.uniform(20, 90)),
            second_choice=chance.choice("BBBACD"),
            second_confidence=chance.randint(1, 5),
            second_at=opened + timedelta(seconds=chance.uniform(100, 300)),
        )
        for user in made.students[::5]
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
    # Else PostgreSQL checks each row's round by the plan that was best for few rounds.
    analyze()
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
