"""The people who lead a course, and people by their username or e-mail address."""

from django.db.models import QuerySet

from accounts import people
from accounts.people import User
from rooms.models import Course, Enrollment
from rooms.wire.errors import InvalidMessageFormat, SeveralPeople, UnknownPerson


def leaders_of(course: Course) -> QuerySet[Enrollment]:
    """Return the enrolments of those who lead a course, instructors first."""
    led = Enrollment.objects.filter(course=course, role__in=Enrollment.LEADING)
    return led.select_related("user").order_by("-role", people.by_name("user__"))


def leader(course: Course, username: str) -> Enrollment:
    """Return the enrolment of somebody who leads a course. Raises InvalidMessageFormat."""
    found = leaders_of(course).filter(user=people.find(username)).first()
    if found is None:
        raise InvalidMessageFormat("Nobody of this username leads the course.")
    return found


def named(person: str) -> User:
    """Return the only active user with this username or e-mail address.

    Raises UnknownPerson and SeveralPeople.
    """
    person = person.strip()
    found = None if "\0" in person else people.find(person)
    # Somebody may have for a username what is the address of somebody else.
    matching = {user.pk: user for user in people.by_address(person)}
    if found is not None:
        matching[found.pk] = found
    active = [user for user in matching.values() if user.is_active]
    if not active:
        raise UnknownPerson
    if len(active) > 1:
        raise SeveralPeople
    return active[0]
