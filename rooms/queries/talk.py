"""How the partner groups of the current question talk, from counts: no text is read.

Everything comes from a fixed number of queries, whatever the number of groups.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, Subquery, Sum
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Message,
    Partner,
    PartnerGroup,
    Room,
    Round,
    Vote,
)
from rooms.peer import talk
from rooms.peer.talk import Advice, Candidate, Counts, Talk
from rooms.queries import classroom, flags, pairing, presence, pseudonyms
from rooms.wire.persons import Person

OPENING = ("enableChat", "enableFaceChat", "enableDiscussion")
"""The control messages that open a discussion."""
ALOUD = "enableFaceChat"
"""The one after which nobody needs to write."""
LOOKED_BACK = 1000
"""The newest messages of the course's room among which the opening is looked for."""
HALL = "hall"


@dataclass(slots=True)
class Written:
    """The texts of a group, by member, and the times of the first and the last one."""

    by: dict[people.Key, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.by.values())


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group.

    `seen` is as whom the others see them. `name` is their own one, if that is another and those who
    lead may know it.
    """

    user: User
    seen: Person
    name: str | None
    online: bool
    choice: str | None
    messages: int
    muted_until: datetime | None
    place: str
    seat: str


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group as those who lead the class see it: its members, how it was made, how it talks."""

    group: PartnerGroup
    members: list[Member]
    talk: Talk
    written: Written
    flags: int
    broken: int
    """How many pairs of members a rule of the course keeps apart, as far as names may be known."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of the current question. `asks` has those that are worth a visit."""

    groups: list[GroupSeen]
    asks: list[Advice]


def groups(course: Course, *, now: datetime | None = None) -> Groups:
    """Return the groups of the course's class, by number; none where there are none.

    Their choices are those of the first vote, which is closed while there are groups.
    """
    session = classroom.class_session(course)
    first, second = classroom.rounds(session) if session is not None else (None, None)
    if session is None or first is None:
        return Groups([], [])
    made = list(PartnerGroup.objects.filter(round=first).select_related("room").order_by("number"))
    if not made:
        return Groups([], [])
    ends = now or timezone.now()
    if second is not None:
        # Messages beside the second vote are no discussion any more.
        ends = min(ends, second.opened_at)
    opened, is_aloud = _opening(session, first)
    members = _members(session, first)
    written = texts([group.room_id for group in made], until=ends)
    flagged = flags.per_room(session.course)
    apart = _apart(session)
    seen = []
    for group in made:
        its = written.get(group.room_id, Written())
        its_members = [
            replace(member, messages=its.by.get(member.user.pk, 0))
            for member in members.get(group.pk, ())
        ]
        counts = Counts(
            members=len(its_members),
            here=sum(member.online for member in its_members),
            written=list(its.by.values()),
            age=None if opened is None else _ago(max(opened, group.formed_at), ends),
            first_ago=None if its.first is None else _ago(its.first, ends),
            last_ago=None if its.last is None else _ago(its.last, ends),
            may_speak=is_aloud or group.place == HALL,
        )
        how = talk.classify(counts)
        users = {member.user.pk for member in its_members}
        seen.append(
            GroupSeen(
                group,
                its_members,
                how,
                its,
                flags=flagged.get(group.room_id, 0),
                broken=sum(pair <= users for pair in apart),
            )
        )
    return Groups(seen, talk.whom_to_ask(map(_candidate, seen)) if opened is not None else [])


def _apart(session: ClassSession) -> Collection[frozenset[people.Key]]:
    """Return the pairs whom those who lead keep apart.

    Where they do not know who is who, it would tell them.
    """
    if session.has_pseudonyms and not session.lecturers_know:
        return ()
    return pairing.kept_apart(session.course)


def _candidate(seen: GroupSeen) -> Candidate:
    return Candidate(
        number=seen.group.number,
        talk=seen.talk,
        here=sum(member.online for member in seen.members),
        messages=seen.written.total,
        mixed=seen.group.is_mixed,
        right=seen.group.right,
    )


def _ago(moment: datetime, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0.0)


def texts(rooms: Collection[UUID], *, until: datetime) -> dict[UUID, Written]:
    """Return what was written in the rooms of groups, by room, up to a time.

    Lines of the system, such as those of visits, do not count.
    """
    counted = Message.objects.filter(room__in=rooms, kind=Message.Kind.TEXT, created_at__lte=until)
    found: dict[UUID, Written] = defaultdict(Written)
    for room, sender, n, begins, ends in (
        counted.order_by()
        .values_list("room", "sender")
        .annotate(n=Count("id"), begins=Min("created_at"), ends=Max("created_at"))
    ):
        its = found[room]
        its.by[sender] = n
        its.first = begins if its.first is None else min(its.first, begins)
        its.last = ends if its.last is None else max(its.last, ends)
    return found


def tally(first: Round) -> tuple[int, int, int]:
    """Return the numbers of a question's groups, of those without a text, and of all texts."""
    of_room = Message.objects.filter(room=OuterRef("room"), kind=Message.Kind.TEXT).order_by()
    # A subquery for each group uses the index of its room. A join need not: while PostgreSQL knows
    # little of new rows, it may compare every message with every group.
    texts_of_room = of_room.values("room").annotate(n=Count("id")).values("n")
    counted = (
        PartnerGroup.objects.filter(round=first)
        .annotate(texts=Subquery(texts_of_room))
        .aggregate(groups=Count("id"), talking=Count("texts"), messages=Sum("texts", default=0))
    )
    return counted["groups"], counted["groups"] - counted["talking"], counted["messages"]


def _opening(session: ClassSession, first: Round) -> tuple[datetime | None, bool]:
    """Return when the discussion of the current question was opened, and whether it is aloud."""
    room = Room.objects.get(course=session.course, kind=Room.Kind.COURSE)
    found = (
        Message.objects.filter(
            room=room,
            seq__gt=room.last_seq - LOOKED_BACK,
            kind=Message.Kind.CONTROL,
            text__in=OPENING,
            created_at__gte=first.opened_at,
        )
        .order_by("-seq")
        .values_list("created_at", "text")
        .first()
    )
    return (None, False) if found is None else (found[0], found[1] == ALOUD)


def _members(session: ClassSession, first: Round) -> dict[int, list[Member]]:
    """Return the members of the groups, without what they wrote, by the groups' ids."""
    enrollment = Enrollment.objects.filter(course=session.course, user=OuterRef("user"))
    places = (
        Partner.objects.filter(round=first)
        .select_related("user")
        .annotate(
            choice=Subquery(
                Vote.objects.filter(round=first, user=OuterRef("user")).values("choice")[:1]
            ),
            muted_until=Subquery(enrollment.values("muted_until")[:1]),
            place=Subquery(enrollment.values("place")[:1]),
            seat=Subquery(enrollment.values("seat")[:1]),
        )
        .order_by("id")
    )
    online = presence.online_students(session.course)
    seen = pseudonyms.fellows(session, [place.user for place in places])
    tells = session.has_pseudonyms and session.lecturers_know
    # A seat would tell who somebody is.
    seats = tells or not session.has_pseudonyms
    found: dict[int, list[Member]] = defaultdict(list)
    for place in places:
        found[place.group_id].append(
            Member(
                user=place.user,
                seen=seen[place.user_id],
                name=people.shown_name(place.user) if tells else None,
                online=place.user_id in online,
                choice=place.choice,
                messages=0,
                muted_until=place.muted_until,
                place=place.place or "",
                seat=(place.seat or "") if seats else "",
            )
        )
    return found
