"""Reads, each scoped to the one who asks."""

import re
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.utils import timezone

from accounts.models import User
from rooms import frames
from rooms.conf import limits
from rooms.delivery import names
from rooms.models import (
    ClassSession,
    Connection,
    Course,
    Enrollment,
    Membership,
    Mention,
    Message,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    UseLog,
    Vote,
)
from rooms.peer import phases
from rooms.peer.phases import Phase
from rooms.permissions import enrolled, joinable, leading, member, parse_room
from rooms.wire.errors import InvalidRoom
from rooms.wire.events import (
    FiguresBody,
    MessageBody,
    MyCourse,
    OwnVote,
    PartnerBody,
    QuestionBody,
    RoomInfo,
    Snapshot,
    Transitions,
)
from rooms.wire.fields import DEFAULT_PAGE, PAGE_LIMIT, RESUME_LIMIT

RESUME_TOTAL = 5_000
"""Missed messages that one `resume` sends of all rooms together."""
REMOVED_KNOWN = timedelta(days=7)
"""How long after a message was removed those who come back are told."""
WORDS_LIMIT = 10
"""Words and phrases that a search without an index looks for."""
USERS_LIMIT = 5_000
"""People in one answer to `list_users`, and rooms in one to `list_rooms`."""


# --- rooms ---------------------------------------------------------------------------------------


Entry = tuple[list[MyCourse], list[int], list[tuple[UUID, int, int]]]
"""(courses, their ids, (room, course, newest number) of each room)."""


# One query, as everyone enrolled in a course is a member of its room. It is written out: a class
# that arrives asks it a thousand times, and the ORM takes longer to build it than the database to
# answer.
_ENTRY = """
SELECT r.id, r.course_id, r.last_seq, r.kind, c.slug, c.title, e.role
FROM rooms_membership m
JOIN rooms_room r ON r.id = m.room_id
JOIN rooms_course c ON c.id = r.course_id
LEFT JOIN rooms_enrollment e ON e.course_id = r.course_id AND e.user_id = m.user_id
WHERE m.user_id = %(user)s AND r.archived_at IS NULL
ORDER BY
    CASE r.kind WHEN 'course' THEN 0 ELSE 1 END,
    CASE r.kind WHEN 'course' THEN c.title END,
    m.joined_at DESC
LIMIT %(most)s
"""


def entry(user: User, most: int) -> Entry:
    """What a chat socket needs to begin: the user's courses, and the rooms they are in.

    Of the rooms the courses' come first, then those joined last; `most` at the most.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ENTRY, {"user": user.pk, "most": most})
        found = cursor.fetchall()
    mine: list[MyCourse] = []
    courses: list[int] = []
    heads: list[tuple[UUID, int, int]] = []
    for room_id, course, head, kind, slug, title, role in found:
        room = room_id if isinstance(room_id, UUID) else UUID(room_id)  # SQLite keeps text
        heads.append((room, course, head))
        if kind == Room.Kind.COURSE and role is not None:
            mine.append(MyCourse(course=slug, title=title, role=role, room=str(room)))
            courses.append(course)
    return mine, courses, heads


@dataclass(frozen=True, slots=True)
class DashboardEntry:
    """What an instructor's socket needs to begin."""

    course_id: int
    course: MyCourse
    room: UUID
    head: int


