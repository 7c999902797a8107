"""The questions whose result a class was shown, or which it left without one."""

from typing import Any

from django.db.models import QuerySet

from rooms.models import ClassSession, Course, Round
from rooms.peer.phases import Phase
from rooms.queries.posed import first_rounds


def shown_rounds(course: Course, **chosen: Any) -> QuerySet[Round]:
    """Return the first rounds of a course whose result may be told to its students.

    The arguments are those of `first_rounds`. While the class is at a question, nothing is told of
    it until the reveal, whenever it was asked before.
    """
    found = first_rounds(course, **chosen)
    question = awaited(course)
    return found if question is None else found.exclude(question=question)


def awaited(course: Course) -> int | None:
    """Return the id of the question whose result the class waits for."""
    at: int | None = (
        ClassSession.objects.filter(course=course, ended_at=None, current_round__isnull=False)
        .exclude(phase__in=(Phase.IDLE, Phase.REVEALED))
        .values_list("current_round__question", flat=True)
        .first()
    )
    return at
