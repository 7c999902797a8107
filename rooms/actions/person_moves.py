"""What moves from one person to another by more than a rule: rooms, enrolments, messages, drafts.

Every function here runs in the transaction of `persons.move`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, Model, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat, Greatest
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.actions import night, scrubbing, tell
from rooms.actions.pairing_rules import leave_rules, take_over_rules
from rooms.models import (
    Consent,
    Conviction,
    Course,
    Draft,
    Enrollment,
    Membership,
    Message,
    NightPair,
    Partner,
    Room,
    ShownReason,
    Take,
    TryOut,
    Vote,
)
from rooms.queries import visits

KEPT_ROOMS = (Room.Kind.DIRECT, Room.Kind.PARTNERS)
"""The rooms in which a stand-in takes the place of a person, as others read there."""
LEFT: dict[str, Any] = {
    "muted_until": None,
    "place": "",
    "seat": "",
    "shares_reasons_since": None,
    "in_research_since": None,
    "reminded_since": None,
}
"""The place of a stand-in in a course: all that the person said of themselves goes, each consent
with it."""
_ID = Cast("pk", CharField())
NEW_UUID = Case(
    When(
        kind=Message.Kind.SYSTEM,
        uuid__startswith=visits.MARK,
        then=Concat(Value(visits.MARK), _ID),
    ),
    default=_ID,
)
"""A uuid for a message without the one of its sender: programs choose these, and may put a name
into them. The line of a visit is known by its uuid."""
_RANKS: list[str] = [
    Enrollment.Role.STUDENT,
    Enrollment.Role.ASSISTANT,
    Enrollment.Role.INSTRUCTOR,
]
_REASONS, _RESEARCH = Consent.Purpose.REASONS, Consent.Purpose.RESEARCH


@dataclass(frozen=True, slots=True)
class Move:
    """From whom to whom, and the course to whose rows it is limited."""

    source: User
    target: User
    course: Course | None
    stands_in: bool
    """Whether the target is nobody's account."""


def of(
    model: type[Model], field: str, user: User, path: str, course: Course | None
) -> QuerySet[Any]:
    """Return the rows of a relation that belong to a user, in a course or all."""
    rows: QuerySet[Any] = model._base_manager.filter(**{field: user})
    if course is None:
        return rows
    # The course itself has no lookup in front.
    return rows.filter(**{path: course})


def move_drafts(one: Move) -> None:
    """Move the drafts, which no vote of the target may follow."""
    drafts = of(Draft, "user", one.source, "round__session__course", one.course)
    if one.stands_in:
        drafts.delete()
        return
    # A draft of a guest would become a vote, and a vote of the target stands above it.
    for model in (Vote, Draft):
        theirs = model._default_manager.filter(user=one.target).values("round")
        drafts.filter(round__in=list(theirs.values_list("round", flat=True))).delete()
    drafts.update(user=one.target)


def move_votes(one: Move) -> None:
    """Move the votes. Where both voted, that of the target stands, for those it convinced, too."""
    mine = of(Vote, "user", one.source, "round__session__course", one.course)
    theirs = dict(
        Vote.objects.filter(user=one.target, round__in=mine.values("round"))
        .order_by()
        .values_list("round", "pk")
    )
    for vote in mine.filter(round__in=theirs):
        Conviction.objects.filter(vote=vote).update(vote=theirs[vote.round_id])
        vote.delete()
    mine.update(user=one.target)


def move_takes(one: Move) -> None:
    """Move the answers outside class. Where both answered, that of the target stands."""
    mine = of(Take, "user", one.source, "release__course", one.course)
    theirs = {
        take.release_id: take
        for take in Take.objects.filter(user=one.target, release__in=mine.values("release"))
    }
    for take in mine.filter(release__in=theirs):
        _give_way(take, theirs[take.release_id])
    mine.update(user=one.target)


