"""Reminders of released questions by e-mail, for those who ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.models import Course, Enrollment, Release, Reminder
from rooms.queries import reminders as reads
from rooms.queries.reminders import Due
from rooms.wire.errors import PermissionDenied


@transaction.atomic
def set_reminders(*, user: User, course: str, wanted: bool) -> Enrollment:
    """Start or end the reminders of a student in a course.

    Raises PermissionDenied for those who are no student of the course, and for those who cannot
    have any: guests, and users without an e-mail address. Ending them is always possible.
    """
    found = permissions.enrolled(user, course)
    if wanted:
        permissions.in_use(found.course)
        if found.role != Enrollment.Role.STUDENT or not reads.can_be_reminded(user):
            raise PermissionDenied("Only students with an e-mail address have reminders.")
    return _set(found, wanted=wanted)


@transaction.atomic
def stop_reminders(*, secret: str) -> Enrollment | None:
    """End the reminders that a link in an e-mail names, and return whose, or None."""
    found = reads.stopped_by(secret)
    return None if found is None else _set(found, wanted=False)


def _set(enrollment: Enrollment, *, wanted: bool) -> Enrollment:
    if wanted != (enrollment.reminded_since is not None):
        enrollment.reminded_since = timezone.now() if wanted else None
        enrollment.save(update_fields=["reminded_since"])
    return enrollment


@dataclass(frozen=True, slots=True)
class Claimed:
    """Reminders of one student that this process alone sends, in one e-mail."""

    due: Due
    reminders: list[int]


def claim(*, course: Course) -> list[Claimed]:
    """Claim the reminders of a course that are due now, so that no other process sends them.

    A process that ends before it sends them leaves them unsent: nobody is reminded twice.
    """
    try:
        return _claim(course)
    except IntegrityError:
        # Another process claimed some of them, and on this database at the same time.
        return []


@transaction.atomic
def _claim(course: Course) -> list[Claimed]:
    now = timezone.now()
    locked = list(
        Release.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk__in=reads.releases_due(course, now).values("pk"))
        .select_related("question", "version", "course")
        .order_by("opens_at", "pk")[: reads.AT_ONCE]
    )
    due = reads.due(course, locked, now)
    made = iter(
        Reminder.objects.bulk_create(
            Reminder(release=release, user=one.enrollment.user, kind=one.kind, claimed_at=now)
            for one in due
            for release in one.releases
        )
    )
    return [Claimed(one, [next(made).pk for _ in one.releases]) for one in due]


@transaction.atomic
def note_sending(*, sent: Sequence[int], failures: Mapping[int, str]) -> None:
    """Note which reminders were sent and, by their ids, why others were not."""
    Reminder.objects.filter(pk__in=sent).update(sent_at=timezone.now())
    for pk, why in failures.items():
        Reminder.objects.filter(pk=pk).update(failure=why[:200])
