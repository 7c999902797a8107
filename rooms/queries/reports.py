"""What students report, whom they block, and how those who lead a course may see it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts import people
from accounts.people import User
from rooms.models import (
    Block,
    ClassSession,
    Course,
    Enrollment,
    Membership,
    Message,
    PartnerGroup,
    Pseudonym,
    Report,
    Room,
    StandIn,
)
from rooms.peer import pseudonyms as words
from rooms.queries import pseudonyms
from rooms.wire.errors import InvalidMessageFormat, NoSuchMessage

FELLOWS = 50
"""The most people that a student is offered to report or to block: the last partners first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A report as those who lead the course may see it: with pseudonyms where the class had them.

    `message` is the text that was reported, if it is still there.
    """

    report: Report
    about: str
    reporter: str
    message: str


def reports_for(user: User, course: Course, *, settled: bool = False) -> QuerySet[Report]:
    """Return the reports of a course that somebody who leads it may see, the newest first.

    Nobody sees those about themselves.
    """
    return (
        Report.objects.filter(course=course, settled_at__isnull=not settled)
        .exclude(about=user)
        .select_related("about", "reporter", "message", "settled_by")
        .order_by("-made_at", "-pk")
    )


def shown(course: Course, reports: Collection[Report]) -> list[Shown]:
    """Return reports without the names that those who lead the course may not know."""
    hidden = list(
        ClassSession.objects.filter(course=course, has_pseudonyms=True, lecturers_know=False)
    )

    def name(user: User, at: datetime) -> str:
        for session in hidden:
            if session.started_at <= at and (session.ended_at is None or at <= session.ended_at):
                return pseudonyms.given(session.pk, [user.pk]).get(user.pk, words.UNKNOWN)
        return people.shown_name(user)

    made = []
    for one in reports:
        at = one.message.created_at if one.message is not None else one.made_at
        text = one.message.text if one.message is not None else ""
        about, reporter = name(one.about, at), name(one.reporter, at)
        of = _session_of(one)
        if one.pseudonym and (of is None or of in {session.pk for session in hidden}):
            # Those who met by pseudonyms keep them, also in what is reported after the class.
            about = one.pseudonym
            reporter = pseudonyms.given(of, [one.reporter_id]).get(one.reporter_id, words.UNKNOWN)
        made.append(Shown(one, about, reporter, text))
    return made


def _session_of(report: Report) -> int | None:
    """Return the class in which the reporter met the pseudonym that a report is about."""
    rows = Pseudonym.objects.filter(
        session__course=report.course_id, user=report.about_id, name=report.pseudonym
    )
    return rows.order_by("-session").values_list("session", flat=True).first()


def person_meant(user: User, course: Course, username: str) -> tuple[User, str]:
    """Return whom somebody in a course means by a username, or by a pseudonym of the class.

    The second value is the pseudonym, or "" for a username. Raises InvalidMessageFormat, also for a
    name where people have pseudonyms: the answer would tell who has which.
    """
    hidden = course.pk in pseudonyms.veiled([course.pk])
    found: User | None = None
    name = words.name_of(username)
    pseudonym = ""
    if name is not None:
        rows = Pseudonym.objects.filter(session__course=course, name=name).order_by("-session")
        row = rows.select_related("user").first()
        if row is not None:
            found, pseudonym = row.user, row.name
    elif (named := people.find(username)) is not None:
        place = Enrollment.objects.filter(course=course, user=named).first()
        found = named if place is not None and (place.leads or not hidden) else None
    if found is None or found == user or StandIn.objects.filter(user=found).exists():
        raise InvalidMessageFormat("The course has no such other person.")
    return found, pseudonym


def message_meant(user: User, course: Course, message: UUID) -> Message:
    """Return a message of somebody else in a room of the course that the user is in.

    Raises NoSuchMessage.
    """
    mine = Membership.objects.filter(user=user, room__course=course).values("room")
    found = (
        Message.objects.filter(pk=message, kind=Message.Kind.TEXT, room__in=mine, removed_at=None)
        .exclude(sender=user)
        .select_related("sender")
        .first()
    )
    if found is None:
        raise NoSuchMessage
    return found


def fellows(user: User, course: Course) -> list[tuple[str, str]]:
    """Return (username, shown name) of the people whom a student has met in a course.

    Those met under a pseudonym have it here, too, and no other name.
    """
    groups = (
        PartnerGroup.objects.filter(partners__user=user, round__session__course=course)
        .select_related("round__session")
        .order_by("-formed_at")[:FELLOWS]
    )
    found: dict[str, str] = {}
    for group in groups:
        others = [one.user for one in group.partners.select_related("user").exclude(user=user)]
        for person in pseudonyms.fellows(group.round.session, others).values():
            found.setdefault(person.username, person.display_name)
    if course.pk not in pseudonyms.veiled([course.pk]):
        direct = Membership.objects.filter(
            room__kind=Room.Kind.DIRECT,
            room__course=course,
            room__in=Membership.objects.filter(user=user).values("room"),
        ).exclude(user=user)
        for one in direct.select_related("user")[:FELLOWS]:
            found.setdefault(people.username(one.user), people.shown_name(one.user))
    gone = set(
        StandIn.objects.filter(
            user__in=Membership.objects.filter(room__course=course).values("user")
        ).values_list(people.by_name("user__"), flat=True)
    )
    return [(name, told) for name, told in found.items() if name not in gone][:FELLOWS]


def blocks_of(user: User, course: Course) -> list[tuple[int, str]]:
    """Return the id of each block that somebody has made in a course, with the name they know."""
    found = Block.objects.filter(user=user, course=course).select_related("blocked")
    return [
        (block.pk, block.pseudonym or people.shown_name(block.blocked))
        for block in found.order_by("-made_at", "-pk")
    ]


def write_no_more(one: people.Key, other: people.Key) -> bool:
    """Return whether a block keeps two people from writing to each other.

    A block by a pseudonym keeps them apart in the course alone. Otherwise, a refused message would
    tell whose the pseudonym is.
    """
    either = Q(user=one, blocked=other) | Q(user=other, blocked=one)
    return Block.objects.filter(either, pseudonym="").exists()
