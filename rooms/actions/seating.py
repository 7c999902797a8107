"""Seating students, so that nobody in a discussing class is alone.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accounts import people
from rooms.actions import by_hand, group_facts, offers, partners, tell
from rooms.models import (
    ClassSession,
    Course,
    Membership,
    Partner,
    PartnerGroup,
    Round,
)
from rooms.peer import pairing
from rooms.peer.answers import AnswerKey
from rooms.peer.phases import PARTNER_PHASES
from rooms.queries import classroom, presence
from rooms.queries import pairing as reads
from rooms.queries.pseudonyms import student as student_named
from rooms.wire.errors import InvalidMessageFormat

LATE_LIMIT = 3
"""The size up to which partner groups take late students before any takes more. If groups were
formed larger, the size of the largest one holds instead."""


@dataclass(frozen=True, slots=True)
class _Seats:
    """The places of students in partner groups, and the students who are here.

    `members` holds the users of each of the `partner_groups`. `lately` holds those who closed
    their last page a moment ago and may return.
    """

    partner_groups: list[PartnerGroup]
    members: list[list[people.Key]]
    online: set[people.Key]
    lately: set[people.Key]

    @property
    def late(self) -> set[people.Key]:
        """Return the students who are online and in no partner group."""
        return self.online.difference(*self.members)

    @property
    def somebody_is_alone(self) -> bool:
        """Return whether a partner group has an online member without company."""
        company = self.online | self.lately
        return any(
            self.online.intersection(members) and len(company.intersection(members)) == 1
            for members in self.members
        )


def seat_students(session: ClassSession) -> int:
    """Seat students who came late or whose partners are gone with others.

    Returns the number of moves. Does nothing while there are no partner groups.
    """
    first = partners.first_round(session)
    assert session.current_round is not None
    seats = _read_seats(session, first)
    if seats is None or not (seats.late or seats.somebody_is_alone):
        # This is so at nearly every check.
        return 0
    moves = _choose_moves(session.course, first, seats, judge=session.current_round.asked.key)
    if moves:
        _carry_out(session, first, seats.partner_groups, moves)
    return len(moves)


def _read_seats(session: ClassSession, first: Round) -> _Seats | None:
    """Read the places of the students; None while there are no partner groups."""
    partner_groups = list(
        PartnerGroup.objects.filter(round=first).select_related("room").order_by("number")
    )
    if not partner_groups:
        return None
    members: dict[int, list[people.Key]] = {group.pk: [] for group in partner_groups}
    for group_id, user_id in Partner.objects.filter(round=first).values_list("group", "user"):
        members[group_id].append(user_id)
    return _Seats(
        partner_groups,
        list(members.values()),
        online=presence.online_students(session.course),
        lately=partners.students_here_lately(session.course),
    )


def _choose_moves(
    course: Course, first: Round, seats: _Seats, *, judge: AnswerKey
) -> list[pairing.Move[people.Key]]:
    """Choose the moves, under the rules of the course."""
    users = [*itertools.chain.from_iterable(seats.members), *seats.late]
    students = {
        student.key: student
        for student in reads.students(
            course,
            first,
            users,
            judge=judge,
            online=seats.online,
            lately=seats.lately,
            votes=reads.votes_of(first),
        )
    }
    return pairing.reseat(
        [pairing.Group(tuple(students[user] for user in members)) for members in seats.members],
        [students[user] for user in sorted(seats.late)],
        limit=max(LATE_LIMIT, *map(len, seats.members)),
        judge=judge,
        rules=reads.rules_of(course),
    )


def _carry_out(
    session: ClassSession,
    first: Round,
    partner_groups: Sequence[PartnerGroup],
    moves: Sequence[pairing.Move[people.Key]],
) -> None:
    # Without these locks a newcomer could miss messages posted after the number they are given.
    partners.lock_rooms(session)
    changed: set[int] = set()
    for move in moves:
        source = None if move.source is None else partner_groups[move.source]
        target = partner_groups[move.target]
        _move(session, first, move.key, source, target)
        changed |= {group.pk for group in (source, target) if group is not None}
    after_moves(session, first, changed)


def move_student(session: ClassSession, *, username: str, number: int) -> None:
    """Move a student of the course into a partner group, from another one or from none.

    The group counts as put together by hand from then on, unless it is as it was formed with the
    student, who is back. No rule of the course is in the way.
    Raises InvalidMessageFormat if there is no such student or group.
    """
    first = partners.first_round(session)
    target = PartnerGroup.objects.filter(round=first, number=number).select_related("room").first()
    if target is None:
        raise InvalidMessageFormat(f"The class has no group {number}.")
    user = student_named(session.course, username)
    if user is None:
        raise InvalidMessageFormat("The course has no such student.")
    place = Partner.objects.filter(round=first, user=user).select_related("group__room").first()
    source = place.group if place is not None else None
    if source is not None and source.pk == target.pk:
        return
    changed = [group for group in (source, target) if group is not None]
    by_hand.remember(changed)
    _move(session, first, user.pk, source, target)
    by_hand.settle(changed, [target.pk])
    after_moves(session, first, {group.pk for group in changed})


def leave_partner_groups(course: Course, users: Collection[people.Key]) -> None:
    """Take users who leave the course out of the partner groups of the current question.

    Groups that were offered a reason of theirs lose it. The caller holds the locks of the course's
    class sessions.
    """
    session = classroom.class_session(course)
    if session is None or session.current_round is None:
        return
    first = partners.first_round(session)
    places = Partner.objects.filter(round=first, user__in=users)
    changed = set(places.values_list("group", flat=True))
    offered = PartnerGroup.objects.filter(round=first, offered__user__in=users)
    changed.update(offered.values_list("pk", flat=True))
    if changed:
        places.delete()
        after_moves(session, first, changed, leaving=users)


def _move(
    session: ClassSession,
    first: Round,
    user: people.Key,
    source: PartnerGroup | None,
    target: PartnerGroup,
) -> None:
    if source is not None:
        Membership.objects.filter(room=source.room, user=user).delete()
        tell.left(source.room, [user])
    Partner.objects.update_or_create(round=first, user_id=user, defaults={"group": target})
    Membership.objects.get_or_create(room=target.room, user_id=user)
    members = Membership.objects.filter(room=target.room).count()
    # Read the number again, as the room may have new messages.
    target.room.refresh_from_db(fields=["last_seq"])
    tell.joined(session.course, target.room, [user], members=members)


def after_moves(
    session: ClassSession,
    first: Round,
    changed: Collection[int],
    *,
    leaving: Collection[people.Key] = (),
) -> None:
    """Note what changed groups are made of now, by their ids, and tell their members.

    `leaving` are users who are about to leave the course, whose reasons nobody is offered.
    """
    partners.count_change(session)
    group_facts.note(session, changed)
    offers.offer_reasons(session.course, first, only=changed, leaving=leaving)
    if session.phase in PARTNER_PHASES:
        tell.partners(session, only=changed)
    touched: dict[int, list[people.Key]] = defaultdict(list)
    for group_id, user_id in Partner.objects.filter(group__in=changed).values_list("group", "user"):
        touched[group_id].append(user_id)
    partners.log_partner_groups(session, first, list(touched.values()))
    tell.figures_changed(session.course_id)
