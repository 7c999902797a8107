"""How long the data of a course is kept, and what becomes of it then."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions import anonymising, audit
from rooms.models import Course, Retention
from rooms.models.care import MOST_DAYS
from rooms.wire.errors import InvalidMessageFormat


@transaction.atomic
def keep_until(
    *, user: User, course: str, ends_on: date, keep_days: int, afterwards: str
) -> Retention:
    """Say when the term of a course ends, for how many days its data is kept, and what then.

    `afterwards` is `anonymise` or `delete`. Raises PermissionDenied for those who are no instructor
    of the course and in try-outs, and InvalidMessageFormat.
    """
    found = _lock(user, course)
    if afterwards not in Retention.Afterwards.values:
        raise InvalidMessageFormat("`afterwards` must be `anonymise` or `delete`.")
    if not 0 <= keep_days <= MOST_DAYS:
        raise InvalidMessageFormat(f"`keep_days` must be from 0 to {MOST_DAYS}.")
    if abs((ends_on - timezone.localdate()).days) > MOST_DAYS:
        # The calendar ends soon after the year 9999, and with it the sums of all courses.
        raise InvalidMessageFormat(f"`ends_on` must be at most {MOST_DAYS} days away.")
    kept, _ = Retention.objects.update_or_create(
        course=found,
        defaults={
            "ends_on": ends_on,
            "keep_days": keep_days,
            "afterwards": afterwards,
            "applied_at": None,
        },
    )
    detail = f"{ends_on}+{keep_days}:{afterwards}"
    audit.record(actor=user, act="care.retention", course=found, detail=detail)
    return kept


@transaction.atomic
def keep(*, user: User, course: str) -> None:
    """Keep the data of a course until somebody deletes it.

    Raises PermissionDenied for those who are no instructor of the course.
    """
    found = _lock(user, course)
    Retention.objects.filter(course=found).delete()
    audit.record(actor=user, act="care.retention", course=found, detail="none")


def apply(*, retention: Retention) -> tuple[int, int]:
    """Do what the retention of a course says. Return the numbers of people and of messages.

    It can be repeated if it was interrupted. Nothing is done if the course is kept longer since the
    retention was read, or was done by somebody else. Raises IllegalTransition while a class is on.
    """
    course = retention.course
    now = Retention.objects.filter(pk=retention.pk, applied_at=None).first()
    if now is None or due_on(now) > timezone.localdate():
        return 0, 0
    retention = now
    persons = anonymising.anonymise(course=course)
    messages = 0
    if retention.afterwards == Retention.Afterwards.DELETE:
        messages = anonymising.delete_texts(course=course)
    Retention.objects.filter(pk=retention.pk).update(applied_at=timezone.now())
    return persons, messages


def due_on(retention: Retention) -> date:
    """Return the first day on which the data of a course is not kept any more."""
    return retention.ends_on + timedelta(days=retention.keep_days + 1)


def _lock(user: User, course: str) -> Course:
    found = permissions.instructing(user, course).course
    permissions.lasting(found)
    return Course.objects.select_for_update(no_key=True).get(pk=found.pk)
