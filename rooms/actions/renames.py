"""The traces of a course or a question whose slug changes: its former slug and stored reports.

The signals of the models call these functions in the transaction of the change.
"""

from collections.abc import Iterable

from django.utils import timezone

from rooms.actions import partners, tell
from rooms.models import ClassSession, Course, Enrollment, FormerSlug, Message, Question, Room

FORMER_SLUGS = 20
"""The most former slugs of a course or of a question that are kept, the last ones."""
MESSAGES = 500
"""Messages that are written at a time."""


def lock(item: Course | Question) -> None:
    """Block other changes of a slug until the transaction ends.

    A class that moves on holds this lock, too, and refers to its question under it.
    """
    if isinstance(item, Course):
        Course.objects.select_for_update().filter(pk=item.pk).first()
    else:
        Course.objects.select_for_update(no_key=True).filter(pk=item.course_id).first()


def follow_course(*, course: Course, before: str) -> None:
    """Keep the former slug of a course, and give the course its new one everywhere."""
    # Until the end of the transaction, no class of the course moves on under the former slug.
    list(
        ClassSession.objects.filter(course=course, ended_at=None)
        .select_for_update(no_key=True)
        .values_list("pk")
    )
    FormerSlug.objects.filter(slug=course.slug).delete()
    FormerSlug.objects.update_or_create(
        slug=before, defaults={"course": course, "left_at": timezone.now()}
    )
    kept = course.former_slugs.order_by("-left_at", "-pk")[:FORMER_SLUGS]
    course.former_slugs.exclude(pk__in=[former.pk for former in kept]).delete()
    changed = []
    for message in _reports(course):
        assert message.control is not None
        if message.control["course"] != course.slug:
            message.control["course"] = course.slug
            changed.append(message)
    _store(changed)
    users = Enrollment.objects.filter(course=course).values_list("user_id", flat=True)
    tell.recheck(list(users))


def follow_question(*, question: Question, before: str) -> None:
    """Keep the former slug of a question, and give the question its new one everywhere."""
    slug = question.slug
    running = ClassSession.objects.filter(current_round__question=question, ended_at=None)
    for session in running.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        # Processes remember the state of a class under its revision.
        partners.count_change(session)
    former = [before, *(one for one in question.former_slugs if one not in (before, slug))]
    question.former_slugs = former[:FORMER_SLUGS]
    Question.objects.filter(pk=question.pk).update(former_slugs=question.former_slugs)
    take_slug(question=question)
    changed = []
    for message in _reports(question.course):
        assert message.control is not None
        posed = message.control["question"]
        if posed is not None and posed["question"] == before:
            posed["question"] = slug
            changed.append(message)
    _store(changed)
    tell.question_renamed(question, before)


def take_slug(*, question: Question) -> None:
    """Take the slug of a question from the others of the course that had it before."""
    others = Question.objects.filter(course=question.course_id).exclude(pk=question.pk)
    for other in others.exclude(former_slugs=[]).only("former_slugs"):
        if question.slug in other.former_slugs:
            kept = [slug for slug in other.former_slugs if slug != question.slug]
            Question.objects.filter(pk=other.pk).update(former_slugs=kept)


def _reports(course: Course) -> Iterable[Message]:
    """Return the messages that report a course's class, which name it and its questions."""
    return Message.objects.filter(
        room__course=course, room__kind=Room.Kind.COURSE, control__isnull=False
    ).only("control")


def _store(messages: list[Message]) -> None:
    Message.objects.bulk_update(messages, ["control"], batch_size=MESSAGES)
