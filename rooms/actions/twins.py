"""Twins: a question names the one whose idea it tests again.

A twin has no twins of its own, so both questions of a pair know each other without a chain.
"""

from collections.abc import Sequence

from rooms import flaws
from rooms.models import Course, Question
from rooms.queries.slugs import find_question
from rooms.wire.errors import FlawedQuestion


def check_twin(
    course: Course, slug: str | None, question: Question | None = None
) -> Question | None:
    """Return the question that another one shall be the twin of, or None without a slug.

    `question` is that other one, if it is stored already. Raises FlawedQuestion if the course has
    no such question, if it is the question itself or a twin, or if the question has twins. The
    caller holds the lock of the course.
    """
    if slug is None:
        return None
    found = find_question(course, slug)
    if found is None:
        raise _refusal("unknown_twin")
    if question is not None and found.pk == question.pk:
        raise _refusal("twin_of_itself")
    if found.twin_of_id is not None:
        raise _refusal("twin_of_twin")
    if question is not None and question.twins.exists():
        raise _refusal("has_twins")
    return found


def keep_twins(sources: Sequence[Question], copies: Sequence[Question]) -> None:
    """Make copies twins of each other as their sources are, where both were copied."""
    made = {source.pk: copy for source, copy in zip(sources, copies, strict=True)}
    twins = []
    for source, copy in zip(sources, copies, strict=True):
        original = made.get(source.twin_of_id) if source.twin_of_id is not None else None
        if original is not None:
            copy.twin_of = original
            twins.append(copy)
    Question.objects.bulk_update(twins, ["twin_of"], batch_size=500)


def _refusal(flaw: str) -> FlawedQuestion:
    sentence = str(flaws.TWINS[flaw])
    problem = {
        "field": "twin_of",
        "flaw": flaw,
        "index": None,
        "limit": None,
        "message": sentence,
    }
    return FlawedQuestion(f"`twin_of`: {sentence}", problems=[problem])
