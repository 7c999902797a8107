"""Versions of questions: what was asked stays as it was asked."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from rooms.models import Course, Question, QuestionVersion


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
