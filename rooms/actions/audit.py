"""The audit of what lecturers and staff look at and change."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.people import User
from rooms.conf import limits
from rooms.models import AuditEntry, Course

BRIEFLY = timedelta(minutes=10)
"""Whoever looks at the same again within this time has looked at it once."""
DETAIL_LENGTH = 500


def record(
    *,
    actor: User | None,
    act: str,
    course: Course | None = None,
    subject: User | None = None,
    detail: str = "",
) -> None:
    """Note in the current transaction that somebody looked at or changed the data of others.

    `actor` is None for a command of the server, `subject` the one person that it was about.
    `detail` has no names of people, as nobody looks for them there. What is looked at again and
    again, as pages that renew themselves are, has an entry for each ten minutes.
    """
    now = timezone.now()
    told = {
        "actor": actor,
        "act": act,
        "course": course,
        "course_slug": "" if course is None else course.slug,
        "subject": subject,
        "detail": detail[:DETAIL_LENGTH],
    }
    if act.endswith(".view") and AuditEntry.objects.filter(at__gt=now - BRIEFLY, **told).exists():
        return
    AuditEntry.objects.create(at=now, **told)


def outdated() -> int:
    """Return the number of entries that are kept no longer."""
    return _outdated().count()


def prune() -> int:
    """Remove the entries that are older than AUDIT_DAYS. Return their number."""
    return _outdated().delete()[0]


def _outdated() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=limits["AUDIT_DAYS"]))