def dashboard_entry(user: User, slug: str) -> DashboardEntry:
    """Raises PermissionDenied for one who does not lead the course."""
    enrollment = leading(user, slug)
    course = enrollment.course
    room = Room.objects.get(course=course, kind=Room.Kind.COURSE)
    mine = MyCourse(course=course.slug, title=course.title, role=enrollment.role, room=str(room.id))
    return DashboardEntry(course.pk, mine, room.id, room.last_seq)


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A room as a user sees it: `last_read_seq` is None where they are not in it."""

    room: Room
    title: str
    members: int
    last_read_seq: int | None


def list_rooms(user: User) -> list[RoomInfo]:
    """The rooms the user is in, and the open ones of their courses."""
    return [
        RoomInfo(
            room=str(seen.room.id),
            kind=seen.room.kind,
            title=seen.title,
            course=seen.room.course.slug,
            members=seen.members,
            last_seq=seen.room.last_seq,
            last_read_seq=seen.last_read_seq or 0,
        )
        for seen in rooms_seen(user)
    ]


def room_seen(user: User, room: str) -> RoomSeen:
    """One of the rooms that `list_rooms` has. Raises InvalidRoom."""
    found = rooms_seen(user, only=parse_room(room))
    if not found:
        raise InvalidRoom
    return found[0]


def rooms_seen(user: User, *, only: UUID | None = None) -> list[RoomSeen]:
    """The rooms the user is in, and the open ones of their courses; or only one of them."""
    mine = Membership.objects.filter(user=user, room__archived_at=None)
    if only is not None:
        mine = mine.filter(room=only)
    read = dict(mine.values_list("room_id", "last_read_seq"))
    rooms = (
        Room.objects.filter(
            Q(id__in=list(read)) | Q(kind=Room.Kind.OPEN, course__enrollments__user=user),
            archived_at=None,
            **({} if only is None else {"id": only}),
        )
        .select_related("course", "created_by")
        .distinct()
        .order_by("created_at")[:USERS_LIMIT]
    )
    counts = dict(
        Membership.objects.filter(room__in=[room.id for room in rooms])
        .values_list("room_id")
        .annotate(n=Count("id"))
    )
    others = _other_sides(user, [room.id for room in rooms if room.kind == Room.Kind.DIRECT])
    return [
        RoomSeen(room, others.get(room.id, room.title), counts.get(room.id, 0), read.get(room.id))
        for room in rooms
    ]


def _other_sides(user: User, rooms: list[UUID]) -> dict[UUID, str]:
    memberships = (
        Membership.objects.filter(room__in=rooms).exclude(user=user).select_related("user")
    )
    return {m.room_id: frames.direct_title(m.user) for m in memberships}


def list_users(user: User, room: str) -> list[dict[str, Any]]:
    """The members of a room that the user is in or may join, and who of them is online."""
    found = joinable(user, room)
    members = (
        User.objects.filter(room_memberships__room=found)
        .annotate(online=Exists(online_connections().filter(user=OuterRef("pk"))))
        .order_by("username")[:USERS_LIMIT]
    )
    return [
        {"username": m.username, "display_name": m.shown_name, "online": m.online} for m in members
    ]


def _messages(room: Room) -> QuerySet[Message]:
    return room.messages.select_related("sender")


def _newest(room: Room, limit: int) -> list[MessageBody]:
    newest = list(_messages(room).order_by("-seq")[:limit])
    return [frames.body(message) for message in reversed(newest)]


def select_room(user: User, room: str, limit: int) -> dict[str, Any]:
    """The newest messages of a room, oldest first."""
    found = member(user, room).room
    messages = _newest(found, limit)
    return {
        "room": str(found.id),
        "room_messages": messages,
        "last_seq": messages[-1].seq if messages else 0,
    }


def history(user: User, room: str, before: int, limit: int) -> dict[str, Any]:
    """The messages before a number, oldest first, and whether there are more before them."""
    found = member(user, room).room
    page = list(_messages(found).filter(seq__lt=before).order_by("-seq")[:limit])
    return {
        "room": str(found.id),
        "room_messages": [frames.body(message) for message in reversed(page)],
        "more": bool(page) and page[-1].seq > 1,
    }


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was missed, by room; and the (room, number) of what was seen and is gone by now."""

    rooms: dict[str, dict[str, Any]]
    removed: list[tuple[str, int]]


