"""The questions whose result a class was shown, or which it left without one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from rooms import frames
from rooms.models import ClassSession, Course, Round
from rooms.peer.phases import Phase
from rooms.queries.posed import first_rounds
from rooms.queries.questions import reveals


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


def results_of(course: Course, rounds: Iterable[Round]) -> dict[int, Mapping[str, Any]]:
    """Return the fields of the last reveal of each of these first rounds that was revealed."""
    wanted = list(rounds)
    # A later round of the question has reveals of its own.
    posings: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    later = Round.objects.filter(
        session__course=course, number=1, question__in={one.question_id for one in wanted}
    )
    for slug, opened_at, pk in later.order_by("opened_at", "pk").values_list(
        "question__slug", "opened_at", "pk"
    ):
        posings[slug].append((opened_at, pk))
    found: dict[int, Mapping[str, Any]] = {}
    if not wanted:
        return found
    earliest = min(one.opened_at for one in wanted)
    shown = reveals(course).filter(created_at__gte=earliest)
    for created_at, control in shown.values_list("created_at", "control"):
        if not control or not control.get("question"):
            continue
        before = [
            pk
            for opened_at, pk in posings.get(control["question"]["question"], ())
            if opened_at <= created_at
        ]
        if before:
            found[before[-1]] = frames.told(control)
    return {one.pk: found[one.pk] for one in wanted if one.pk in found}
