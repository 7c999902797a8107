"""The audit of what lecturers and staff look at and change."""

from django.utils import timezone

from accounts.people import User
from rooms.models import AuditEntry, Course


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
    `detail` has no names of people, as nobody looks for them there.
    """
    AuditEntry.objects.create(
        at=timezone.now(),
        actor=actor,
        act=act,
        course=course,
        course_slug="" if course is None else course.slug,
        subject=subject,
        detail=detail[:500],
    )
