"""Merging a guest into somebody else who is the same person."""

import uuid
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Exists, F, OuterRef, ProtectedError, Q, RestrictedError, TextField
from django.db.models.functions import Cast, Greatest
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import frames, permissions
from rooms.actions import guests, seating, tell, uselog
from rooms.actions.pairing_rules import take_over_rules
from rooms.models import (
    ClassSession,
    Conviction,
    Course,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    Guest,
    Membership,
    Mention,
    Message,
    Partner,
    Pseudonym,
    Room,
    UseLog,
    Vote,
)
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

_RANKS: list[str] = [
    Enrollment.Role.STUDENT,
    Enrollment.Role.ASSISTANT,
    Enrollment.Role.INSTRUCTOR,
]


@transaction.atomic
def merge_guest(*, user: User, course: str, username: str, into: str) -> None:
    """Merge a guest of a course into another guest or student of it, who then has everything.

    `user` leads the course; `username` is that of the guest, who disappears. Where both voted in a
    round, the vote of the other counts. Raises PermissionDenied, also for a guest who is in other
    courses as well, and InvalidMessageFormat for names that are not those of two such people.
    """
    found = permissions.leading(user, course).course
    permissions.in_use(found)
    source, target = guests.student_of(found, username), guests.student_of(found, into)
    if source == target:
        raise InvalidMessageFormat("Nobody can be merged into themselves.")
    if not Guest.objects.filter(user=source).exists():
        raise InvalidMessageFormat("Only guests can be merged into somebody else.")
    if Enrollment.objects.filter(user=source).exclude(course=found).exists():
        raise PermissionDenied("This guest is in other courses, too, and cannot be merged here.")
    _merge(source, target)
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="moderate",
                act=f"merge:{people.username(target)}",
                course_id=found.slug,
                course=found.pk,
                named=[target.pk],
            )
        ]
    )


@transaction.atomic
def merge_into_account(*, guest: User, account: User) -> None:
    """Merge a guest into the account of the same person, in all courses.

    Raises InvalidMessageFormat for a guest who is none, or no longer one, and PermissionDenied if
    the account was removed from a course of the guest by the code that it has now.
    """
    if guest == account or not Guest.objects.filter(user=guest).exists():
        raise InvalidMessageFormat("This guest no longer exists.")
    removed = Exclusion.objects.filter(
        user=account,
        course__enrollments__user=guest,
        code=F("course__join_code__code"),
    )
    if removed.exists():
        raise PermissionDenied("This account was removed from a course of the guest.")
    _merge(guest, account)


def _merge(source: User, target: User) -> None:
    courses = list(Course.objects.filter(enrollments__user=source).order_by("id"))
    _lock(courses, (source, target))
    for course in courses:
        seating.leave_partner_groups(course, [source.pk])
    _move_votes(source, target)
    _move_messages(source, target)
    _move_rooms(source, target)
    for course in courses:
        _move_enrollment(course, source, target)
    known = Exclusion.objects.filter(user=target).values("course")
    Exclusion.objects.filter(user=source).exclude(course__in=known).update(user=target)
    _move_use_log(source, target)
    for course in courses:
        tell.figures_changed(course.pk)
    _remove(source)
    tell.recheck([target.pk])


