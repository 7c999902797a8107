"""Try-outs, and the state of their classes as the simulated students see it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.conf import limits
from rooms.models import (
    ClassSession,
    Course,
    Membership,
    Message,
    Partner,
    Room,
    Round,
    TryOut,
    TryOutStudent,
    Vote,
)
from rooms.peer.answers import AnswerKey
from rooms.peer.phases import Phase
from rooms.queries import classroom
from rooms.queries.presence import online_connections

MOST_STUDENTS = 100
"""The most simulated students of a try-out."""
ANSWERED_WITHIN = timedelta(seconds=30)
"""The age up to which messages to simulated students are answered."""
MOST_HEARD = 50
"""The most messages that are answered at the same time."""


def simulated_students() -> int:
    """Return the number of simulated students of a new try-out; 0 if the site has no try-outs."""
    if not limits["TRY_OUTS"]:
        return 0
    return int(min(limits["TRY_OUT_STUDENTS"], MOST_STUDENTS))


def minutes() -> float:
    """Return the minutes that a new try-out lasts."""
    return float(limits["TRY_OUT_MINUTES"])


def led_by(user: User) -> TryOut | None:
    """Return the try-out of a lecturer."""
    return TryOut.objects.filter(lecturer=user).select_related("course", "of").first()


def in_course(course: Course) -> TryOut | None:
    """Return the try-out whose copy a course is."""
    return TryOut.objects.filter(course=course).select_related("course", "of", "lecturer").first()


def slugs_in_try_outs(slugs: Collection[str]) -> set[str]:
    """Return those of the slugs that are of try-outs."""
    found = TryOut.objects.filter(course__slug__in=slugs)
    return set(found.values_list("course__slug", flat=True))


def unattended(now: datetime) -> Q:
    """Return the condition for try-outs that no worker plays, or that are over."""
    return Q(held_until=None) | Q(held_until__lt=now) | Q(ends_at__lte=now)


def any_unattended() -> Exists:
    """Return the condition that there is a try-out that a worker has to take over."""
    return Exists(TryOut.objects.filter(unattended(timezone.now())))


def overdue(now: datetime) -> list[int]:
    """Return the try-outs that are over."""
    return list(TryOut.objects.filter(ends_at__lte=now).values_list("pk", flat=True))


def number_simulated(try_out: int) -> int:
    """Return the number of simulated students of a try-out."""
    return _simulated(try_out).count()


def simulated(try_out: int) -> dict[int, User]:
    """Return the simulated students of a try-out by number."""
    return {one.number: one.user for one in _simulated(try_out).select_related("user")}


def _simulated(try_out: int) -> QuerySet[TryOutStudent]:
    return TryOutStudent.objects.filter(try_out=try_out).exclude(number=TryOutStudent.OWN)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of somebody real, and the simulated students in its room."""

    message: UUID
    room: str
    seq: int
    text: str
    at: datetime
    students: list[int]


@dataclass(frozen=True, slots=True)
class Seat:
    """The room of a student in a discussion and the first choices of the partners there.

    `real` tells whether one of the partners is somebody real.
    """

    room: str
    others: list[str]
    real: bool


@dataclass(slots=True)
class Scene:
    """The class of a try-out at a moment, as far as its simulated students act on it.

    `first` has the first choices of the current question and `voted` who has voted in the current
    round, both by number. `since_phase` and `since_round` are in seconds; so is `left`, which is
    None without a deadline.
    """

    here: set[int]
    phase: Phase = Phase.IDLE
    chatting: bool = False
    since_phase: float = 0.0
    since_round: float = 0.0
    left: float | None = None
    round: Round | None = None
    asked: str = ""
    judge: AnswerKey | None = None
    first: dict[int, str] = field(default_factory=dict)
    voted: set[int] = field(default_factory=set)
    seats: dict[int, Seat] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    @property
    def company(self) -> dict[int, list[str]]:
        """Return the first choices of the partners of each student who have voted.

        In place of each right one, there is the right answer that simulated students give.
        """
        judge = self.judge
        if judge is None:
            return {}
        return {
            number: [
                judge.correct if judge.correct and judge.is_right(one) else one
                for one in seat.others
                if one
            ]
            for number, seat in self.seats.items()
        }


