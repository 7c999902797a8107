"""The questions of a course for those who prepare them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.people import User
from rooms.models import ClassSession, Course, Enrollment, Question, Release
from rooms.queries.slugs import find_question
from rooms.wire.errors import InvalidMessageFormat


def prepared(course: Course) -> QuerySet[Any]:
    """Return the questions of a course in their order, the quick ones last.

    Each has `asked`, the times that classes were asked it, `asked_now`, and `released`.
    """
    here = ClassSession.objects.filter(
        current_round__question=OuterRef("pk"), course=course, ended_at=None
    )
    times = Count("rounds", filter=Q(rounds__number=1), distinct=True)
    released = Exists(Release.objects.filter(question=OuterRef("pk")))
    found = course.questions.annotate(asked=times, asked_now=Exists(here), released=released)
    return found.prefetch_related("twin_of").order_by("quick", "position", "slug")


def searched(course: Course, text: str, tag: str) -> QuerySet[Any]:
    """Return those of `prepared` with this text and this tag, each of which may be empty."""
    found = prepared(course)
    if text:
        fields = ("title", "prompt", "slug", "choices__text", "explanation")
        where = Q()
        for field in fields:
            where |= Q(**{f"{field}__icontains": text})
        found = found.filter(pk__in=course.questions.filter(where).values("pk"))
    if tag:
        # SQLite cannot search lists.
        tags = course.questions.exclude(tags=[]).values_list("pk", "tags")
        found = found.filter(pk__in=[pk for pk, those in tags if tag in those])
    return found


def tags_of(course: Course) -> list[tuple[str, int]]:
    """Return the tags of the questions of a course in alphabetical order, with their numbers."""
    lists: Iterable[list[str]] = course.questions.values_list("tags", flat=True)
    counted = Counter(tag for tags in lists for tag in tags)
    return sorted(counted.items(), key=lambda item: (item[0].casefold(), item[0]))


def edited(course: Course, slug: str) -> Any:
    """Return one of `prepared` with its choices, by its slug of today or before.

    Raises InvalidMessageFormat if the course has none.
    """
    found = find_question(course, slug)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    return prepared(course).prefetch_related("choices").get(pk=found.pk)


def originals(course: Course, question: Question) -> list[tuple[str, str]]:
    """Return the slugs and names of the questions that one may be the twin of, in their order.

    Twins are left out, as is a question that has twins.
    """
    if question.twins.exists():
        return []
    found = course.questions.filter(quick=False, twin_of=None).exclude(pk=question.pk)
    return [(one.slug, name_of(one)) for one in found.order_by("position", "slug")]


def targets(user: User, course: Course) -> QuerySet[Course]:
    """Return the other courses into which a user may copy questions."""
    led = Enrollment.objects.filter(user=user, role__in=Enrollment.LEADING).values("course")
    return (
        Course.objects.filter(pk__in=led, archived_at=None, try_out=None)
        .exclude(pk=course.pk)
        .order_by("title", "slug")
    )


def name_of(question: Question) -> str:
    """Return the words by which a list names a question: its title, or else its prompt."""
    return question.title or question.prompt or question.slug