def _lock(courses: Collection[Course], users: Iterable[User]) -> None:
    """Lock the courses, their class sessions and the rooms of the users, in this order."""
    ids = [course.pk for course in courses]
    for found in (
        Course.objects.filter(pk__in=ids),
        ClassSession.objects.filter(course__in=ids, ended_at=None),
        Room.objects.filter(
            pk__in=Membership.objects.filter(user__in=[user.pk for user in users]).values("room")
        ),
    ):
        list(found.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _move_votes(source: User, target: User) -> None:
    theirs = list(Vote.objects.filter(user=target).values_list("round", flat=True))
    # A draft of the guest would become a vote, and a vote of the target stands above it.
    Draft.objects.filter(user=source, round__in=theirs).delete()
    for model in (Vote, Draft, Partner, Conviction):
        rows = model._default_manager.filter(user=source)
        taken = model._default_manager.filter(user=target).values_list("round", flat=True)
        rows.filter(round__in=list(taken)).delete()
        rows.update(user=target)


def _move_messages(source: User, target: User) -> None:
    theirs = Message.objects.filter(sender=target, room=OuterRef("room"), uuid=OuterRef("uuid"))
    # Each of the two made its uuids alone, so the same one stands for two messages.
    for message in Message.objects.filter(Exists(theirs), sender=source).only("pk"):
        Message.objects.filter(pk=message.pk).update(uuid=uuid.uuid4().hex)
    Message.objects.filter(sender=source).update(sender=target)
    Message.objects.filter(removed_by=source).update(removed_by=target)
    # The texts of the guest keep the pseudonyms of then.
    theirs_then = Pseudonym.objects.filter(user=target).values("session")
    Pseudonym.objects.filter(user=source).exclude(session__in=theirs_then).update(user=target)
    Mention.objects.filter(user=source).exclude(
        message__in=Mention.objects.filter(user=target).values("message")
    ).update(user=target)
    Flag.objects.filter(user=source).exclude(
        message__in=Flag.objects.filter(user=target).values("message")
    ).update(user=target)
    # Nobody flags their own words, nor is convinced by them.
    Flag.objects.filter(user=target, message__sender=target).delete()
    own = Q(message__sender=target) | Q(vote__user=target)
    Conviction.objects.filter(own, user=target).delete()


def _move_rooms(source: User, target: User) -> None:
    Room.objects.filter(created_by=source).update(created_by=target)
    direct = Room.objects.filter(kind=Room.Kind.DIRECT, memberships__user=source)
    for room in direct.select_related("course").order_by("pk"):
        _move_direct_room(room, source, target)
    for membership in Membership.objects.filter(user=source).select_related("room__course"):
        _move_membership(membership, source, target)


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


def _append(room: Room, known: Room) -> None:
    """Move the messages of a direct room behind those of another one."""
    seq = Room.objects.select_for_update(no_key=True).get(pk=known.pk).last_seq
    for message in Message.objects.filter(room=room).order_by("seq").only("pk"):
        seq += 1
        Message.objects.filter(pk=message.pk).update(room=known, seq=seq, uuid=uuid.uuid4().hex)
    Room.objects.filter(pk=known.pk).update(last_seq=seq)


def _move_membership(membership: Membership, source: User, target: User) -> None:
    room = membership.room
    theirs = Membership.objects.filter(room=room, user=target)
    if theirs.update(last_read_seq=Greatest("last_read_seq", membership.last_read_seq)):
        membership.delete()
        tell.left(room, [source.pk])
        return
    Membership.objects.filter(pk=membership.pk).update(user=target)
    if room.archived_at is not None:
        return
    title = None
    if room.kind == Room.Kind.DIRECT:
        others = room.memberships.select_related("user").exclude(user=target)
        title = next((frames.direct_title(one.user) for one in others), None)
    members = room.memberships.count()
    tell.joined(room.course, room, [target.pk], members=members, title=title, everywhere=True)


def _move_enrollment(course: Course, source: User, target: User) -> None:
    take_over_rules(course=course, source=source, target=target)
    mine = Enrollment.objects.filter(course=course, user=source).first()
    if mine is None:
        # The guest was removed just before the course was locked.
        return
    theirs = Enrollment.objects.filter(course=course, user=target).first()
    if theirs is None:
        Enrollment.objects.filter(pk=mine.pk).update(user=target)
        return
    joined = min(mine.joined_at, theirs.joined_at)
    muted = max(filter(None, (mine.muted_until, theirs.muted_until)), default=None)
    # A guest may lead the course, perhaps as its only instructor.
    role = max(mine.role, theirs.role, key=_RANKS.index)
    Enrollment.objects.filter(pk=theirs.pk).update(joined_at=joined, muted_until=muted, role=role)
    mine.delete()


def _move_use_log(source: User, target: User) -> None:
    UseLog.objects.filter(user=source).update(user=target)
    old, new = people.as_plain(source.pk), people.as_plain(target.pk)
    # SQLite cannot look into a list, so the text is searched for what may be the id.
    naming = UseLog.objects.filter(named__isnull=False).annotate(ids=Cast("named", TextField()))
    for row in naming.filter(ids__contains=str(old)).only("pk", "named").iterator():
        named = [new if key == old else key for key in row.named or ()]
        if named != row.named:
            UseLog.objects.filter(pk=row.pk).update(named=named)


def _remove(source: User) -> None:
    """Delete the user, or let nobody in as them where the site has rows that need them."""
    try:
        with transaction.atomic():
            source.delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        guests.end(user=source)
        guests.forget_guest(user=source)
