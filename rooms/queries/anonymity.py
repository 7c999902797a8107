"""Whose name goes with what, and who consented to what: each page and export asks here."""

from accounts import people
from rooms.models import ClassSession, Course, Enrollment, StandIn


def nameless_sessions(course: Course) -> frozenset[int]:
    """Return the classes in which nobody may tell those who lead the course who did what.

    What students did there goes out under the code of this class alone. In figures of single
    students it counts as done or not, without answers, and only in sums with other classes.
    """
    found = ClassSession.objects.filter(course=course, has_pseudonyms=True, lecturers_know=False)
    return frozenset(found.order_by().values_list("pk", flat=True))


def sharing(course: Course) -> frozenset[people.Key]:
    """Return the students who let others see their reasons, without their name."""
    return _consenting(course, "shares_reasons_since")


def in_research(course: Course) -> frozenset[people.Key]:
    """Return the students who let research use what they do in the course."""
    return _consenting(course, "in_research_since")


def _consenting(course: Course, since: str) -> frozenset[people.Key]:
    given = Enrollment.objects.filter(
        course=course, role=Enrollment.Role.STUDENT, **{f"{since}__isnull": False}
    )
    # Nobody consents for a person who is no more.
    given = given.exclude(user__in=StandIn.objects.values("user"))
    return frozenset(given.order_by().values_list("user", flat=True))
