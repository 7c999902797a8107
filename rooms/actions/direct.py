"""Direct rooms whose course was archived, while the two people share another course."""

from collections.abc import Iterable

from rooms.actions.statements.rows import Members, Place
from rooms.models import Course, Room


def move_on(places: Iterable[Place], members: Members) -> None:
    """Move direct rooms of archived courses to a course in use that both members are in.

    A pair of users has one direct room, which would otherwise end with the first course that they
    shared. The rooms are locked, and `members` has their members. For all other rooms this costs
    no query.
    """
    for place in places:
        if not place.archived or place.kind != Room.Kind.DIRECT:
            continue
        shared = Course.objects.filter(archived_at=None).order_by("pk")
        for user in members[place.id]:
            shared = shared.filter(enrollments__user=user)
        course = shared.first()
        if course is not None:
            Room.objects.filter(pk=place.id).update(course=course)
            place.course_id, place.course, place.archived = course.pk, course.slug, False
