"""The state of a class."""

import threading
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Min, OuterRef
from django.utils import timezone
from msgspec import UNSET, UnsetType

from accounts import people
from accounts.people import User
from accounts.text import name_key
from rooms import frames
from rooms.models import (
    ClassSession,
    ClassSettings,
    Connection,
    Course,
    Draft,
    Enrollment,
    Partner,
    PartnerGroup,
    Round,
    Vote,
)
from rooms.peer import phases
from rooms.peer.phases import SEATING_PHASES, Phase
from rooms.permissions import enrolled
from rooms.queries import class_settings, meeting, pseudonyms
from rooms.queries.convictions import convinced_body, own_conviction
from rooms.queries.outcome import Outcome, outcome
from rooms.queries.places import myself
from rooms.wire.asking import Asks
from rooms.wire.convinced import ConvincedBody
from rooms.wire.events import OwnDraft, OwnVote, PartnerBody, QuestionBody, Snapshot

SEATED_FOR = timedelta(hours=6)
"""The time from the last step of a class for which its students are given partners."""


def question_body(round_: Round | None) -> QuestionBody | None:
    return None if round_ is None else frames.question(round_.asked)


def class_session(course: Course) -> ClassSession | None:
    """Return the open class session of a course, with its round and question."""
    return (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_related(
            "current_round__question",
            "current_round__version",
            "current_round__first",
            "controller",
            "course__class_settings",
        )
        .first()
    )


def rounds(session: ClassSession) -> tuple[Round | None, Round | None]:
    """Return the first and second round of the current question."""
    current = session.current_round
    if current is None:
        return None, None
    return (current, None) if current.number == 1 else (current.first, current)


def votes_of(session: ClassSession) -> Outcome:
    """Return the votes of the current question, and what is right of them as it was asked."""
    assert session.current_round is not None
    first, second = rounds(session)
    assert first is not None
    return outcome(session.current_round.asked, first, second)


def control_fields(course: Course, session: ClassSession | None) -> dict[str, Any]:
    """Return the state of the class, as the fields of a `control` event without its time."""
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
        fields |= votes_of(session).result
    return fields


def snapshot(user: User, slug: str) -> Snapshot:
    """Return the state of the class for the user. Raises PermissionDenied."""
    return course_snapshot(user, slug)[1]


def course_snapshot(user: User, slug: str) -> tuple[int, Snapshot]:
    """Return the id of a course and the state of its class for the user.

    Nothing in the state is older than its revision and its `server_time`, which are read first.
    Raises PermissionDenied.
    """
    now = time.time()
    enrollment = enrolled(user, slug)
    course = enrollment.course
    asks, state = _class_state(course)
    votes: list[OwnVote | None] = [None, None]
    draft: OwnDraft | None = None
    partners: list[PartnerBody] = []
    room: str | None = None
    convinced: ConvincedBody | UnsetType = UNSET
    company: dict[str, Any] = {}
    if state.rounds != (None, None):
        own = {
            vote.round_id: frames.own_vote(vote)
            for vote in Vote.objects.filter(
                user=user, round__in=[pk for pk in state.rounds if pk is not None]
            )
        }
        votes = [None if pk is None else own.get(pk) for pk in state.rounds]
        if state.fields["phase"] in phases.OPEN_PHASES:
            left = Draft.objects.filter(round=state.rounds[1] or state.rounds[0], user=user).first()
            draft = None if left is None else frames.own_draft(left)
        if state.rounds[1] is not None:
            said = own_conviction(user, state.rounds[1])
            convinced = UNSET if said is None else convinced_body(said)
        if state.fields["phase"] in phases.PARTNER_PHASES:
            place = (
                Partner.objects.filter(round=state.rounds[0], user=user)
                .select_related("group")
                .first()
            )
            if place is not None:
                room = str(place.group.room_id)
                members = partner_bodies(place.group, session=state.session)
                partners = [body for _, key, body in members if key != user.pk]
                company = meeting.companies([place.group], members)[place.group_id]
    return course.pk, Snapshot(
        **state.fields,
        server_time=now,
        votes=votes,
        draft=draft,
        muted_until=frames.muted_until(enrollment),
        room=room,
        partners=partners,
        **company,
        **myself(enrollment),
        archived=UNSET if course.archived_at is None else True,
        convinced=convinced,
        me=UNSET
        if state.session is None or enrollment.leads
        else pseudonyms.mine(user, course, state.session),
        asks=class_settings.told(asks),
    )


@dataclass(frozen=True, slots=True)
class _ClassState:
    """The state of a class that is the same for all users until the revision changes.

    It has the fields of `control_fields`, the ids of the two rounds, and that of the class session
    if its students have pseudonyms.
    """

    fields: dict[str, Any]
    rounds: tuple[int | None, int | None]
    session: int | None = None


class _Version(NamedTuple):
    """The version of a class session when it was read. A later one is greater.

    It includes the epoch, because workers that still run older code know no revision.
    """

    epoch: int
    revision: int
    changed_at: datetime
    slug: str


