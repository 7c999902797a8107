"""How long the votes of a course took."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import F, Q, QuerySet

from rooms.models import Question, Round, Vote
from rooms.peer.content import Kind
from rooms.peer.times import DEFAULTS, suggested

ROUNDS = 8
"""The last rounds that a suggestion is based on."""
VOTES = 3_000
"""The most votes that are read for one suggestion."""
LONGEST = timedelta(minutes=20)
"""A vote that took longer was cast after its round was reopened."""


def suggested_seconds(question: Question, number: int) -> tuple[int, str]:
    """Return the seconds to suggest for the first or second vote on a question, and their source.

    The source is `question` if earlier rounds of the question tell, `kind` if those of other
    questions of its kind in the course do, and `default` if there are too few.
    """
    closed = Round.objects.filter(number=number, closed_at__isnull=False)
    for source, which in (
        ("question", Q(question=question)),
        ("kind", Q(question__course=question.course_id, question__kind=question.kind)),
    ):
        found = suggested(_seconds(closed.filter(which)))
        if found is not None:
            return found, source
    return DEFAULTS[Kind(question.kind)][number - 1], "default"


def _seconds(rounds: QuerySet[Round]) -> Sequence[float]:
    """Return the seconds that voters took in the last of these rounds."""
    last = rounds.order_by("-opened_at", "-pk").values_list("pk", flat=True)[:ROUNDS]
    votes: Iterable[timedelta] = (
        Vote.objects.filter(round__in=list(last))
        .order_by("-round", "pk")
        .annotate(took=F("cast_at") - F("round__opened_at"))
        .values_list("took", flat=True)[:VOTES]
    )
    return [took.total_seconds() for took in votes if timedelta(0) <= took <= LONGEST]
