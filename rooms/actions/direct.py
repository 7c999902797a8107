"""Direct rooms in whose course nobody can write, while the two people share another course."""

from collections.abc import Iterable
from uuid import UUID

from rooms.actions.statements.rows import Members, Place
from rooms.models import Course, Enrollment, Room
from rooms.queries.pseudonyms import shared_by_name, veiled
from rooms.queries.reports import write_no_more


def move_on(places: Iterable[Place], members: Members) -> None:
    """Move direct rooms to a course in use that both members are in, from one that is archived.

    So it is from a course in which students have pseudonyms, to one in which the two meet by their
    names. A pair of users has one direct room, which would otherwise end with the first course that
    they shared. The rooms are locked, and `members` has their members. For all other rooms this
    costs no query.
    """
    for place in places:
        if place.kind != Room.Kind.DIRECT or not (place.archived or place.has_pseudonyms):
            continue
        led = any(one.role in Enrollment.LEADING for one in members[place.id].values())
        if led and not place.archived:
            continue
        shared = Course.objects.filter(archived_at=None).order_by("pk")
        for user in members[place.id]:
            shared = shared.filter(enrollments__user=user)
        course = next(iter(shared_by_name(shared, members[place.id])), None)
        if course is not None and course.pk != place.course_id:
            Room.objects.filter(pk=place.id).update(course=course)
            place.course_id, place.course, place.archived = course.pk, course.slug, False
            place.has_pseudonyms = course.pk in veiled([course.pk])


def ended(places: Iterable[Place], members: Members) -> set[UUID]:
    """Return the direct rooms in which two do not write any more, as one has blocked the other.

    For all other rooms this costs no query.
    """
    return {
        place.id
        for place in places
        if place.kind == Room.Kind.DIRECT
        and len(members[place.id]) > 1
        and write_no_more(*list(members[place.id])[:2])
    }
