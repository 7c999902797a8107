"""The rooms, courses and dashboards of many users at once, to compare their sockets with."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Min

from accounts import credentials, people
from accounts.credentials import Credential
from rooms import frames
from rooms.delivery import names
from rooms.models import Enrollment, Membership, Room

MISSED_LIMIT = 500
"""Messages that a late socket of a room gets. If more were missed, it gets none, and the client
reads the history."""


@dataclass(frozen=True, slots=True)
class LateRoom:
    """A room for a user who missed the notice of becoming a member.

    `added` is the frame of that notice, `since` the number of the last message before the user came
    and `reached` that of the newest message.
    """

    added: bytes
    since: int
    reached: int


@dataclass(frozen=True, slots=True)
class RoomOf:
    """A room of a user."""

    user: people.Key
    id: UUID
    audience: str
    group: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of credentials and the rooms and courses of users, as the database has them.

    `rooms` has each user's rooms by audience; a socket joins the first of them. `courses` has the
    channel-layer groups of each user's courses, `slugs` the slugs of these courses by id, and
    `led` the dashboards and screens that the user may open.
    `strangers` has, by course, the users who are in rooms of a course but not in the course.
    """

    checked: credentials.Checked
    rooms: Mapping[people.Key, Mapping[str, RoomOf]]
    courses: Mapping[people.Key, Set[str]]
    slugs: Mapping[people.Key, Mapping[int, str]]
    led: Mapping[people.Key, Set[str]]
    strangers: Mapping[int, Collection[people.Key]]


def read(wanted: Collection[Credential], users: Collection[people.Key]) -> Facts:
    """Check the credentials and read the facts of the users, with at most five queries."""
    checked = credentials.check(wanted)
    rooms: dict[people.Key, dict[str, RoomOf]] = defaultdict(dict)
    courses: dict[people.Key, set[str]] = defaultdict(set)
    slugs: dict[people.Key, dict[int, str]] = defaultdict(dict)
    led: dict[people.Key, set[str]] = defaultdict(set)
    strangers: dict[int, set[people.Key]] = defaultdict(set)
    facts = Facts(checked, rooms, courses, slugs, led, strangers)
    if not users:
        return facts
    # Memberships are read first, so a user who is enrolled meanwhile has none among them.
    memberships = list(
        Membership.objects.filter(user__in=users, room__archived_at=None)
        .order_by()
        .values_list("user_id", "room_id", "room__course_id", "room__kind", "joined_at")
    )
    enrollments = Enrollment.objects.filter(user__in=users).order_by()
    for user, course, slug, role in enrollments.values_list(
        "user_id", "course_id", "course__slug", "role"
    ):
        courses[user].add(names.course(course))
        slugs[user][course] = slug
        if role in Enrollment.LEADING:
            led[user].update((names.dashboards(course), names.screens(course)))
    # In the order in which a new socket joins them; see rooms.entry.
    memberships.sort(key=lambda row: row[4], reverse=True)
    memberships.sort(key=lambda row: row[3] != Room.Kind.COURSE)
    for user, room, course, _, _ in memberships:
        group = names.course(course)
        if group in courses[user]:
            audience = names.room(room)
            rooms[user][audience] = RoomOf(user, room, audience, group)
        else:
            strangers[course].add(user)
    return facts


def read_late(
    wanted: Collection[tuple[people.Key, UUID]],
) -> dict[tuple[people.Key, UUID], LateRoom]:
    """Return the `LateRoom` of each wanted (user, room) where the user is a member."""
    memberships = {
        (membership.user_id, membership.room_id): membership
        for membership in Membership.objects.filter(
            user__in={user for user, _ in wanted},
            room__in={room for _, room in wanted},
            room__archived_at=None,
            room__course__enrollments__user=F("user"),
        ).select_related("room__course")
        if (membership.user_id, membership.room_id) in wanted
    }
    ids = {room for _, room in memberships}
    members = dict(
        Membership.objects.filter(room__in=ids)
        .order_by()
        .values_list("room_id")
        .annotate(n=Count("id"))
    )
    titles = _direct_titles({m.room_id for m in memberships.values() if m.room.kind == "direct"})
    first = _first([membership.pk for membership in memberships.values()])
    found = {}
    for (user, room_id), membership in memberships.items():
        room, reached = membership.room, membership.room.last_seq
        room.last_seq = first.get(membership.pk, reached + 1) - 1
        others = [title for member, title in titles.get(room_id, ()) if member != user]
        found[user, room_id] = LateRoom(
            added=frames.room_added(
                room,
                title=others[0] if others else room.title,
                course=room.course.slug,
                members=members[room_id],
            ),
            since=room.last_seq,
            reached=reached,
        )
    return found


def _direct_titles(rooms: Collection[UUID]) -> dict[UUID, list[tuple[people.Key, str]]]:
    """Return the members of direct rooms, each with the room's title for the other member."""
    titles: dict[UUID, list[tuple[people.Key, str]]] = defaultdict(list)
    for membership in Membership.objects.filter(room__in=rooms).select_related("user"):
        title = frames.direct_title(membership.user)
        titles[membership.room_id].append((membership.user_id, title))
    return titles


def _first(memberships: Collection[int]) -> dict[int, int]:
    """Return the number of the first message since each membership began, if it is recent."""
    rows = (
        Membership.objects.filter(
            pk__in=memberships,
            room__messages__created_at__gt=F("joined_at"),
            room__messages__seq__gte=F("room__last_seq") - MISSED_LIMIT,
        )
        .order_by()
        .values_list("pk", "room__last_seq")
        .annotate(first=Min("room__messages__seq"))
    )
    return {membership: first for membership, last, first in rows if first > last - MISSED_LIMIT}
