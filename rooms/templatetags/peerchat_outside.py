"""Tells peerchat's own templates what waits for a student outside class."""

from django import template

from accounts.people import User
from rooms.models import Course
from rooms.queries import releases

register = template.Library()


@register.simple_tag
def number_to_answer(user: User, course: Course) -> int:
    """Return how many released questions of a course a student can still answer."""
    return releases.to_answer(user).filter(course=course).count()