def scene(course: Course, students: dict[int, User], now: datetime) -> Scene:
    """Return the state of the class in a try-out for its simulated students."""
    numbers: dict[people.Key, int] = {user.pk: number for number, user in students.items()}
    online = online_connections().filter(user__in=numbers)
    seen = Scene(here={numbers[user] for user in online.values_list("user_id", flat=True)})
    seen.heard = _heard(course, numbers, now)
    session = classroom.class_session(course)
    if session is not None and session.current_round is not None:
        _see_class(seen, session, session.current_round, numbers, now)
    return seen


def _see_class(
    seen: Scene,
    session: ClassSession,
    current: Round,
    numbers: dict[people.Key, int],
    now: datetime,
) -> None:
    asked = current.asked
    first, _ = classroom.rounds(session)
    assert first is not None
    seen.phase = Phase(session.phase)
    talks = session.control_message in ("enableChat", "enableDiscussion")
    seen.chatting = seen.phase == Phase.DISCUSS and talks
    seen.since_phase = (now - session.changed_at).total_seconds()
    seen.since_round = (now - current.opened_at).total_seconds()
    if session.deadline is not None:
        seen.left = (session.deadline - now).total_seconds()
    seen.round, seen.judge = current, asked.key
    seen.asked = asked.question.slug
    choices: dict[people.Key, str] = {}
    for round_, user, choice in Vote.objects.filter(round__in={first.pk, current.pk}).values_list(
        "round", "user", "choice"
    ):
        if round_ == first.pk:
            choices[user] = choice
        if round_ == current.pk and user in numbers:
            seen.voted.add(numbers[user])
    seen.first = {numbers[user]: choice for user, choice in choices.items() if user in numbers}
    if seen.phase != Phase.VOTE:
        seen.seats = _seats(first, choices, numbers)


def _seats(
    first: Round, choices: dict[people.Key, str], numbers: dict[people.Key, int]
) -> dict[int, Seat]:
    members: dict[UUID, list[people.Key]] = defaultdict(list)
    for room, user in Partner.objects.filter(round=first).values_list("group__room", "user"):
        members[room].append(user)
    return {
        numbers[user]: Seat(
            room=str(room),
            others=[choices.get(one, "") for one in users if one != user],
            real=any(one not in numbers for one in users),
        )
        for room, users in members.items()
        for user in users
        if user in numbers
    }


def _heard(course: Course, numbers: dict[people.Key, int], now: datetime) -> list[Heard]:
    """Return the newest message of somebody real in each room with simulated students."""
    texts = Message.objects.filter(
        room__course=course,
        room__kind__in=(Room.Kind.PARTNERS, Room.Kind.DIRECT),
        kind=Message.Kind.TEXT,
        created_at__gt=now - ANSWERED_WITHIN,
    )
    real = texts.exclude(sender__in=numbers).filter(removed_at=None).order_by("-created_at")
    newest: dict[UUID, Message] = {}
    for message in real[:MOST_HEARD]:
        newest.setdefault(message.room_id, message)
    if not newest:
        return []
    students: dict[UUID, list[int]] = defaultdict(list)
    for room, user in _members(newest, numbers):
        students[room].append(numbers[user])
    return [
        Heard(one.id, str(room), one.seq, one.text, one.created_at, students[room])
        for room, one in newest.items()
        if students[room]
    ]


def _members(
    rooms: Iterable[UUID], numbers: dict[people.Key, int]
) -> Sequence[tuple[UUID, people.Key]]:
    found = Membership.objects.filter(room__in=list(rooms), user__in=numbers)
    return list(found.values_list("room_id", "user_id"))
