"""Reads a rehearsal from the database."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from django.db import connections
from django.db.models import F

from accounts import people
from rooms.models import (
    ClassSession,
    Connection,
    Course,
    Message,
    Partner,
    PartnerGroup,
    Room,
    Round,
    Vote,
)
from rooms.peer.bars import tally
from rooms.peer.phases import Phase


@contextlib.contextmanager
def own_connection() -> Iterator[None]:
    """Close the database connection of a thread that may not be used again."""
    try:
        yield
    finally:
        connections.close_all()


class Ledger:
    """Reads the course from the database."""

    def __init__(self, course: Course) -> None:
        self._course = course

    @own_connection()
    def sockets(self) -> list[int]:
        mine = Connection.objects.filter(
            user__peerchat_enrollments__course=self._course, closed_at=None
        )
        return sorted(Counter(mine.values_list("worker", flat=True)).values())

    @own_connection()
    def votes(self, number: int) -> list[tuple[str, str]]:
        round_ = Round.objects.get(session__course=self._course, number=number)
        return list(
            Vote.objects.filter(round=round_).values_list(people.by_name("user__"), "choice")
        )

    @own_connection()
    def groups(self) -> list[list[str]]:
        made = PartnerGroup.objects.filter(round__session__course=self._course)
        members: dict[int, list[str]] = {pk: [] for pk in made.values_list("pk", flat=True)}
        places = Partner.objects.filter(group__in=made)
        for pk, name in places.values_list("group", people.by_name("user__")):
            members[pk].append(name)
        return list(members.values())

    @own_connection()
    def places(self) -> dict[str, int] | None:
        discussing = ClassSession.objects.filter(
            course=self._course, ended_at=None, phase__in=(Phase.VOTE_CLOSED, Phase.DISCUSS)
        )
        found = Partner.objects.filter(round__in=discussing.values("current_round"))
        return dict(found.values_list(people.by_name("user__"), "group")) or None

    @own_connection()
    def choices(self, question: str, number: int) -> dict[str, str]:
        cast = Vote.objects.filter(
            round__session__course=self._course, round__question__slug=question
        )
        return dict(
            cast.filter(round__number=number).values_list(people.by_name("user__"), "choice")
        )

    @own_connection()
    def bars(self, question: str, number: int) -> dict[str, int]:
        round_ = Round.objects.select_related("question", "version").get(
            session__course=self._course, question__slug=question, number=number
        )
        votes = Counter(Vote.objects.filter(round=round_).values_list("choice", flat=True))
        (bars,) = tally(round_.asked.key, [votes])
        return {bar: count for bar, count in bars.items() if count}

    @own_connection()
    def late_votes(self) -> int:
        mine = Vote.objects.filter(round__session__course=self._course)
        return mine.filter(cast_at__gt=F("round__closed_at")).count()

    @own_connection()
    def partner_messages(self) -> dict[str, list[tuple[int, str, str]]]:
        found = Message.objects.filter(
            room__course=self._course, room__kind=Room.Kind.PARTNERS
        ).order_by("seq")
        rows: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for room, seq, name, text in found.values_list(
            "room", "seq", people.by_name("sender__"), "text"
        ):
            rows[str(room)].append((seq, name, text))
        return dict(rows)
