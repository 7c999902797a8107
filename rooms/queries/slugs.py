"""Courses and questions by their slugs, of today or before."""

from rooms.models import Course, Question
from rooms.permissions import formerly_called


def find_course(slug: str) -> Course | None:
    """Return the course with this slug, or else the one that had it before."""
    found = Course.objects.filter(slug=slug).first()
    if found is None:
        found = Course.objects.filter(pk__in=formerly_called([slug]).values("course")).first()
    return found


def find_question(course: Course, slug: str) -> Question | None:
    """Return the question of a course with this slug, or else the one that had it before."""
    found = course.questions.filter(slug=slug).first()
    if found is None:
        former = course.questions.exclude(former_slugs=[])
        found = next((question for question in former if question.is_called(slug)), None)
    return found
