"""Which classes have pseudonyms, and who has which."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import OuterRef, QuerySet
from msgspec import UNSET, UnsetType

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.models import ClassSession, ClassSettings, Course, Enrollment, Pseudonym, Room, UseLog
from rooms.peer import pseudonyms
from rooms.permissions import enrolled, leading, member
from rooms.wire.errors import PermissionDenied
from rooms.wire.events import Person
from rooms.wire.persons import Me

U = TypeVar("U", bound=User)

EARLIER = 50
"""The earlier pseudonyms of a user that their pages know their messages by."""
BEGUN = "pseudonyms:"
"""What the `act` of the row of the use log begins with that tells when a class got pseudonyms."""
LIVELY = (Room.Kind.COURSE, Room.Kind.PARTNERS)
"""The kinds of rooms in which students meet under pseudonyms.

The members of other rooms stay the same from class to class. So whoever knew their names once could
tell whose pseudonym is whose, and students neither write in such rooms nor see who is in them.
"""


def veiled(courses: Iterable[int]) -> dict[int, int | None]:
    """Return the courses whose students have pseudonyms now, with the id of their class session.

    The id is None before the first class, in which students get their pseudonyms.
    """
    wanted = set(courses)
    open_now = {
        course: (pk, has_pseudonyms)
        for course, pk, has_pseudonyms in ClassSession.objects.filter(
            course__in=wanted, ended_at=None
        ).values_list("course_id", "pk", "has_pseudonyms")
    }
    found: dict[int, int | None] = {
        course: pk for course, (pk, has_pseudonyms) in open_now.items() if has_pseudonyms
    }
    if between := wanted - open_now.keys():
        chosen = ClassSettings.objects.filter(course__in=between, has_pseudonyms=True)
        found |= dict.fromkeys(chosen.values_list("course_id", flat=True))
    return found


def given(session: int | None, users: Collection[people.Key]) -> dict[people.Key, str]:
    """Return the pseudonyms of users in a class session."""
    if session is None or not users:
        return {}
    found = Pseudonym.objects.filter(session=session, user__in=users)
    return dict(found.values_list("user_id", "name"))


def mine(user: User, course: Course, session: int) -> Me | UnsetType:
    """Return the user's pseudonym in the class session of a course; UNSET without one."""
    return each_mine([user.pk], course, session).get(user.pk, UNSET)


def each_mine(users: Collection[people.Key], course: Course, session: int) -> dict[people.Key, Me]:
    """Return the pseudonyms of users in the class session of a course, as they see them."""
    known = ClassSession.objects.values_list("lecturers_know", flat=True).get(pk=session)
    now: dict[people.Key, str] = {}
    earlier: dict[people.Key, list[str]] = defaultdict(list)
    rows = Pseudonym.objects.filter(session__course=course, user__in=users).order_by("-session_id")
    for user, of, name in rows.values_list("user_id", "session_id", "name"):
        if of == session:
            now[user] = name
        elif len(earlier[user]) < EARLIER:
            earlier[user].append(pseudonyms.username(name))
    return {
        user: Me(pseudonyms.username(name), name, known, earlier[user])
        for user, name in now.items()
    }


def members(room: Room, users: Iterable[U], me: User | None = None) -> list[tuple[U, Person]]:
    """Return the members of a room as the others see them, by username.

    Where a course has pseudonyms, rooms that are not `LIVELY` have only those who lead, and `me`.
    """
    found = list(users)
    courses = veiled([room.course_id])
    if room.course_id not in courses:
        return [(user, frames.person(user)) for user in found]
    led = leaders([room.course_id])
    session = courses[room.course_id]
    names = given(session, [user.pk for user in found])
    if room.kind == Room.Kind.DIRECT:
        both = room.memberships.values_list("user_id", flat=True)
        if any((room.course_id, user) in led for user in both):
            return [(user, frames.person(user)) for user in found]
    seen: list[tuple[U, Person]] = []
    for user in found:
        if (room.course_id, user.pk) in led:
            seen.append((user, frames.person(user)))
        elif room.kind in LIVELY and session is not None:
            seen.append((user, frames.student(user, names)))
        elif user == me:
            seen.append((user, frames.person(user)))
    return sorted(seen, key=lambda one: one[1].username)


def leaders(courses: Collection[int]) -> set[tuple[int, people.Key]]:
    """Return (course, user) for everybody who leads one of the courses."""
    led = Enrollment.objects.filter(course__in=courses, role__in=Enrollment.LEADING)
    return set(led.values_list("course_id", "user_id"))


def shared_by_name(courses: Iterable[Course], users: Collection[people.Key]) -> list[Course]:
    """Return those of the courses in which the users, who are in all of them, meet by their names.

    That is so in courses without pseudonyms, and where one of them leads.
    """
    courses = list(courses)
    hidden = veiled([course.pk for course in courses])
    led = {course for course, user in leaders(hidden) if user in users}
    return [course for course in courses if course.pk not in hidden or course.pk in led]


def present(
    rooms: dict[UUID, int], users: Collection[people.Key]
) -> dict[UUID, dict[people.Key, str]]:
    """Return by what usernames some users come and go in rooms of courses with pseudonyms.

    `rooms` has the course of each room. Who is missing in a room comes and goes unnoticed there.
    Rooms of other courses are left out.
    """
    courses = veiled(rooms.values())
    if not courses:
        return {}
    led = leaders(courses)
    real = {
        pk: str(name)
        for pk, name in people.everybody()
        .filter(pk__in={user for _, user in led}.intersection(users))
        .values_list("pk", people.by_name())
    }
    names = {course: given(session, users) for course, session in courses.items()}
    kinds = dict(
        Room.objects.filter(
            pk__in=[room for room, course in rooms.items() if course in courses]
        ).values_list("pk", "kind")
    )
    found: dict[UUID, dict[people.Key, str]] = {}
    for room, kind in kinds.items():
        course = rooms[room]
        found[room] = {user: name for user, name in real.items() if (course, user) in led}
        if kind in LIVELY:
            found[room] |= {
                user: pseudonyms.username(name)
                for user, name in names[course].items()
                if (course, user) not in led
            }
    return found


