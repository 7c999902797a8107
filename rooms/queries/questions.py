"""The reveals of questions, and the versions in which classes were asked them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet

from rooms.models import Course, Message, Question, QuestionVersion, Room, Round
from rooms.peer.content import Kind


def reveals(course: Course) -> QuerySet[Message]:
    """Return the control messages that revealed questions of a course, oldest first."""
    return Message.objects.filter(
        room__course=course,
        room__kind=Room.Kind.COURSE,
        kind=Message.Kind.CONTROL,
        text="reveal",
    ).order_by("seq")


def may_set_correct(version: QuestionVersion) -> bool:
    """Return whether the right answer of a question that a class was asked may be given.

    The right answer that a question was prepared with stays, but which short texts are right as
    well can only be told once they were given. A poll has none.
    """
    if version.kind == Kind.TEXT:
        return True
    if version.kind == Kind.POLL:
        return False
    if version.correct is None:
        return True
    return version.pk is not None and version.right_answers.exists()


def versions_at(
    questions: Iterable[Question], times: Mapping[str, datetime]
) -> dict[int, QuestionVersion]:
    """Return the last versions in which questions were asked until these times, by their ids.

    The times are by slug. Questions without one, and those that were never asked, are left out.
    """
    asked = (
        Round.objects.filter(question__in=questions, question__slug__in=times, number=1)
        .select_related("question", "version")
        .order_by("opened_at", "pk")
    )
    found: dict[int, QuestionVersion] = {}
    for round_ in asked:
        if round_.question_id not in found or round_.opened_at <= times[round_.question.slug]:
            found[round_.question_id] = round_.asked
    return found
