"""Forming partner groups and dissolving them.

Every function here runs in the transaction of its caller, who holds the lock of the class session.
"""

import random
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.utils import timezone

from accounts import people
from rooms.actions import copying, group_facts, offers, tell, uselog
from rooms.conf import limits
from rooms.models import (
    ClassSession,
    ClassSettings,
    Course,
    FormerGroup,
    Membership,
    Partner,
    PartnerGroup,
    Room,
    Round,
)
from rooms.peer import pairing
from rooms.peer.answers import AnswerKey
from rooms.peer.phases import PARTNER_PHASES
from rooms.queries import classroom, presence
from rooms.queries import pairing as reads


def form(session: ClassSession, *, size: int, method: pairing.Method, name: uuid.UUID) -> int:
    """Form the partner groups of the current question and their rooms, and replace earlier ones.

    Students who voted or are online get a group, under the rules of the course, and as far as
    possible with partners whom they have not had. The ids of the rooms are derived from `name`, by
    which `formed_under` recognises the groups. Each group has the method by which it was formed and
    what it is made of. Returns the number of groups.
    """
    first = first_round(session)
    assert session.current_round is not None
    dissolve(session)
    judge = session.current_round.asked.key
    students = _students(session.course, first, judge)
    earlier = reads.earlier_partners(session.course, first, [student.key for student in students])
    formed = pairing.form(
        students,
        size=size,
        method=method,
        previous=reads.previous_groups(session.course, first) if method == "keep" else (),
        judge=judge,
        # Need not be secret, but should differ from class to class.
        rng=random.Random(),
        rules=reads.rules_of(session.course),
        earlier=earlier,
        compares=ClassSettings.of(session.course).compares_methods,
    )
    chosen = [[student.key for student in group.members] for group in formed]
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
    made = [
        PartnerGroup(round=first, number=number, room=room, formed_at=now, method=group.method)
        for number, (room, group) in enumerate(zip(rooms, formed, strict=True), start=1)
    ]
    for group, one in zip(made, formed, strict=True):
        group_facts.describe(group, one.members, judge=judge, earlier=earlier)
    PartnerGroup.objects.bulk_create(made)
    copying.insert(
        Partner,
        ("group_id", "round_id", "user_id"),
        (
            (group.pk, first.pk, key)
            for group, keys in zip(made, chosen, strict=True)
            for key in keys
        ),
    )
    copying.insert(
        Membership,
        ("room_id", "user_id"),
        ((room.pk, key) for room, keys in zip(rooms, chosen, strict=True) for key in keys),
    )
    offers.offer_reasons(session.course, first)
    for room, keys in zip(rooms, chosen, strict=True):
        tell.joined(session.course, room, keys, members=len(keys))
    log_partner_groups(session, first, chosen)
    tell.figures_changed(session.course_id)
    return len(chosen)


def count_change(session: ClassSession) -> None:
    """Give the state of the class a new revision, as its partners change."""
    session.revision += 1
    session.save(update_fields=["revision"])


def lock_rooms(session: ClassSession) -> None:
    """Lock the rooms of the partners and of the course against posts until the transaction ends.

    This takes all locks at once, in the order of the ids, as `store_posts` does. So the two never
    wait for each other.
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
    """Return whether partner groups were formed under this name, for any question."""
    return Room.objects.filter(pk=_room_id(name, 1)).exists()


def _room_id(name: uuid.UUID, number: int) -> uuid.UUID:
    return uuid.uuid5(name, str(number))


def dissolve(session: ClassSession) -> None:
    """Dissolve the partner groups of the current question and archive their rooms."""
    made = PartnerGroup.objects.filter(round=first_round(session))
    archive_rooms(session)
    FormerGroup.objects.filter(round=first_round(session)).delete()
    made.delete()


def archive_rooms(session: ClassSession) -> None:
    """Archive the partner rooms of the current question and end their memberships."""
    now = timezone.now()
    rooms = list(
        Room.objects.filter(partner_group__round=first_round(session), archived_at=None).order_by(
            "id"
        )
    )
    Room.objects.filter(id__in=[room.id for room in rooms]).update(archived_at=now)
    members: dict[object, list[people.Key]] = defaultdict(list)
    for room_id, user_id in Membership.objects.filter(room__in=rooms).values_list("room", "user"):
        members[room_id].append(user_id)
    for room in rooms:
        tell.left(room, members[room.id])


def partners_told(course: int) -> tuple[int, tell.PartnerNotices]:
    """Return the revision of a course's class, and a `partners` event for each of its partners."""
    session = (
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_related("course", "current_round__first")
        .first()
    )
    if session is None:
        return 0, []
    if session.phase not in PARTNER_PHASES:
        return session.revision, []
    return session.revision, tell.partner_notices(session)


def tell_again(rooms: Collection[uuid.UUID]) -> None:
    """Send the `partners` event again to the partners in those rooms that are in use now."""
    made: dict[ClassSession, set[int]] = defaultdict(set)
    current = PartnerGroup.objects.filter(
        room__in=rooms,
        room__archived_at=None,
        round__session__ended_at=None,
        round__session__phase__in=PARTNER_PHASES,
    ).select_related("round__session__course", "round__session__current_round__first")
    for group in current:
        made[group.round.session].add(group.pk)
    for session, chosen in made.items():
        tell.partners(session, only=chosen)


def students_here_lately(course: Course) -> set[people.Key]:
    """Return the students who closed a page a moment ago. Partners may go on waiting for them."""
    gone_after = timedelta(seconds=limits["PARTNER_GONE_AFTER"])
    return presence.students_here_since(course, timezone.now() - gone_after)


def first_round(session: ClassSession) -> Round:
    """Return the round whose votes the partner groups of the current question are formed from."""
    first, _ = classroom.rounds(session)
    assert first is not None, "there are no groups without a question"
    return first


def _students(course: Course, first: Round, judge: AnswerKey) -> list[pairing.Student[people.Key]]:
    votes = reads.votes_of(first)
    online = presence.online_students(course)
    # Students who are reloading the page are not grouped with those who left.
    here = online | students_here_lately(course)
    users = sorted(votes.keys() | online)
    return reads.students(course, first, users, judge=judge, online=here, votes=votes)


def log_partner_groups(
    session: ClassSession, first: Round, chosen: Sequence[Sequence[people.Key]]
) -> None:
    """Record in the use log the members of partner groups."""
    chosen_users = people.everybody().filter(pk__in=[user for group in chosen for user in group])
    names = {pk: str(name) for pk, name in chosen_users.values_list("pk", people.by_name())}
    uselog.record(
        uselog.row(
            sid=names[user],
            user=user,
            event="peergroup",
            act="grouplist:" + ",".join(names[member] for member in group),
            named=group,
            course_id=session.course.slug,
            course=session.course_id,
            div_id=first.question.slug,
            question=first.question_id,
        )
        for group in chosen
        for user in group
    )
