"""The people of a course, for those who lead it."""

from functools import reduce
from operator import or_

from django.db.models import BooleanField, Count, Exists, OuterRef, Q, QuerySet, Value

from accounts import people
from rooms.models import Course, Enrollment, Guest, StandIn
from rooms.queries.presence import online_connections
from rooms.queries.pseudonyms import hides_owners


def people_of(course: Course, search: str = "") -> QuerySet[Enrollment]:
    """Return the enrolments in a course with their users, who came last first.

    Each has `is_guest` and `is_online`, which is None while those who lead do not know whose the
    pseudonyms of the class are: a pseudonym comes and goes with its owner. With a search, only
    those whose names or addresses have all of its words.
    """
    found = (
        Enrollment.objects.filter(course=course)
        # Nobody writes to people who were erased, or removes them.
        .exclude(user__in=StandIn.objects.values("user"))
        .select_related("user")
        .annotate(
            is_guest=Exists(Guest.objects.filter(user=OuterRef("user"))),
            is_online=Value(None, BooleanField())
            if hides_owners(course)
            else Exists(online_connections().filter(user=OuterRef("user"))),
        )
        .order_by("-joined_at", "-pk")
    )
    for word in search.split()[:10]:
        found = found.filter(
            reduce(
                or_, (Q(**{f"{name}__icontains": word}) for name in people.search_fields("user__"))
            )
        )
    return found


def head_count(course: Course) -> dict[str, int]:
    """Return how many `students` a course has, how many of them are `guests`, and `online`."""
    students = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT).exclude(
        user__in=StandIn.objects.values("user")
    )
    return students.aggregate(
        students=Count("pk"),
        guests=Count("pk", filter=Q(Exists(Guest.objects.filter(user=OuterRef("user"))))),
        online=Count("pk", filter=Q(Exists(online_connections().filter(user=OuterRef("user"))))),
    )
