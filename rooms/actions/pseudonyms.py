"""Giving students their pseudonyms.

A class has pseudonyms if the course had chosen them when one of its questions was posed, or while
no question was. It keeps them to its end, whatever the course chooses meanwhile: otherwise somebody
who talked with a pseudonym would meet the name in the same room.
"""

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.utils import timezone

from accounts import people
from accounts.text import name_key
from rooms.actions import night, tell, uselog
from rooms.actions.statements.rows import Member, Members, Place
from rooms.models import ClassSession, ClassSettings, Course, Enrollment, Message, Pseudonym, Room
from rooms.peer import pseudonyms
from rooms.queries import pseudonyms as queries
from rooms.wire.errors import PeerError, PermissionDenied, Unavailable
from rooms.wire.pseudonym_events import PseudonymEvent

TRIES = 20
"""How often names are chosen again because another process has just given away the same ones."""
RESTS = (
    "While the class has pseudonyms, students write to their partners and in the room of the "
    "course only."
)


def begin(session: ClassSession) -> None:
    """Give the students of a class pseudonyms from now on, if the course has chosen that.

    Call it under the lock of the class session, while there are no partner groups in use.
    """
    if session.has_pseudonyms:
        return
    chosen = ClassSettings.of(session.course)
    if not chosen.has_pseudonyms:
        return
    session.has_pseudonyms, session.lecturers_know = True, chosen.lecturer_knows
    # Snapshots of the revision before have the names.
    session.revision += 1
    session.save(update_fields=["has_pseudonyms", "lecturers_know", "revision"])
    course = session.course
    night.end_in_course(course=course)
    uselog.record(
        [
            uselog.row(
                sid=people.username(session.controller),
                user=session.controller_id,
                event="course",
                act=f"{queries.BEGUN}{session.pk}",
                course_id=course.slug,
                course=course.pk,
            )
        ]
    )
    give(course, session.pk)


def end(session: ClassSession) -> None:
    """Tell the students of a class that is over that they have no pseudonym any more.

    Where those who lead did not know the names, mutes end as well: they may have been given to a
    pseudonym, and the list would tell now whose it was.
    """
    if not session.has_pseudonyms:
        return
    tell.to_class(session.course, PseudonymEvent(course=session.course.slug, me=None))
    if session.lecturers_know:
        return
    muted = Enrollment.objects.filter(
        course=session.course, role=Enrollment.Role.STUDENT, muted_until__gt=timezone.now()
    )
    for enrollment in muted.select_related("course"):
        enrollment.muted_until = None
        enrollment.save(update_fields=["muted_until"])
        tell.muted(enrollment)


@dataclass(frozen=True, slots=True)
class Before:
    """A class before a command was carried out."""

    session: ClassSession
    round: int | None

    @classmethod
    def of(cls, session: ClassSession) -> Self:
        """Note where a class is."""
        return cls(session, session.current_round_id)


def follow(session: ClassSession, before: Before) -> None:
    """Begin pseudonyms with a new question, and end those of a class that a command has ended."""
    if session.pk != before.session.pk:
        end(before.session)
    posed = session.current_round
    if posed is not None and posed.number == 1 and posed.pk != before.round:
        begin(session)


def follow_settings(settings: ClassSettings) -> None:
    """Let the class that is on follow what a course has chosen, as far as that hides more.

    Pseudonyms begin at once if no question is posed, and else with the next one. Call it in the
    transaction that has changed the settings.
    """
    if not settings.has_pseudonyms:
        return
    course = Course.objects.select_for_update(no_key=True).get(pk=settings.course_id)
    session = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_for_update(no_key=True, of=("self",))
        .first()
    )
    if session is None:
        return
    session.course = course
    if session.current_round_id is None:
        begin(session)
    if session.has_pseudonyms and session.lecturers_know and not settings.lecturer_knows:
        session.lecturers_know = False
        session.save(update_fields=["lecturers_know"])


def welcome(course: Course) -> None:
    """Give those who have just become students of a course a pseudonym, if its class has them."""
    session = queries.veiled([course.pk]).get(course.pk)
    if session is not None:
        give(course, session)