def typist(user: User, room: str) -> Person | None:
    """Return as whom a member of a room is seen to type there, or None if nobody is to see it.

    Raises InvalidRoom.
    """
    seen = members(member(user, room).room, [user])
    return seen[0][1] if seen else None


def check_publisher(user: User, slug: str) -> None:
    """Raise PermissionDenied for a student, whose name would go with what is published."""
    if not enrolled(user, slug).leads:
        raise PermissionDenied("While the class has pseudonyms, students publish nothing.")


def student(course: Course, username: str) -> User | None:
    """Return the student of a course by the username that those who lead the course know.

    That may be the pseudonym in the class that is on. Where they do not know who has which, it is
    nothing else, as a name would tell them.
    """
    session = ClassSession.objects.filter(course=course, ended_at=None, has_pseudonyms=True).first()
    students = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    name = pseudonyms.name_of(username)
    if session is not None and name is not None:
        found = (
            Pseudonym.objects.filter(session=session, name=name, user__in=students.values("user"))
            .select_related("user")
            .first()
        )
        if found is not None:
            return found.user
    if session is not None and not session.lecturers_know:
        return None
    user = people.find(username)
    return user if user is not None and students.filter(user=user).exists() else None


def fellow(session: ClassSession, user: User) -> Person:
    """Return how students of a class see another one."""
    return fellows(session, [user])[user.pk]


def fellows(session: ClassSession, users: Collection[User]) -> dict[people.Key, Person]:
    """Return how students of a class see others."""
    if not session.has_pseudonyms:
        return {user.pk: frames.person(user) for user in users}
    names = given(session.pk, [user.pk for user in users])
    return {user.pk: frames.student(user, names) for user in users}


def find_fellow(session: ClassSession, username: str) -> User | None:
    """Return the student of a class whom another one means by a username."""
    if not session.has_pseudonyms:
        return people.find(username)
    # A name must not do as well, as its answer would tell whose the pseudonym is.
    named = Pseudonym.objects.filter(session=session, name=pseudonyms.name_of(username))
    found = named.select_related("user").first()
    return None if found is None else found.user


def for_lecturers(course: Course, users: Collection[User]) -> dict[people.Key, Person]:
    """Return how those who lead a course may see students of the class that is on.

    Where they do not know who has which pseudonym, they see the pseudonyms.
    """
    session = ClassSession.objects.filter(course=course, ended_at=None, has_pseudonyms=True).first()
    if session is None or session.lecturers_know:
        return {user.pk: frames.person(user) for user in users}
    return fellows(session, users)


def unknown_to_lecturers(course: Course | OuterRef) -> QuerySet[ClassSession]:
    """Return the classes in which those who lead do not know whose the pseudonyms are."""
    return ClassSession.objects.filter(course=course, has_pseudonyms=True, lecturers_know=False)


def hidden_from_lecturers(course: Course) -> bool:
    """Return whether the course had a class in which those who lead do not know the names."""
    return unknown_to_lecturers(course).exists()


@dataclass(frozen=True, slots=True)
class HiddenClass:
    """A class in which those who lead do not know the names, and from when until when."""

    session: int
    begins: datetime
    ends: datetime | None


def hidden_classes(course: Course) -> list[HiddenClass]:
    """Return the classes of a course in which those who lead do not know the names, in order."""
    hidden = (
        unknown_to_lecturers(course)
        .order_by("started_at")
        .values_list("pk", "started_at", "ended_at")
    )
    began = dict(
        UseLog.objects.filter(in_course=course, event="course", act__startswith=BEGUN)
        .order_by("timestamp")
        .values_list("act", "timestamp")
    )
    return [
        HiddenClass(pk, began.get(f"{BEGUN}{pk}", started), ended) for pk, started, ended in hidden
    ]


def hides_owners(course: Course) -> bool:
    """Return whether those who lead do not know the names in the class that is on."""
    return unknown_to_lecturers(course).filter(ended_at=None).exists()


def owners(user: User, slug: str) -> QuerySet[Pseudonym]:
    """Return whose the pseudonyms in a course are, those of the last class first.

    Only for those who lead it, and of classes in which they may know. Raises PermissionDenied, also
    where they may know of no class.
    """
    course = leading(user, slug).course
    found = Pseudonym.objects.filter(session__course=course, session__lecturers_know=True)
    if hidden_from_lecturers(course) and not found.exists():
        raise PermissionDenied("In this course nobody is told whose the pseudonyms are.")
    return found.select_related("user").order_by("-session_id", "name")


def mentioned(
    sessions: dict[UUID, Any], names: Collection[str]
) -> list[tuple[UUID, str, people.Key]]:
    """Return (room, username, user) for the pseudonyms among names, given the rooms' sessions."""
    wanted = {name for one in names if (name := pseudonyms.name_of(one)) is not None}
    if not wanted or not sessions:
        return []
    rows = list(
        Pseudonym.objects.filter(session__in=set(sessions.values()), name__in=wanted).values_list(
            "session_id", "name", "user_id"
        )
    )
    return [
        (room, pseudonyms.username(name), user)
        for room, session in sessions.items()
        for of, name, user in rows
        if of == session
    ]
