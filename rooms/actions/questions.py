"""Versions of questions: what was asked stays as it was asked."""

from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from rooms.flaws import sentence
from rooms.models import Course, Question, QuestionVersion
from rooms.peer.content import Flaw, problems
from rooms.wire.errors import QuestionNotReady

_OF_QUICK_ONES: Final = frozenset(
    {Flaw.NO_PROMPT, Flaw.EMPTY_CHOICE, Flaw.SAME_CHOICE, Flaw.NO_CORRECT}
)
"""What a question that was made in a class may lack, also once it is kept."""


def version_of(question: Question) -> QuestionVersion:
    """Return the stored version of a question as it is now, which may be a new one.

    The caller holds the lock of the course.
    """
    now = QuestionVersion.of(question)
    for version in question.versions.order_by("-number"):
        if version.content == now.content:
            return version
    last = question.versions.aggregate(last=Max("number"))["last"] or 0
    now.number, now.created_at = last + 1, timezone.now()
    now.save(force_insert=True)
    return now


def was_asked(question: Question) -> bool:
    """Return whether a class was asked a question, or it was released. Then it has to stay."""
    return question.rounds.exists() or question.releases.exists()


def check_ready(question: Question) -> None:
    """Raise QuestionNotReady for a draft, and for a question that no class can be asked."""
    if question.is_draft:
        raise QuestionNotReady
    found = [one for one in problems(question.content) if one.flaw not in _OF_QUICK_ONES]
    if found:
        raise QuestionNotReady(f"This question cannot be asked as it is. {sentence(found[0])}")


@transaction.atomic
def begin_edit(*, question: Question) -> None:
    """Prepare for changes of a question, whose object may have unsaved ones.

    No class asks it until the transaction of the caller ends, as the class would get only some of
    the changes. Rounds of workers that knew no versions get the one that they were asked with.
    """
    Course.objects.select_for_update(no_key=True, of=("self",)).get(questions=question.pk)
    stored = Question.objects.get(pk=question.pk)
    unversioned = stored.rounds.filter(version=None)
    if unversioned.exists():
        unversioned.update(version=version_of(stored))
