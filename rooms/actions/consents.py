"""Consents: what holds now, in the enrolment, and the record of when it was given and withdrawn."""

from django.db import transaction
from django.utils import timezone

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.models import Consent, Enrollment
from rooms.wire.errors import PermissionDenied

COLUMNS = {
    Consent.Purpose.REASONS: "shares_reasons_since",
    Consent.Purpose.RESEARCH: "in_research_since",
}
"""The column of the enrolment for each purpose."""


def student(user: User, course: str, *, gives: bool) -> Enrollment:
    """Return the enrolment of a student who gives a consent in a course, or withdraws it.

    Raises PermissionDenied for who is no student of the course, and CourseArchived for a consent
    that is given. Withdrawing is always possible.
    """
    enrollment = permissions.enrolled(user, course)
    if enrollment.role != Enrollment.Role.STUDENT:
        raise PermissionDenied("Only students of the course can say this.")
    if gives:
        permissions.in_use(enrollment.course)
    return enrollment


def keep(*, enrollment: Enrollment, purpose: Consent.Purpose, given: bool) -> bool:
    """Store whether a student consents to something, with the date. Return whether it is news.

    Call it in a transaction.
    """
    column = COLUMNS[purpose]
    if given == (getattr(enrollment, column) is not None):
        return False
    now = timezone.now()
    setattr(enrollment, column, now if given else None)
    enrollment.save(update_fields=[column])
    records = Consent.objects.filter(
        course=enrollment.course_id, user=enrollment.user_id, purpose=purpose
    )
    if given:
        # A consent whose course was left and joined again is still open in the record.
        records.filter(withdrawn_at=None).update(withdrawn_at=now)
        Consent.objects.create(
            course_id=enrollment.course_id,
            user_id=enrollment.user_id,
            purpose=purpose,
            given_at=now,
        )
    else:
        records.filter(withdrawn_at=None).update(withdrawn_at=now)
    return True


@transaction.atomic
def research(*, user: User, course: str, given: bool) -> Enrollment:
    """Store whether research may use what a student does in a course.

    Raises PermissionDenied for who is no student of the course, CourseArchived for a consent that
    is given, and RateLimited.
    """
    enrollment = student(user, course, gives=given)
    ratelimit.subscribed.take(user.pk)
    locked = Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment.pk)
    keep(enrollment=locked, purpose=Consent.Purpose.RESEARCH, given=given)
    return locked
