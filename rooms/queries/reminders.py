"""Who is to be reminded of which released questions by e-mail."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import newcomers, people
from accounts.people import User
from rooms.models import Course, Enrollment, Guest, Release, Reminder, StandIn, Take, TryOut

BEFORE = timedelta(hours=24)
"""How long before the end of a release those who have not answered twice are reminded."""
AT_ONCE = 200
"""Releases that are looked at together."""
_SALT = "peerchat.reminders"


@dataclass(frozen=True, slots=True)
class Due:
    """A student who is to be reminded of releases of a course, in one e-mail."""

    enrollment: Enrollment
    kind: Reminder.Kind
    releases: list[Release]


def courses_with_due(now: datetime) -> list[Course]:
    """Return the courses in use with releases of which somebody may be reminded now."""
    wanted = Enrollment.objects.filter(course=OuterRef("pk"), reminded_since__isnull=False)
    found = Course.objects.filter(
        Exists(wanted),
        Exists(_releases(now).filter(course=OuterRef("pk"))),
        archived_at=None,
    )
    return list(found.exclude(pk__in=TryOut.objects.values("course")).order_by("pk"))


def _releases(now: datetime) -> QuerySet[Release]:
    """Return the open releases that opened lately or are due soon."""
    opened = Q(opens_at__gt=now - BEFORE, opens_at__lte=now)
    due = Q(opens_at__lte=now, due_at__gt=now, due_at__lte=now + BEFORE)
    return Release.objects.filter(opened | due, withdrawn_at=None).exclude(due_at__lte=now)


def releases_due(course: Course, now: datetime) -> QuerySet[Release]:
    """Return the releases of a course of which somebody may be reminded now."""
    return _releases(now).filter(course=course).order_by("opens_at", "pk")


def due(course: Course, releases: Iterable[Release], now: datetime) -> list[Due]:
    """Return who is to be reminded of these releases of a course, and was not yet.

    They asked for it, are active students with an e-mail address, and no guests. Whoever has
    answered twice needs no reminder. A question that is open for a day or less is told of once.
    """
    mine = list(releases)[:AT_ONCE]
    students = (
        Enrollment.objects.filter(
            people.active("user__"),
            course=course,
            role=Enrollment.Role.STUDENT,
            reminded_since__isnull=False,
        )
        .exclude(user__in=Guest.objects.values("user"))
        .exclude(user__in=StandIn.objects.values("user"))
        .select_related("user", "course")
        .order_by("pk")
    )
    pks = [release.pk for release in mine]
    sent = set(Reminder.objects.filter(release__in=pks).values_list("release", "user", "kind"))
    done = set(
        Take.objects.filter(release__in=pks, second_at__isnull=False).values_list("release", "user")
    )
    found: dict[tuple[int, Reminder.Kind], list[Release]] = defaultdict(list)
    by_pk = {one.pk: one for one in students if newcomers.address(one.user)}
    for enrollment in by_pk.values():
        for release in mine:
            kind = _kind(release, enrollment, now)
            if kind is None or (release.pk, enrollment.user_id) in done:
                continue
            if (release.pk, enrollment.user_id, kind) not in sent:
                found[enrollment.pk, kind].append(release)
    return [Due(by_pk[pk], kind, those) for (pk, kind), those in found.items()]


def _kind(release: Release, enrollment: Enrollment, now: datetime) -> Reminder.Kind | None:
    assert enrollment.reminded_since is not None
    if release.due_at is not None and release.due_at <= now + BEFORE:
        is_short = release.due_at - release.opens_at <= BEFORE
        return Reminder.Kind.OPENED if is_short else Reminder.Kind.DUE
    # Whoever asks for reminders has just seen what is open.
    lately = now - BEFORE < release.opens_at <= now
    return (
        Reminder.Kind.OPENED if lately and release.opens_at >= enrollment.reminded_since else None
    )


def secret(enrollment: Enrollment) -> str:
    """Return what stops the reminders of a student in a course, without a log-in, in a URL."""
    return signing.dumps(enrollment.pk, salt=_SALT)


def stopped_by(secret: str) -> Enrollment | None:
    """Return whose reminders this stops, or None for a forged one, or if they left the course."""
    try:
        pk = signing.loads(secret, salt=_SALT)
    except signing.BadSignature:
        return None
    return Enrollment.objects.select_related("course", "user").filter(pk=pk).first()


def can_be_reminded(user: User) -> bool:
    """Return whether a user has an address to which reminders could go, and is no guest."""
    return bool(newcomers.address(user)) and not Guest.objects.filter(user=user).exists()