def resume(user: User, seen: dict[str, int]) -> Resumed:
    """What was missed in each room since the number last seen there.

    Where more than `RESUME_LIMIT` messages are missing (or `RESUME_TOTAL` in all rooms together),
    or the number is ahead of the room, the answer is `reset` with the newest ones. A room that the
    user is not in (any more) is answered with an `error_code`, like one that does not exist.
    """
    wanted: dict[str, UUID] = {}
    for name in seen:
        try:
            wanted[name] = UUID(name)
        except ValueError:
            continue
    removed = Message.objects.filter(removed_at__gte=timezone.now() - REMOVED_KNOWN)
    mine: dict[UUID, Room] = {}
    thinned: list[UUID] = []
    for m in (
        Membership.objects.filter(user=user, room__in=wanted.values(), room__archived_at=None)
        .select_related("room")
        .annotate(thinned=Exists(removed.filter(room=OuterRef("room"))))
    ):
        mine[m.room_id] = m.room
        if m.thinned:
            thinned.append(m.room_id)
    answer: dict[str, Any] = {}
    left = RESUME_TOTAL
    for name, after in seen.items():
        room = mine.get(wanted[name]) if name in wanted else None
        if room is None:
            answer[name] = {"error_code": "invalid_room_id"}
            continue
        answer[name] = _missed(room, after, min(left, RESUME_LIMIT))
        left = max(left - len(answer[name]["messages"]), 0)
    gone = (
        removed.filter(room__in=thinned).order_by("-removed_at").values_list("room_id", "seq")
        if thinned
        else ()
    )
    names = {room: name for name, room in wanted.items()}
    return Resumed(
        rooms=answer,
        removed=[(str(room), seq) for room, seq in gone[:RESUME_LIMIT] if seq <= seen[names[room]]],
    )


def _missed(room: Room, after: int, most: int) -> dict[str, Any]:
    if after > room.last_seq or room.last_seq - after > most:
        newest = _newest(room, PAGE_LIMIT if most else DEFAULT_PAGE)
        return {
            "messages": newest,
            "last_seq": newest[-1].seq if newest else 0,
            "reset": True,
        }
    if after == room.last_seq:
        return {"messages": [], "last_seq": after}
    missed = _messages(room).filter(seq__gt=after).order_by("seq")[:RESUME_LIMIT]
    messages = [frames.body(message) for message in missed]
    return {"messages": messages, "last_seq": messages[-1].seq if messages else after}


# --- search and mentions -------------------------------------------------------------------------


def search(
    user: User, text: str, *, room: str | None = None, course: str | None = None, limit: int
) -> list[MessageBody]:
    """Messages of the user's rooms (or of one, or of those of one course), the newest first.

    `text` is words, all of which must be there; "a phrase", -without and, with an index, or.
    Raises InvalidRoom and PermissionDenied.
    """
    newest = searched(user, text, room=room, course=course).select_related("sender")
    return [frames.body(message) for message in newest.order_by("-created_at", "-seq")[:limit]]


def searched(
    user: User, text: str, *, room: str | None = None, course: str | None = None
) -> QuerySet[Message]:
    """What `search` finds, in no order."""
    found = Message.objects.filter(
        room__memberships__user=user, room__archived_at=None, removed_at=None
    ).exclude(kind=Message.Kind.CONTROL)
    if room is not None:
        found = found.filter(room=member(user, room).room)
    if course is not None:
        found = found.filter(room__course=enrolled(user, course).course)
    words = _words(text)
    if all(minus for minus, _ in words):
        # What is only without something is nearly everything.
        return found.none()
    if connection.vendor == "postgresql":
        return found.filter(_matches(text))
    for minus, word in words[:WORDS_LIMIT]:
        holds = Q(text__icontains=word)
        found = found.filter(~holds if minus else holds)
    return found


def _matches(text: str) -> Func:
    """Whether a message matches a search, by the index that migration 0003 makes."""
    document = Func(F("text"), template="to_tsvector('simple', %(expressions)s)")
    query = Func(Value(text), template="websearch_to_tsquery('simple', %(expressions)s)")
    return Func(
        document,
        query,
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )


def _words(text: str) -> list[tuple[bool, str]]:
    """The words and phrases of a search, and whether they must be missing."""
    found = re.findall(r'(-?)(?:"([^"]*)"|([^\s"]+))', text)
    return [(bool(minus), phrase or word) for minus, phrase, word in found if phrase or word]


def muted(course: Course) -> QuerySet[Enrollment]:
    """The students of a course who may not post now."""
    return (
        Enrollment.objects.filter(
            course=course, role=Enrollment.Role.STUDENT, muted_until__gt=timezone.now()
        )
        .select_related("user")
        .order_by("user__username")
    )


