"""Where the students of a course are: in the hall or elsewhere."""

from django.db.models import Count, Q
from msgspec import UNSET, UnsetType

from rooms.models import ClassSettings, Course, Enrollment
from rooms.peer.asking import Place
from rooms.queries.presence import online_connections
from rooms.wire.figures import Places
from rooms.wire.partners import Myself


def myself(enrollment: Enrollment) -> dict[str, object]:
    """Return what a user said of themselves, as fields of `Myself`: nothing for those who lead."""
    if enrollment.leads:
        return {}
    settings = ClassSettings.of(enrollment.course)
    said: dict[str, object] = {}
    if settings.asks_place:
        said["place"] = enrollment.place
        if settings.asks_seat:
            said["seat"] = enrollment.seat
    if enrollment.shares_reasons_since is not None:
        said["shares_reasons"] = True
    assert said.keys() <= set(Myself.__struct_fields__)
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
