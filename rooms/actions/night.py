"""Partners outside class: students who answer a released question at the same time.

Whoever waits says so every few seconds by their page. The room of a pair is of the kind `partners`,
has no partner group, and is archived once both have answered again or the release is over.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import tell
from rooms.models import (
    Block,
    Course,
    Enrollment,
    Membership,
    NightPair,
    Release,
    Room,
    Take,
)
from rooms.peer import night
from rooms.queries import pairing
from rooms.queries.releases import visible_one
from rooms.queries.takes import PARTNER_SILENT, may_pair
from rooms.wire.errors import NoPartner, PermissionDenied, ReleaseClosed

AT_ONCE = 200
"""The most students of a release who are looked at together, those who wait longest first."""


def look_for_partner(*, user: User, course: str, release: int) -> NightPair | None:
    """Let a student wait for a partner between the two answers, or say that they still do.

    Returns the pair once there is one. Raises PermissionDenied for those who are no student of the
    course, CourseArchived, NoSuchRelease, ReleaseClosed if the student is not between the two
    answers, NoPartner where the course pairs nobody now, and RateLimited.
    """
    ratelimit.subscribed.take(user.pk)
    found = _say_so(user, course, release)
    pair = _pair_of(found)
    if pair is None and found.waiting_since is not None:
        pair_waiting(release=found.release)
        pair = _pair_of(found)
    return pair


@transaction.atomic
def _say_so(user: User, course: str, release: int) -> Take:
    take = _between(user, course, release)
    if _pair_of(take) is None:
        if not may_pair(take.release.course):
            raise NoPartner("Nobody is paired in this course now.")
        take.waiting_since = take.waiting_since or timezone.now()
    take.seen_at = timezone.now()
    take.save(update_fields=["waiting_since", "seen_at"])
    return take


@transaction.atomic
def stop_waiting(*, user: User, course: str, release: int) -> None:
    """Let a student wait no longer, or leave the partner, whose talk ends for both.

    Raises as `look_for_partner` does, but for NoPartner.
    """
    ratelimit.subscribed.take(user.pk)
    take = _between(user, course, release)
    Take.objects.filter(pk=take.pk).update(waiting_since=None)
    pair = _pair_of(take)
    if pair is not None:
        _end([pair], timezone.now())


@transaction.atomic
def pair_waiting(*, release: Release) -> int:
    """Pair the students who wait at a release, and return how many pairs were made.

    Those whose page is silent wait no longer. If another process does the same now, nothing
    happens here, nor while the course is changed.
    """
    # A class that begins waits for the course, so that nobody is paired while it does. What is read
    # under the locks may be newer than what the caller has.
    courses = Course.objects.filter(pk=release.course_id)
    course = courses.select_for_update(no_key=True, skip_locked=True).first()
    releases = Release.objects.filter(pk=release.pk, withdrawn_at=None).select_related("version")
    found = releases.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
    if course is None or found is None:
        return 0
    found.course = course
    now = timezone.now()
    silent = now - timedelta(seconds=PARTNER_SILENT)
    waiting = Take.objects.filter(release=found, waiting_since__isnull=False)
    waiting.filter(seen_at__lt=silent).update(waiting_since=None)
    if not may_pair(course) or (found.due_at is not None and found.due_at <= now):
        return 0
    students = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    here = list(
        waiting.filter(seen_at__gte=silent, user__in=students.values("user"))
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .order_by("waiting_since", "pk")[:AT_ONCE]
    )
    by_user = {take.user_id: take for take in here}
    made = night.pairs(
        [night.Waiting(take.user_id, take.first_choice) for take in here],
        apart=_apart(course, list(by_user)),
        same=found.version.key.group,
    )
    for one, other in made:
        _form(found, by_user[one], by_user[other], now)
    return len(made)


@transaction.atomic
def end_if_done(*, take: Take) -> None:
    """End the talk of a pair if both have answered again. Call it after a second answer."""
    found = NightPair.objects.filter(Q(one=take) | Q(other=take), ended_at=None)
    pair = found.select_for_update(no_key=True, of=("self",)).first()
    if pair is None:
        return
    # Read under the lock of the pair: both may answer at the same moment.
    both = Take.objects.filter(pk__in=[pair.one_id, pair.other_id], second_at__isnull=False)
    if both.count() == 2:
        _end([pair], timezone.now())


@transaction.atomic
def end_all(*, release: Release) -> None:
    """End the talks of a release that is over or withdrawn, and the waiting for partners."""
    Take.objects.filter(release=release, waiting_since__isnull=False).update(waiting_since=None)
    _end(NightPair.objects.filter(one__release=release, ended_at=None), timezone.now())


@transaction.atomic
def end_talks(*, takes: Collection[Take]) -> None:
    """End the talks that belong to some answers. Call it also before they are deleted."""
    found = NightPair.objects.filter(Q(one__in=takes) | Q(other__in=takes), ended_at=None)
    _end(found, timezone.now())


@transaction.atomic
def end_in_course(*, course: Course) -> None:
    """End all talks of a course, as its students get pseudonyms now.

    Partners outside class know each other by name, and would learn whose a pseudonym is.
    """
    waiting = Take.objects.filter(release__course=course, waiting_since__isnull=False)
    waiting.update(waiting_since=None)
    _end(NightPair.objects.filter(one__release__course=course, ended_at=None), timezone.now())


@transaction.atomic
def end_overdue() -> int:
    """End the talks of all releases that are over, and return how many there were."""
    now = timezone.now()
    over = NightPair.objects.filter(ended_at=None).filter(
        Q(one__release__due_at__lte=now) | Q(one__release__withdrawn_at__isnull=False)
    )
    pairs = list(over.select_for_update(no_key=True, skip_locked=True, of=("self",))[:AT_ONCE])
    _end(pairs, now)
    return len(pairs)


def _between(user: User, course: str, release: int) -> Take:
    enrollment = permissions.enrolled(user, course)
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can do this.")
    permissions.in_use(enrollment.course)
    found = visible_one(enrollment.course, release)
    take = (
        Take.objects.select_for_update(no_key=True, of=("self",))
        .filter(release=found, user=user)
        .first()
    )
    over = found.due_at is not None and found.due_at <= timezone.now()
    if take is None or take.first_at is None or take.second_at is not None or over:
        raise ReleaseClosed
    take.release = found
    return take


def _pair_of(take: Take) -> NightPair | None:
    found = NightPair.objects.filter(Q(one=take) | Q(other=take)).order_by("pk")
    return found.select_related("room", "one", "other").first()


def _apart(course: Course, users: list[people.Key]) -> set[frozenset[people.Key]]:
    """Return the pairs of these users who never work together."""
    blocks = Block.objects.filter(course=course, user__in=users, blocked__in=users)
    blocked = {frozenset(pair) for pair in blocks.values_list("user", "blocked")}
    return blocked | set(pairing.rules_of(course).never)


def _form(release: Release, one: Take, other: Take, now: datetime) -> None:
    room = Room.objects.create(course=release.course, kind=Room.Kind.PARTNERS, title="Partners")
    NightPair.objects.create(one=one, other=other, room=room, formed_at=now)
    keys = [one.user_id, other.user_id]
    Membership.objects.bulk_create(Membership(room=room, user_id=key) for key in keys)
    Take.objects.filter(pk__in=[one.pk, other.pk]).update(waiting_since=None)
    tell.joined(release.course, room, keys, members=2)


def _end(pairs: Iterable[NightPair], now: datetime) -> None:
    """End talks and archive their rooms, under whose locks nobody posts meanwhile."""
    ending = [pair for pair in pairs if pair.ended_at is None]
    if not ending:
        return
    rooms = list(
        Room.objects.filter(pk__in=[pair.room_id for pair in ending], archived_at=None)
        .select_for_update(no_key=True)
        .order_by("id")
    )
    NightPair.objects.filter(pk__in=[pair.pk for pair in ending]).update(ended_at=now)
    Room.objects.filter(pk__in=[room.pk for room in rooms]).update(archived_at=now)
    for room in rooms:
        tell.left(room, list(room.memberships.values_list("user_id", flat=True)))
