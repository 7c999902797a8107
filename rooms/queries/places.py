"""Reads where the students of a course are: in the hall or elsewhere."""

from typing import Any

from django.db.models import Count, Q
from msgspec import UNSET, UnsetType

from rooms.models import ClassSettings, Course, Enrollment
from rooms.peer.asking import Place
from rooms.queries.presence import online_connections
from rooms.wire.figures import Places


def myself(enrollment: Enrollment) -> dict[str, Any]:
    """Return what a user said of themselves in a course, as fields of `Snapshot`."""
    said: dict[str, Any] = {}
    if enrollment.place:
        said |= {"place": enrollment.place, "seat": enrollment.seat}
    if enrollment.shares_reasons_since is not None:
        said["shares_reasons"] = True
    return said


def places(course: Course) -> Places | UnsetType:
    """Return where the students are who are online, if the course asks for it."""
    if not ClassSettings.of(course).asks_place:
        return UNSET
    here = Enrollment.objects.filter(
        course=course,
        role=Enrollment.Role.STUDENT,
        user__in=online_connections().values("user_id"),
    )
    hall, elsewhere = Q(place=Place.HALL), Q(place=Place.ELSEWHERE)
    return Places(
        **here.aggregate(
            hall=Count("id", filter=hall),
            elsewhere=Count("id", filter=elsewhere),
            unknown=Count("id", filter=~hall & ~elsewhere),
        )
    )


def somebody_is_in_the_hall(course: Course) -> bool:
    """Return whether the course asks where its students are, and one who is here is in the hall."""
    found = places(course)
    return not isinstance(found, UnsetType) and found.hall > 0