def _give_way(take: Take, theirs: Take) -> None:
    """Delete an answer after what others have from it went over to another answer.

    A talk that nobody goes on with ends: nothing else would know of its room.
    """
    seen = ShownReason.objects.filter(other=theirs).values("take")
    ShownReason.objects.filter(other=take).exclude(take__in=seen).exclude(take=theirs).update(
        other=theirs
    )
    pair = NightPair.objects.filter(Q(one=take) | Q(other=take)).first()
    if pair is not None:
        ends = {pair.one_id, pair.other_id}
        alone = not NightPair.objects.filter(Q(one=theirs) | Q(other=theirs)).exists()
        if alone and theirs.pk not in ends:
            side = "one" if pair.one_id == take.pk else "other"
            NightPair.objects.filter(pk=pair.pk).update(**{side: theirs})
        else:
            night.end_talks(takes=[take])
    take.delete()


def move_messages(one: Move) -> None:
    """Move the messages with their numbers in the rooms."""
    mine = of(Message, "sender", one.source, "room__course", one.course)
    if one.stands_in:
        mine.update(uuid=NEW_UUID)
    else:
        theirs = Message.objects.filter(
            sender=one.target, room=OuterRef("room"), uuid=OuterRef("uuid")
        )
        # Each of the two made its uuids alone, so the same one stands for two messages.
        for message in mine.filter(Exists(theirs)).only("pk"):
            Message.objects.filter(pk=message.pk).update(uuid=uuid.uuid4().hex)
    mine.update(sender=one.target)


def move_rooms(one: Move) -> None:
    """Move the direct rooms and the memberships."""
    mine = of(Membership, "user", one.source, "room__course", one.course)
    if one.stands_in:
        _rename_pairs(one)
    else:
        direct = Room.objects.filter(kind=Room.Kind.DIRECT, pk__in=mine.values("room"))
        for room in list(direct.select_related("course").order_by("pk")):
            _move_direct_room(room, one.source, one.target)
    for membership in mine.select_related("room__course"):
        _move_membership(membership, one)


def _move_direct_room(room: Room, source: User, target: User) -> None:
    other = next(
        (m.user for m in room.memberships.select_related("user") if m.user_id != source.pk), None
    )
    if other is None:
        return
    if other == target:
        # They wrote to each other as if they were two. The room stays in the history.
        Room.objects.filter(pk=room.pk).update(archived_at=timezone.now())
        return
    low, high = sorted((target.pk, other.pk))
    pair = f"{low}:{high}"
    known = Room.objects.filter(pair=pair).first()
    if known is None:
        Room.objects.filter(pk=room.pk).update(pair=pair)
        return
    _append(room, known)
    tell.left(room, [source.pk, other.pk])
    room.delete()


def _rename_pairs(one: Move) -> None:
    """Take the key of a person out of the pairs of direct rooms, also of those they have left."""
    old = str(one.source.pk)
    rooms = Room.objects.filter(Q(pair__startswith=f"{old}:") | Q(pair__endswith=f":{old}"))
    if one.course is not None:
        rooms = rooms.filter(course=one.course)
    for pk, pair in rooms.values_list("pk", "pair"):
        Room.objects.filter(pk=pk).update(pair=renamed_pair(str(pair), one.source.pk, one.target))


def renamed_pair(pair: str, user: people.Key, target: User) -> str:
    """Return the pair of a direct room with a stand-in in the place of a user who is in it."""
    if not (pair.startswith(f"{user}:") or pair.endswith(f":{user}")):
        return pair
    rest = pair.removeprefix(f"{user}:").removesuffix(f":{user}")
    # Nobody opens a room with a stand-in, so the order of the two does not matter.
    return f"{target.pk}:{rest}"


def _append(room: Room, known: Room) -> None:
    """Move the messages of a direct room behind those of another one."""
    seq = Room.objects.select_for_update(no_key=True).get(pk=known.pk).last_seq
    for message in Message.objects.filter(room=room).order_by("seq").only("pk"):
        seq += 1
        Message.objects.filter(pk=message.pk).update(room=known, seq=seq, uuid=uuid.uuid4().hex)
    Room.objects.filter(pk=known.pk).update(last_seq=seq)