def mentions(user: User) -> QuerySet[Mention]:
    """The mentions of the user in the rooms they are in, the newest first, each with `unread`."""
    return (
        Mention.objects.filter(
            user=user,
            message__room__memberships__user=user,
            message__room__archived_at=None,
            message__removed_at=None,
        )
        .select_related("message__sender")
        .annotate(unread=Q(message__seq__gt=F("message__room__memberships__last_read_seq")))
        .order_by("-pk")
    )


def audiences(user: int) -> dict[str, list[str]]:
    """The audiences of the rooms that a user is in, by channel-layer group."""
    found: dict[str, list[str]] = defaultdict(list)
    rooms = (
        Membership.objects.filter(user=user, room__archived_at=None)
        .order_by("-joined_at")
        .values_list("room_id", "room__course_id")[: limits["ROOMS_PER_SOCKET"]]
    )
    for room, course in rooms:
        found[names.course(course)].append(names.room(room))
    return found


# --- presence ------------------------------------------------------------------------------------


def open_connections() -> QuerySet[Connection]:
    """The sockets that are open, silent ones among them, as far as their workers are alive."""
    alive = timezone.now() - timedelta(seconds=limits["PRESENCE_EXPIRY"])
    return Connection.objects.filter(closed_at=None, worker__seen_at__gte=alive)


def online_connections() -> QuerySet[Connection]:
    """The open sockets that owe no sign of life. Whoever has one of these is online."""
    return open_connections().filter(silent_since=None)


def online_students(course: Course | int) -> set[int]:
    """The students of a course who are online."""
    return set(online_connections().filter(_of_students(course)).values_list("user_id", flat=True))


def students_here_since(course: Course | int, moment: datetime) -> set[int]:
    """The students of a course with a socket that closed after the moment.

    Some of them may be online by another socket.
    """
    closed = Connection.objects.filter(_of_students(course), closed_at__gte=moment)
    return set(closed.values_list("user_id", flat=True))


def _of_students(course: Course | int) -> Q:
    return Q(user__enrollments__course=course, user__enrollments__role=Enrollment.Role.STUDENT)


def presence(
    rooms: Sequence[UUID], users: Sequence[int]
) -> tuple[dict[UUID, tuple[int, int, int]], set[tuple[UUID, int]]]:
    """({room: (course, members, online)}, the (room, user) of those of the users who are here)."""
    members = Membership.objects.filter(room__in=rooms, room__archived_at=None).annotate(
        here=Exists(online_connections().filter(user=OuterRef("user")))
    )
    counts = members.values_list("room_id", "room__course_id").annotate(
        members=Count("id"), online=Count("id", filter=Q(here=True))
    )
    here = members.filter(here=True, user__in=users).values_list("room_id", "user_id")
    return {room: (course, all_, online) for room, course, all_, online in counts}, set(here)


# --- the class -----------------------------------------------------------------------------------


def question_body(round_: Round | None) -> QuestionBody | None:
    return None if round_ is None else frames.question(round_.question)


def class_session(course: Course) -> ClassSession | None:
    """The open class session of a course, with its round and question."""
    return (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_related("current_round__question", "current_round__first", "controller")
        .prefetch_related("current_round__question__choices")
        .first()
    )


def rounds(session: ClassSession) -> tuple[Round | None, Round | None]:
    """The first and second round of the question that runs."""
    current = session.current_round
    if current is None:
        return None, None
    return (current, None) if current.number == 1 else (current.first, current)


def histograms(session: ClassSession) -> list[dict[str, int]]:
    """Votes for each choice in both rounds; empty for a round that there was not."""
    current = session.current_round
    if current is None:
        return [{}, {}]
    first, second = rounds(session)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    votes = Vote.objects.filter(round__in=[r.id for r in (first, second) if r is not None])
    for round_id, choice, n in votes.values_list("round_id", "choice").annotate(n=Count("id")):
        counts[round_id][choice] = n
    letters = [choice.letter for choice in current.question.choices.all()]
    return [
        {} if r is None else {letter: counts[r.id].get(letter, 0) for letter in letters}
        for r in (first, second)
    ]


def correct_choice(session: ClassSession) -> str | None:
    """The letter of the right choice of the question that runs."""
    assert session.current_round is not None
    choices = session.current_round.question.choices.all()
    return next((choice.letter for choice in choices if choice.is_correct), None)