def give(course: Course, session: int) -> None:
    """Give each student of the course who has no pseudonym in the class session one.

    The names are new in the course, so that no two people ever had the same. Raises Unavailable if
    other processes take all that are chosen.
    """
    for _ in range(TRIES):
        without = list(
            Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
            .exclude(user__in=Pseudonym.objects.filter(session=session).values("user"))
            # All processes insert in this order, so that they never wait for each other.
            .order_by("user_id")
            .values_list("user_id", flat=True)
        )
        if not without:
            return
        # Nobody may guess from one pseudonym what the next one is.
        names = choose(course, len(without), random.SystemRandom())
        Pseudonym.objects.bulk_create(
            (
                Pseudonym(session_id=session, user_id=user, name=name)
                for user, name in zip(without, names, strict=True)
            ),
            ignore_conflicts=True,
        )
        told = queries.each_mine(without, course, session)
        tell.to_users(
            [
                (course.pk, user, PseudonymEvent(course=course.slug, me=me))
                for user, me in told.items()
            ]
        )
    raise Unavailable


def choose(course: Course, count: int, rng: random.Random) -> list[str]:
    """Choose names that nobody has or had in the course, and no account has as its username."""
    had = Pseudonym.objects.filter(session__course=course).values_list("name", flat=True)
    taken = {pseudonyms.UNKNOWN, *had, *_of_accounts()}
    names: list[str] = []
    while len(names) < count:
        more = pseudonyms.choose(count - len(names), taken=taken, rng=rng)
        taken.update(more)
        # A guest who was merged into somebody else has left messages without a pseudonym.
        left = Message.objects.filter(room__course=course, pseudonym__in=more)
        used = set(left.values_list("pseudonym", flat=True))
        names += [name for name in more if name not in used]
    return names


def _of_accounts() -> set[str]:
    """Return the pseudonyms that accounts of the site have as their usernames, most likely none."""
    if not people.usernames_are_texts():
        return set()
    alike = people.everybody().filter(**{f"{people.by_name()}__startswith": pseudonyms.MARK})
    usernames = alike.values_list(people.by_name(), flat=True)
    return {name for one in usernames if (name := pseudonyms.name_of(name_key(one))) is not None}


class Authors:
    """Under what names some texts are to be stored, and who may not write."""

    def __init__(
        self, places: Iterable[Place], members: Members, senders: Collection[people.Key]
    ) -> None:
        """Read nothing if no room of the `places` is in a course with pseudonyms."""
        self._names: dict[int, dict[people.Key, str]] = {}
        self._members = members
        for place in places:
            session = place.session_id
            if not place.has_pseudonyms or session is None:
                continue
            if session not in self._names:
                self._names[session] = queries.given(session, senders)
            if self._lacks(place, self._names[session], senders):
                give(Course(pk=place.course_id, slug=place.course), session)
                self._names[session] = queries.given(session, senders)

    def _lacks(
        self, place: Place, names: Mapping[people.Key, str], senders: Collection[people.Key]
    ) -> bool:
        here = self._members[place.id]
        return any(
            user not in names and user in here and here[user].role == Enrollment.Role.STUDENT
            for user in senders
        )

    def objection(self, place: Place, member: Member) -> PeerError | None:
        """Return the error if a member of a room may not write there under a pseudonym."""
        if not place.has_pseudonyms or member.role in Enrollment.LEADING:
            return None
        if place.kind in queries.LIVELY:
            if self._names.get(place.session_id or 0, {}).get(member.user):
                return None
            return PermissionDenied("You can write when the first class has begun.")
        if place.kind == Room.Kind.DIRECT and any(
            other.role in Enrollment.LEADING for other in self._members[place.id].values()
        ):
            return None
        return PermissionDenied(RESTS)

    def name(self, place: Place, member: Member) -> str:
        """Return the pseudonym under which a member writes in a room; empty for the own name."""
        if (
            not place.has_pseudonyms
            or place.kind not in queries.LIVELY
            or member.role in Enrollment.LEADING
        ):
            return ""
        return self._names[place.session_id or 0][member.user]


def sessions(places: Mapping[UUID, Place]) -> dict[UUID, int]:
    """Return the class sessions of the rooms in which students have pseudonyms."""
    return {
        room: place.session_id
        for room, place in places.items()
        if place.has_pseudonyms and place.session_id is not None
    }


def check_other_rooms(course: Course, *, leads: bool) -> None:
    """Raise PermissionDenied for a student in a course with pseudonyms.

    Rooms other than that of the course and of partners rest there; see `queries.LIVELY`.
    """
    if not leads and queries.veiled([course.pk]):
        raise PermissionDenied(RESTS)