def _move_membership(membership: Membership, one: Move) -> None:
    room = membership.room
    if one.stands_in and room.kind not in KEPT_ROOMS:
        # Nobody is to meet somebody there who is no more.
        membership.delete()
        tell.left(room, [one.source.pk])
        return
    theirs = Membership.objects.filter(room=room, user=one.target)
    if theirs.update(last_read_seq=Greatest("last_read_seq", membership.last_read_seq)):
        membership.delete()
        tell.left(room, [one.source.pk])
        return
    Membership.objects.filter(pk=membership.pk).update(user=one.target)
    if one.stands_in:
        tell.left(room, [one.source.pk])
    if room.archived_at is not None or one.stands_in:
        return
    title = None
    if room.kind == Room.Kind.DIRECT:
        others = room.memberships.select_related("user").exclude(user=one.target)
        title = next((frames.direct_title(other.user) for other in others), None)
    members = room.memberships.count()
    tell.joined(room.course, room, [one.target.pk], members=members, title=title, everywhere=True)


def move_rules(one: Move) -> None:
    """Put the target into the pairing rules, or take the source out of them."""
    for course in _courses_of(one, Q(pairing_rules__members__user=one.source)):
        if one.stands_in:
            leave_rules(course=course, users=[one.source.pk])
        else:
            take_over_rules(course=course, source=one.source, target=one.target)


def _courses_of(one: Move, condition: Q) -> list[Course]:
    if one.course is not None:
        return [one.course]
    return list(Course.objects.filter(condition).distinct().order_by("pk"))


def move_enrollments(one: Move) -> None:
    """Give the places in courses to the target, or end them."""
    mine = of(Enrollment, "user", one.source, "course", one.course)
    for enrollment in mine.select_related("course"):
        if one.stands_in:
            _leave(enrollment, one)
        else:
            _join(enrollment, one.target)


def _leave(enrollment: Enrollment, one: Move) -> None:
    """Leave the place of a student who did something to a stand-in, and end any other."""
    course = enrollment.course
    took_part = enrollment.role == Enrollment.Role.STUDENT and any(
        rows.filter(user=one.target).exists()
        for rows in (
            Vote.objects.filter(round__session__course=course),
            Partner.objects.filter(round__session__course=course),
            Take.objects.filter(release__course=course),
        )
    )
    tell.unenrolled(course, [one.source.pk])
    tell.close_dashboards(course, [one.source.pk])
    # A course that becomes anonymous keeps the places of those, too, who did nothing in it.
    if not took_part and one.course is None:
        enrollment.delete()
        return
    # Figures and marks of the course count them still.
    Enrollment.objects.filter(pk=enrollment.pk).update(user=one.target, **LEFT)


def _join(mine: Enrollment, target: User) -> None:
    """Give a place in a course to somebody who may have one there already."""
    theirs = Enrollment.objects.filter(course=mine.course_id, user=target).first()
    if theirs is None:
        Enrollment.objects.filter(pk=mine.pk).update(user=target)
        return
    Enrollment.objects.filter(pk=theirs.pk).update(
        joined_at=min(mine.joined_at, theirs.joined_at),
        muted_until=max(filter(None, (mine.muted_until, theirs.muted_until)), default=None),
        # A guest may lead the course, perhaps as its only instructor.
        role=max(mine.role, theirs.role, key=_RANKS.index),
        reminded_since=theirs.reminded_since or mine.reminded_since,
        shares_reasons_since=_consent(mine, theirs, "shares_reasons_since", _REASONS),
        in_research_since=_consent(mine, theirs, "in_research_since", _RESEARCH),
    )
    mine.delete()


def _consent(
    mine: Enrollment, theirs: Enrollment, since: str, purpose: Consent.Purpose
) -> datetime | None:
    """Return since when one who had two accounts consents to something: the last word holds."""
    given: list[datetime] = [
        when for one in (mine, theirs) if (when := getattr(one, since)) is not None
    ]
    records = Consent.objects.filter(course=mine.course_id, user=theirs.user_id, purpose=purpose)
    if given and not records.filter(withdrawn_at__gt=max(given)).exists():
        return min(given)
    records.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    return None


def move_use_log(one: Move) -> None:
    """Move the rows of the use log."""
    # For a stand-in, `scrubbing` changes the rows together with their texts.
    if not one.stands_in:
        scrubbing.hand_over_log(one.source, one.target)


def leave_try_outs(one: Move) -> None:
    """Take the source from the try-outs, which end by themselves."""
    TryOut.objects.filter(lecturer=one.source).update(lecturer=None)