def control_fields(course: Course, session: ClassSession | None) -> dict[str, Any]:
    """Where the class stands, as the fields of a `control` event without its time."""
    if session is None:
        return {
            "course": course.slug,
            "message": "enableNext",
            "phase": Phase.IDLE.value,
            "epoch": 0,
            "revision": 0,
            "question": None,
            "round": None,
            "deadline": None,
        }
    fields: dict[str, Any] = {
        "course": course.slug,
        "message": session.control_message,
        "phase": str(session.phase),
        "epoch": session.epoch,
        "revision": session.revision,
        "question": question_body(session.current_round),
        "round": session.current_round.number if session.current_round else None,
        "deadline": session.deadline.timestamp() if session.deadline else None,
    }
    if session.phase == Phase.REVEALED:
        fields["correct"] = correct_choice(session)
        fields["histograms"] = histograms(session)
    return fields


def snapshot(user: User, slug: str) -> Snapshot:
    """Where the class stands, for the user. Raises PermissionDenied."""
    return course_snapshot(user, slug)[1]


def course_snapshot(user: User, slug: str) -> tuple[int, Snapshot]:
    """Return the id of a course and where its class stands for the user.

    Nothing in it is older than its revision: that is read first. Raises PermissionDenied.
    """
    course = enrolled(user, slug).course
    standing = _standing(course)
    votes: list[OwnVote | None] = [None, None]
    partners: list[PartnerBody] = []
    room: str | None = None
    if standing.rounds != (None, None):
        own = {
            vote.round_id: OwnVote(vote.choice, vote.confidence, vote.rationale)
            for vote in Vote.objects.filter(
                user=user, round__in=[pk for pk in standing.rounds if pk is not None]
            )
        }
        votes = [None if pk is None else own.get(pk) for pk in standing.rounds]
        if standing.fields["phase"] in phases.PARTNER_PHASES:
            place = (
                Partner.objects.filter(round=standing.rounds[0], user=user)
                .select_related("group")
                .first()
            )
            if place is not None:
                room = str(place.group.room_id)
                partners = [body for _, key, body in partner_bodies(place.group) if key != user.pk]
    return course.pk, Snapshot(
        **standing.fields,
        server_time=time.time(),
        votes=votes,
        room=room,
        partners=partners,
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a class stands, the same for all who ask until its revision changes: the fields of
    `control_fields`, and the ids of the two rounds."""

    fields: dict[str, Any]
    rounds: tuple[int | None, int | None]


class _Version(NamedTuple):
    """What a class session looked like when it was read; a later one is greater.

    The epoch is in it, as workers that run the code before it know no revision.
    """

    epoch: int
    revision: int
    changed_at: datetime
    slug: str


class _Standings:
    """Remember how the class sessions asked for last stand. Any thread may use it.

    An entry is found only under the very version that its caller has just read, so a process never
    says what is older than that.
    """

    MOST = 500

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[int, tuple[_Version, _Standing]] = OrderedDict()

    def find(self, session: int, version: _Version) -> _Standing | None:
        """Return how a session stands in this version, None where that is not known."""
        with self._lock:
            known = self._known.get(session)
        return known[1] if known is not None and known[0] == version else None

    def keep(self, session: int, version: _Version, standing: _Standing) -> None:
        """Remember how a session stands, unless a later version came meanwhile."""
        with self._lock:
            known = self._known.get(session)
            if known is not None and known[0] > version:
                return
            self._known[session] = version, standing
            self._known.move_to_end(session)
            if len(self._known) > self.MOST:
                self._known.popitem(last=False)


_standings = _Standings()


def _standing(course: Course) -> _Standing:
    """How the class of a course stands, read once for each revision: a class asks all at once."""
    now = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .values_list("pk", "epoch", "revision", "changed_at")
        .first()
    )
    if now is not None:
        known = _standings.find(now[0], _Version(*now[1:], course.slug))
        if known is not None:
            return known
    session = class_session(course)
    if session is None:
        return _Standing(control_fields(course, last_epoch_session(course)), (None, None))
    first, second = rounds(session)
    standing = _Standing(
        control_fields(course, session),
        (first.pk if first else None, second.pk if second else None),
    )
    # What is not committed yet may never be.
    if not connection.in_atomic_block:
        version = _Version(session.epoch, session.revision, session.changed_at, course.slug)
        _standings.keep(session.pk, version, standing)
    return standing


def last_epoch_session(course: Course) -> ClassSession | None:
    """The last session of a course in which none is open, for its epoch and revision."""
    return ClassSession.objects.filter(course=course).order_by("-epoch", "-revision").first()


def partner_bodies(*of: PartnerGroup) -> list[tuple[int, int, PartnerBody]]:
    """(group id, user id, what the others are told of them) for the members of the groups."""
    places = Partner.objects.filter(group__in=of).select_related("user", "group").order_by("id")
    rounds_ = {group.round_id for group in of}
    choices = dict(
        Vote.objects.filter(round__in=rounds_, user__in=[p.user_id for p in places]).values_list(
            "user_id", "choice"
        )
    )
    return [
        (
            place.group_id,
            place.user_id,
            PartnerBody(
                username=place.user.username,
                display_name=place.user.shown_name,
                choice=choices.get(place.user_id),
            ),
        )
        for place in places
    ]


def next_deadline() -> datetime | None:
    """The earliest deadline of an open round anywhere."""
    return (
        ClassSession.objects.filter(ended_at=None, deadline__isnull=False)
        .order_by("deadline")
        .values_list("deadline", flat=True)
        .first()
    )


def discussing_sessions(worker: UUID) -> dict[int, int]:
    """The class sessions in which students connected to the worker may need a partner now, each
    with its course."""
    connected = Connection.objects.filter(worker=worker, closed_at=None)
    here = Enrollment.objects.filter(
        course=OuterRef("course"), role=Enrollment.Role.STUDENT, user__in=connected.values("user")
    )
    return dict(
        ClassSession.objects.filter(
            Exists(here),
            ended_at=None,
            phase__in=(Phase.VOTE_CLOSED, Phase.DISCUSS),
            changed_at__gte=timezone.now() - timedelta(hours=6),
            current_round__partner_groups__isnull=False,
        )
        .distinct()
        .values_list("id", "course")[:1000]
    )


def figures_for(user: User, slug: str) -> FiguresBody:
    """The live figures, for one who leads the course. Raises PermissionDenied."""
    return figures(leading(user, slug).course)


def figures(course: Course) -> FiguresBody:
    """The live figures of a course's class."""
    session = class_session(course)
    online = len(online_students(course))
    if session is None or session.current_round is None:
        return FiguresBody(
            online=online,
            votes=[0, 0],
            histograms=[{}, {}],
            groups=0,
            silent_groups=0,
            messages=0,
            transitions=None,
            gain=None,
        )
    counts = histograms(session)
    first, second = rounds(session)
    talk = PartnerGroup.objects.filter(round=first).aggregate(
        groups=Count("id"),
        silent=Count("id", filter=Q(room__last_seq=0)),
        messages=Sum("room__last_seq"),
    )
    matrix, gain = None, None
    if first is not None and second is not None and session.phase != Phase.REVOTE:
        matrix, gain = _comparison(session, first, second)
    return FiguresBody(
        online=online,
        votes=[sum(count.values()) for count in counts],
        histograms=counts,
        groups=talk["groups"],
        silent_groups=talk["silent"],
        messages=talk["messages"] or 0,
        transitions=matrix,
        gain=gain,
    )


def _comparison(
    session: ClassSession, first: Round, second: Round
) -> tuple[Transitions, float | None]:
    correct = correct_choice(session)
    before = dict(first.votes.values_list("user_id", "choice"))
    after = dict(second.votes.values_list("user_id", "choice"))
    twice = before.keys() & after.keys()
    matrix = phases.transition_matrix(
        (before[user] == correct, after[user] == correct) for user in twice
    )
    gain = phases.normalised_gain(
        matrix["right_right"] + matrix["right_wrong"],
        matrix["right_right"] + matrix["wrong_right"],
        len(twice),
    )
    return Transitions(**matrix), gain


# --- pages ---------------------------------------------------------------------------------------


def my_enrollments(user: User) -> QuerySet[Enrollment]:
    """The user's enrolments, with their courses."""
    return Enrollment.objects.filter(user=user).select_related("course").order_by("course__title")


def course_membership(user: User, course: Course) -> Membership:
    """The user's place in the course's room. Raises Membership.DoesNotExist for a stranger."""
    return Membership.objects.select_related("room").get(
        user=user, room__course=course, room__kind=Room.Kind.COURSE
    )


def questions(course: Course) -> QuerySet[Question]:
    """The questions of a course with their choices, each with `asked`: whether the open class
    session has had it."""
    here = Round.objects.filter(
        question=OuterRef("pk"), session__course=course, session__ended_at=None
    )
    return course.questions.prefetch_related("choices").annotate(asked=Exists(here))


# --- HTTP API ------------------------------------------------------------------------------------

ROUNDS_LIMIT = 200
"""Rounds told of one class session, the last ones."""


def my_course_rooms(user: User) -> QuerySet[Room]:
    """The rooms of the user's courses, with the user's `role` in each."""
    return (
        Room.objects.filter(kind=Room.Kind.COURSE, course__enrollments__user=user)
        .select_related("course")
        .annotate(role=F("course__enrollments__role"))
        .order_by("course__title", "course__slug")
    )


def questions_for(enrollment: Enrollment) -> QuerySet[Question]:
    """The questions of a course that one may see with their right choices.

    For who leads the course all of them; for a student those that have been revealed, without
    the one that runs until it is revealed again.
    """
    found = enrollment.course.questions.prefetch_related("choices")
    if enrollment.leads:
        return found
    revealed = Message.objects.filter(
        room__course=enrollment.course,
        room__kind=Room.Kind.COURSE,
        kind=Message.Kind.CONTROL,
        text="reveal",
    ).values_list("control__question__question", flat=True)
    session = class_session(enrollment.course)
    if session is not None and session.current_round and session.phase != Phase.REVEALED:
        found = found.exclude(pk=session.current_round.question_id)
    return found.filter(slug__in=set(revealed))


def class_sessions(course: Course) -> QuerySet[ClassSession]:
    """The class sessions of a course, the last one first, with their `last_rounds`, likewise."""
    last = Round.objects.select_related("question").order_by("-opened_at", "-pk")[:ROUNDS_LIMIT]
    return (
        ClassSession.objects.filter(course=course)
        .prefetch_related(Prefetch("rounds", last, to_attr="last_rounds"))
        .order_by("-started_at", "-pk")
    )


def vote_counts(of: Iterable[Round]) -> dict[int, dict[str, int]]:
    """Votes for each choice that has any, by the rounds' ids."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    votes = Vote.objects.filter(round__in=[r.pk for r in of])
    for round_id, choice, n in (
        votes.values_list("round_id", "choice").annotate(n=Count("id")).order_by("choice")
    ):
        counts[round_id][choice] = n
    return counts


def my_votes(user: User, course: Course) -> QuerySet[Vote]:
    """The votes of the user in the course, the last one first."""
    return (
        Vote.objects.filter(user=user, round__session__course=course)
        .select_related("round__question")
        .order_by("-cast_at", "-pk")
    )


def messages_page(
    user: User, room: str, *, after: int | None, before: int | None, limit: int
) -> tuple[Room, list[MessageBody]]:
    """A room of the user, and messages of it, oldest first.

    The first ones after the number `after`, or else the last ones; of those before `before` where
    that is given. Raises InvalidRoom.
    """
    found = member(user, room).room
    messages = _messages(found)
    if before is not None:
        messages = messages.filter(seq__lt=before)
    if after is not None:
        page = list(messages.filter(seq__gt=after).order_by("seq")[:limit])
    else:
        page = list(reversed(messages.order_by("-seq")[:limit]))
    return found, [frames.body(message) for message in page]


def use_log(course: Course, *, since: datetime | None, until: datetime | None) -> QuerySet[UseLog]:
    """The rows of a course's use log from `since` (inclusive) until `until`, now at the latest."""
    now = timezone.now()
    rows = UseLog.objects.filter(course_id=course.slug, timestamp__lt=min(until or now, now))
    if since is not None:
        rows = rows.filter(timestamp__gte=since)
    return rows.order_by("timestamp", "pk")