class _ClassStates:
    """The states of recently requested class sessions. Any thread may use it.

    An entry is found only under the exact version that the caller has just read. So a process never
    returns an older state.
    """

    MOST = 500

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[int, tuple[_Version, _ClassState]] = OrderedDict()

    def find(self, session: int, version: _Version) -> _ClassState | None:
        """Return the state of a session in this version, or None if it is not known."""
        with self._lock:
            known = self._known.get(session)
        return known[1] if known is not None and known[0] == version else None

    def keep(self, session: int, version: _Version, state: _ClassState) -> None:
        """Remember the state of a session, unless a later version is known already."""
        with self._lock:
            known = self._known.get(session)
            if known is not None and known[0] > version:
                return
            self._known[session] = version, state
            self._known.move_to_end(session)
            if len(self._known) > self.MOST:
                self._known.popitem(last=False)


_states = _ClassStates()


def _class_state(course: Course) -> tuple[Asks, _ClassState]:
    """Return what a course's class asks for, and its state, which is read once for each revision.

    All students of a class ask for it at the same time.
    """
    asked = [f"course__class_settings__{name}" for name in class_settings.ASKED]
    now = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .values_list("pk", "epoch", "revision", "changed_at", *asked)
        .first()
    )
    if now is not None:
        pk, epoch, revision, changed_at, *asks = now
        known = _states.find(pk, _Version(epoch, revision, changed_at, course.slug))
        if known is not None:
            return class_settings.asks_in(asks), known
    session = class_session(course)
    if session is None:
        state = _ClassState(control_fields(course, last_epoch_session(course)), (None, None))
        # Read last: what the class asks for must not be older than the revision.
        return class_settings.asks(ClassSettings.of(course)), state
    first, second = rounds(session)
    state = _ClassState(
        control_fields(course, session),
        (first.pk if first else None, second.pk if second else None),
        session.pk if session.has_pseudonyms else None,
    )
    # Do not remember uncommitted state, which may be rolled back.
    if not connection.in_atomic_block:
        version = _Version(session.epoch, session.revision, session.changed_at, course.slug)
        _states.keep(session.pk, version, state)
    return class_settings.asks(class_settings.joined(session.course)), state


def last_epoch_session(course: Course) -> ClassSession | None:
    """Return the last session of a course without an open one, for its epoch and revision."""
    return ClassSession.objects.filter(course=course).order_by("-epoch", "-revision").first()


def partner_bodies(*of: PartnerGroup, session: int | None) -> list[tuple[int, int, PartnerBody]]:
    """Return (group id, user id, body for the partners) for each member of the partner groups.

    `session` is that of the class if its students have pseudonyms, or else None. Callers show a
    body to the other members of its group only, once the discussion was opened.
    """
    places = Partner.objects.filter(group__in=of).select_related("user", "group").order_by("id")
    users = [place.user_id for place in places]
    said = meeting.openings(of, users, veiled=session is not None)
    names = pseudonyms.given(session, users)
    shown = Counter(_name_in_group(place) for place in places) if session is None else Counter()
    bodies = []
    for place in places:
        seen = frames.person(place.user) if session is None else frames.student(place.user, names)
        body = PartnerBody(
            username=seen.username,
            display_name=seen.display_name,
            pseudonym=seen.pseudonym,
            mark=people.mark(place.user) if shown[_name_in_group(place)] > 1 else UNSET,
            **{"choice": None, **said.get(place.user_id, {})},
        )
        bodies.append((place.group_id, place.user_id, body))
    return bodies


def _name_in_group(place: Partner) -> tuple[int, str]:
    return place.group_id, name_key(people.shown_name(place.user))


def phases_now() -> dict[str, datetime | None]:
    """Return the phases that any class is in, each with the earliest deadline in it, if any.

    Classes that were left in the middle of a discussion are not in it any more.
    """
    left = timezone.now() - SEATED_FOR
    return dict(
        ClassSession.objects.filter(ended_at=None)
        .exclude(phase__in=SEATING_PHASES, changed_at__lt=left)
        .order_by()
        .values_list("phase")
        .annotate(earliest=Min("deadline"))
    )


def discussing_sessions(worker: UUID) -> dict[int, int]:
    """Return the sessions in which students connected to the worker may need a partner now.

    Each is returned by its id, with the id of its course.
    """
    connected = Connection.objects.filter(worker=worker, closed_at=None)
    here = Enrollment.objects.filter(
        course=OuterRef("course"), role=Enrollment.Role.STUDENT, user__in=connected.values("user")
    )
    return dict(
        ClassSession.objects.filter(
            Exists(here),
            ended_at=None,
            phase__in=SEATING_PHASES,
            changed_at__gte=timezone.now() - SEATED_FOR,
            current_round__partner_groups__isnull=False,
        )
        .distinct()
        .values_list("id", "course")[:1000]
    )
