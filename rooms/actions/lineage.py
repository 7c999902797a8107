"""What a question and its copies have in common, so that earlier terms can be compared."""

from collections.abc import Iterable
from uuid import UUID, uuid5

from rooms.models import Question, TryOut

_SPACE = UUID("5f0c2f4e-6d5b-4a3f-9f0e-2b8d7c1a9e64")


def keep_lineage(pairs: Iterable[tuple[Question, Question]]) -> None:
    """Note in each pair of a question and its copy that they have the same origin.

    A question without a lineage gets one. Copies in a try-out are left out, as they go with it.
    """
    found = list(pairs)
    courses = {copy.course_id for _, copy in found}
    passing = set(TryOut.objects.filter(course__in=courses).values_list("course", flat=True))
    kept = [(source, copy) for source, copy in found if copy.course_id not in passing]
    named = []
    for source, copy in kept:
        if source.lineage is None:
            # Whoever copies it at the same time gives it the same one.
            source.lineage = uuid5(_SPACE, str(source.pk))
            named.append(source)
        copy.lineage = source.lineage
    copies = [copy for _, copy in kept]
    Question.objects.bulk_update([*named, *copies], ["lineage"], batch_size=500)
