"""Reads for the care of data: whose it is, how long it is kept, and what was looked at."""

from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import people
from accounts.people import User
from rooms.models import (
    AuditEntry,
    Consent,
    Course,
    Deletion,
    Enrollment,
    Exclusion,
    Membership,
    Message,
    Partner,
    Retention,
    RosterEntry,
    StandIn,
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


def people_to_anonymise(course: Course) -> QuerySet[User]:
    """Return everybody but those who lead a course of whom it has something that tells of them."""
    leading = Enrollment.objects.filter(course=course, role__in=Enrollment.LEADING)
    rows = (
        Enrollment.objects.filter(course=course).values("user"),
        Vote.objects.filter(round__session__course=course).values("user"),
        Partner.objects.filter(round__session__course=course).values("user"),
        Message.objects.filter(room__course=course).values("sender"),
        Membership.objects.filter(room__course=course).values("user"),
        Take.objects.filter(release__course=course).values("user"),
        Consent.objects.filter(course=course).values("user"),
        RosterEntry.objects.filter(course=course).values("user"),
        Exclusion.objects.filter(course=course).values("user"),
    )
    found = reduce(or_, (Q(pk__in=some.order_by()) for some in rows))
    return (
        people.everybody()
        .filter(found)
        .exclude(pk__in=leading.values("user"))
        .exclude(pk__in=StandIn.objects.values("user"))
        .order_by("pk")
    )


def due_retentions(today: date) -> list[Retention]:
    """Return the retentions whose time has come, for courses that are not done yet."""
    waiting = Retention.objects.filter(applied_at=None).select_related("course")
    return [one for one in waiting if one.ends_on + timedelta(days=one.keep_days) < today]


def due_deletions(now: datetime) -> QuerySet[Deletion]:
    """Return the deletions of archived courses whose delay is over."""
    found = Deletion.objects.filter(due_at__lte=now, course__archived_at__isnull=False)
    return found.select_related("course").order_by("due_at")
