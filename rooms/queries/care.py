"""Reads for the care of data: whose it is, how long it is kept, and what was looked at."""

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.people import User
from rooms.models import (
    AuditEntry,
    Course,
    Deletion,
    Enrollment,
    Membership,
    Message,
    Retention,
    Take,
    TryOut,
    Vote,
)


def led_alone(user: User) -> QuerySet[Course]:
    """Return the courses, but for try-outs, whose only instructor somebody is."""
    instructors = Enrollment.objects.filter(course=OuterRef("pk"), role=Enrollment.Role.INSTRUCTOR)
    return Course.objects.filter(
        ~Exists(instructors.exclude(user=user)),
        ~Exists(TryOut.objects.filter(course=OuterRef("pk"))),
        enrollments__user=user,
        enrollments__role=Enrollment.Role.INSTRUCTOR,
    ).order_by("pk")


def courses_of(user: User) -> QuerySet[Course]:
    """Return the courses in which somebody is, or has a message, a vote or an answer."""
    places = (
        Enrollment.objects.filter(user=user).values("course"),
        Membership.objects.filter(user=user).values("room__course"),
        Message.objects.filter(sender=user).values("room__course"),
        Vote.objects.filter(user=user).values("round__session__course"),
        Take.objects.filter(user=user).values("release__course"),
    )
    found = reduce(or_, (Q(pk__in=place.order_by()) for place in places))
    return Course.objects.filter(found).order_by("pk")


def retention_of(course: Course) -> Retention | None:
    """Return how long the data of a course is kept, or None if nobody has said it."""
    return Retention.objects.filter(course=course).first()


def deletion_of(course: Course) -> Deletion | None:
    """Return the deletion that a course waits for, or None."""
    return Deletion.objects.filter(course=course).select_related("asked_by").first()


def audit_of(course: Course) -> QuerySet[AuditEntry]:
    """Return what was looked at and changed in a course, the last first."""
    return AuditEntry.objects.filter(course=course).select_related("actor", "subject")
