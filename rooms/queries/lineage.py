"""How a question and its copies did in other courses, such as those of earlier terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.people import User
from rooms.models import Course, Enrollment, Question
from rooms.peer.results import Item, Sums, items, sums
from rooms.queries.posed import first_rounds, posed

MOST = 10
"""The most courses that are told, those that posed the question last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What came of the same question in another course."""

    course: Course
    question: Question
    last: datetime
    sums: Sums
    item: Item


def earlier(question: Question, viewer: User) -> list[Earlier]:
    """Return what came of a question in the other courses that a user leads, newest first."""
    if question.lineage is None:
        return []
    led = Enrollment.objects.filter(user=viewer, role__in=Enrollment.LEADING)
    same = (
        Question.objects.filter(lineage=question.lineage, course__in=led.values("course"))
        .exclude(course=question.course_id)
        .select_related("course")
        .order_by("-pk")
    )
    told = []
    for one in same[:MOST]:
        found = list(posed(first_rounds(one.course, question=one.pk), times=False))
        if found:
            told.append(
                Earlier(
                    course=one.course,
                    question=one,
                    last=found[-1].at,
                    sums=sums(found),
                    item=items(found)[one.pk],
                )
            )
    return sorted(told, key=lambda one: one.last, reverse=True)
