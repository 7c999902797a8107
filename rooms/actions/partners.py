"""Forming partner groups, and seeing that nobody stays alone.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

import random
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from rooms import frames
from rooms.actions import uselog
from rooms.conf import limits
from rooms.delivery import names, publish
from rooms.delivery.notices import Changed, Join, Leave, Passing
from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Membership,
    Partner,
    PartnerGroup,
    Room,
    Round,
    Vote,
)
from rooms.peer import pairing
from rooms.peer.phases import PARTNER_PHASES
from rooms.queries import classroom, presence
from rooms.wire import events
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.events import PartnerBody, PartnersEvent

LATE_LIMIT = 3
"""Members up to which a group takes late students before any takes more; groups that were formed
larger than that take as many as the largest has."""


def form(session: ClassSession, *, size: int, method: pairing.Method, name: uuid.UUID) -> int:
    """Form the groups of the question that runs, and their rooms; earlier ones are replaced.

    In a group comes who voted, and who is online without a vote. The ids of the rooms are made
    from `name`, by which `formed_under` knows the groups. Returns the number of groups.
    """
    first = _first_round(session)
    dissolve(session)
    students = _students(session.course, first)
    chosen = pairing.form_groups(
        students,
        size=size,
        method=method,
        previous=_previous_groups(session, first) if method == "keep" else (),
        # Not a secret, but it should differ from class to class.
        rng=random.Random(),
    )
    count_change(session)
    now = timezone.now()
    rooms = [
        Room(
            id=_room_id(name, number),
            course=session.course,
            kind=Room.Kind.PARTNERS,
            title="Partners",
        )
        for number in range(1, len(chosen) + 1)
    ]
    Room.objects.bulk_create(rooms)
    made = PartnerGroup.objects.bulk_create(
        PartnerGroup(round=first, number=number, room=room, formed_at=now)
        for number, room in enumerate(rooms, start=1)
    )
    Partner.objects.bulk_create(
        Partner(group=group, round=first, user_id=key)
        for group, keys in zip(made, chosen, strict=True)
        for key in keys
    )
    Membership.objects.bulk_create(
        Membership(room=room, user_id=key)
        for room, keys in zip(rooms, chosen, strict=True)
        for key in keys
    )
    for room, keys in zip(rooms, chosen, strict=True):
        _announce_join(session.course, room, keys, members=len(keys))
    _log_groups(session, first, chosen)
    _figures_changed(session.course)
    return len(chosen)


def count_change(session: ClassSession) -> None:
    """Give where the class stands a new revision: what is told from here on is newer."""
    session.revision += 1
    session.save(update_fields=["revision"])


def lock_rooms(session: ClassSession) -> None:
    """Let nobody post in the partners' rooms, nor in the course's, until the transaction ends.

    All at once and in the order of their ids, as `post_messages` takes them, so that it and the
    caller never wait for each other.
    """
    first, _ = classroom.rounds(session)
    if first is None:
        return
    ids = list(PartnerGroup.objects.filter(round=first).values_list("room_id", flat=True))
    ids += Room.objects.filter(course=session.course, kind=Room.Kind.COURSE).values_list(
        "id", flat=True
    )
    locked = Room.objects.filter(id__in=ids).select_for_update(no_key=True).order_by("id")
    list(locked.values_list("id"))


def formed_under(name: uuid.UUID) -> bool:
    """Whether groups were formed under this name, in whatever question."""
    return Room.objects.filter(pk=_room_id(name, 1)).exists()


def _room_id(name: uuid.UUID, number: int) -> uuid.UUID:
    return uuid.uuid5(name, str(number))


def dissolve(session: ClassSession) -> None:
    """Take the groups of the question that runs apart and archive their rooms."""
    made = PartnerGroup.objects.filter(round=_first_round(session))
    archive_rooms(session)
    made.delete()


def archive_rooms(session: ClassSession) -> None:
    """Close the partner rooms of the question that runs: their members are members no more."""
    now = timezone.now()
    rooms = list(
        Room.objects.filter(partner_group__round=_first_round(session), archived_at=None).order_by(
            "id"
        )
    )
    Room.objects.filter(id__in=[room.id for room in rooms]).update(archived_at=now)
    members: dict[object, list[int]] = defaultdict(list)
    for room_id, user_id in Membership.objects.filter(room__in=rooms).values_list("room", "user"):
        members[room_id].append(user_id)
    for room in rooms:
        publish.send(
            names.course(session.course_id),
            Leave(members[room.id], names.room(room.id), frames.room_removed(room)),
        )


def tell_partners(session: ClassSession, only: Collection[int] | None = None) -> None:
    """Send each member of the groups (or of those with the given ids) the `partners` event."""
    publish.send_all(
        [(names.course(session.course_id), entry) for entry in _partners_told(session, only)]
    )


def partners_told(course: int) -> tuple[int, list[Passing]]:
    """Return the revision of a course's class, and the `partners` event for each whom it has put
    together."""
    session = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_related("course", "current_round__first")
        .first()
    )
    if session is None:
        return 0, []
    if session.phase not in PARTNER_PHASES:
        return session.revision, []
    return session.revision, list(_partners_told(session))


def _partners_told(session: ClassSession, only: Collection[int] | None = None) -> Iterator[Passing]:
    made = PartnerGroup.objects.filter(round=_first_round(session)).select_related("round")
    if only is not None:
        made = made.filter(pk__in=only)
    listed = list(made)
    bodies: dict[int, list[tuple[int, PartnerBody]]] = defaultdict(list)
    for group_id, user_id, body in classroom.partner_bodies(*listed):
        bodies[group_id].append((user_id, body))
    for group in listed:
        for user_id, _ in bodies[group.pk]:
            event = PartnersEvent(
                course=session.course.slug,
                room=str(group.room_id),
                partners=[body for key, body in bodies[group.pk] if key != user_id],
                epoch=session.epoch,
                revision=session.revision,
            )
            yield Passing(names.user(user_id), events.encode(event), revision=session.revision)


def tell_again(rooms: Collection[uuid.UUID]) -> None:
    """Send the `partners` event once more to those in the rooms, where they are partners now."""
    made: dict[ClassSession, set[int]] = defaultdict(set)
    standing = PartnerGroup.objects.filter(
        room__in=rooms,
        room__archived_at=None,
        round__session__ended_at=None,
        round__session__phase__in=PARTNER_PHASES,
    ).select_related("round__session__course", "round__session__current_round__first")
    for group in standing:
        made[group.round.session].add(group.pk)
    for session, chosen in made.items():
        tell_partners(session, only=chosen)


def seat_students(session: ClassSession) -> int:
    """Put those who came late, and those whose partners are gone, with others.

    Returns how many were seated. Does nothing while no groups are made.
    """
    first = _first_round(session)
    made = list(PartnerGroup.objects.filter(round=first).select_related("room").order_by("number"))
    if not made:
        return 0
    places: dict[int, list[int]] = {group.pk: [] for group in made}
    for group_id, user_id in Partner.objects.filter(round=first).values_list("group", "user"):
        places[group_id].append(user_id)
    online = presence.online_students(session.course)
    lately = presence.students_here_since(session.course, timezone.now() - _gone_after())
    late = online.difference(*places.values())
    company = online | lately
    if not late and not any(
        online.intersection(members) and len(company.intersection(members)) == 1
        for members in places.values()
    ):
        # As at nearly every look.
        return 0
    answers = dict(Vote.objects.filter(round=first).values_list("user_id", "choice"))

    def student(user: int) -> pairing.Student[int]:
        return pairing.Student(
            user, answers.get(user), online=user in online, lately=user in lately
        )

    moves = pairing.reseat(
        [pairing.Group(tuple(map(student, members))) for members in places.values()],
        [student(user) for user in sorted(late)],
        limit=max(LATE_LIMIT, *(len(members) for members in places.values())),
    )
    if not moves:
        return 0
    # Who comes to a room gets all that is said from the number on that they are told.
    lock_rooms(session)
    changed: set[int] = set()
    for move in moves:
        source, target = None if move.source is None else made[move.source], made[move.target]
        _move(session, first, move.key, source, target)
        changed |= {group.pk for group in (source, target) if group is not None}
    _after_moves(session, changed)
    return len(moves)


def move_student(session: ClassSession, *, username: str, number: int) -> None:
    """Put a student of the course into a group, from another one or none.

    Raises InvalidMessageFormat where there is no such student or group.
    """
    first = _first_round(session)
    target = PartnerGroup.objects.filter(round=first, number=number).select_related("room").first()
    if target is None:
        raise InvalidMessageFormat(f"The class has no group {number}.")
    user = User.objects.filter(
        username=username,
        enrollments__course=session.course,
        enrollments__role=Enrollment.Role.STUDENT,
    ).first()
    if user is None:
        raise InvalidMessageFormat("The course has no such student.")
    place = Partner.objects.filter(round=first, user=user).select_related("group__room").first()
    source = place.group if place is not None else None
    if source is not None and source.pk == target.pk:
        return
    _move(session, first, user.pk, source, target)
    _after_moves(session, {group.pk for group in (source, target) if group is not None})


def leave_groups(course: Course, users: Collection[int]) -> None:
    """Take those who leave the course out of the groups of the question that runs.

    The caller holds the locks of the course's class sessions.
    """
    session = classroom.class_session(course)
    if session is None or session.current_round is None:
        return
    places = Partner.objects.filter(round=_first_round(session), user__in=users)
    left = set(places.values_list("group", flat=True))
    if left:
        places.delete()
        _after_moves(session, left)


def _gone_after() -> timedelta:
    """How long a partner may give no sign of life before the other is put with somebody else."""
    return timedelta(seconds=limits["PARTNER_GONE_AFTER"])


def _first_round(session: ClassSession) -> Round:
    first, _ = classroom.rounds(session)
    assert first is not None, "there are no groups without a question"
    return first


def _students(course: Course, first: Round) -> list[pairing.Student[int]]:
    answers = dict(Vote.objects.filter(round=first).values_list("user_id", "choice"))
    online = presence.online_students(course)
    # Who reloads the page at this moment is not put with those who left.
    here = online | presence.students_here_since(course, timezone.now() - _gone_after())
    return [
        pairing.Student(user, answers.get(user), online=user in here)
        for user in sorted(answers.keys() | online)
    ]


def _previous_groups(session: ClassSession, first: Round) -> list[list[int]]:
    """The groups of the question before, in this class or the last one."""
    last = (
        PartnerGroup.objects.filter(round__session__course=session.course)
        .exclude(round=first)
        .order_by("-round__opened_at")
        .values_list("round", flat=True)
        .first()
    )
    previous: dict[int, list[int]] = defaultdict(list)
    for group_id, user_id in Partner.objects.filter(round=last).values_list("group", "user"):
        previous[group_id].append(user_id)
    return list(previous.values())


def _move(
    session: ClassSession,
    first: Round,
    user: int,
    source: PartnerGroup | None,
    target: PartnerGroup,
) -> None:
    if source is not None:
        Membership.objects.filter(room=source.room, user=user).delete()
        publish.send(
            names.course(session.course_id),
            Leave([user], names.room(source.room_id), frames.room_removed(source.room)),
        )
    Partner.objects.update_or_create(round=first, user_id=user, defaults={"group": target})
    Membership.objects.get_or_create(room=target.room, user_id=user)
    members = Membership.objects.filter(room=target.room).count()
    # Read again: the room may have got messages since.
    target.room.refresh_from_db(fields=["last_seq"])
    _announce_join(session.course, target.room, [user], members=members)


def _after_moves(session: ClassSession, changed: Collection[int]) -> None:
    count_change(session)
    if session.phase in PARTNER_PHASES:
        tell_partners(session, only=changed)
    touched: dict[int, list[int]] = defaultdict(list)
    for group_id, user_id in Partner.objects.filter(group__in=changed).values_list("group", "user"):
        touched[group_id].append(user_id)
    _log_groups(session, _first_round(session), list(touched.values()))
    _figures_changed(session.course)


def _announce_join(course: Course, room: Room, users: list[int], *, members: int) -> None:
    frame = frames.room_added(room, title=room.title, course=course.slug, members=members)
    group = names.course(course.pk)
    publish.send(group, Join(list(users), names.room(room.id), group, room.last_seq, frame))


def _log_groups(session: ClassSession, first: Round, chosen: Sequence[Sequence[int]]) -> None:
    names = dict(
        User.objects.filter(pk__in=[user for group in chosen for user in group]).values_list(
            "pk", "username"
        )
    )
    uselog.record(
        uselog.row(
            sid=names[user],
            event="peergroup",
            act="grouplist:" + ",".join(names[member] for member in group),
            course_id=session.course.slug,
            div_id=first.question.slug,
        )
        for group in chosen
        for user in group
    )


def _figures_changed(course: Course) -> None:
    publish.send(names.course(course.pk), Changed(names.dashboards(course.pk)))
