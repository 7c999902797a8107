"""Courses, their enrolments, questions and rooms."""

from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import people
from accounts.people import User
from rooms.models import (
    Course,
    Enrollment,
    Membership,
    Question,
    QuestionVersion,
    Room,
    Round,
)
from rooms.peer.phases import Phase
from rooms.queries.classroom import class_session
from rooms.queries.pseudonyms import hidden_from_lecturers
from rooms.queries.questions import reveals, versions_at
from rooms.queries.releases import to_answer
from rooms.queries.takes import withheld


def muted(course: Course) -> QuerySet[Enrollment]:
    """Return the students of a course who may not post now."""
    found = Enrollment.objects.filter(
        course=course, role=Enrollment.Role.STUDENT, muted_until__gt=timezone.now()
    ).select_related("user", "course")
    if hidden_from_lecturers(course):
        # The order of the names would tell something of them.
        return found.order_by("muted_until", "pk")
    return found.order_by(people.by_name("user__"))


def my_enrollments(user: User) -> QuerySet[Enrollment]:
    """Return the user's enrolments, with their courses.

    Each has `to_answer`, the number of questions that wait for the user outside class.
    """
    waiting = to_answer(user).filter(course=OuterRef("course")).values("course")
    number = Subquery(waiting.annotate(number=Count("pk")).values("number"))
    mine = Enrollment.objects.filter(user=user).annotate(to_answer=Coalesce(number, 0))
    return mine.select_related("course__try_out").order_by("course__title")


def course_membership(user: User, course: Course) -> Membership:
    """Return the user's membership of the course's room. Raises Membership.DoesNotExist."""
    return Membership.objects.select_related("room").get(
        user=user, room__course=course, room__kind=Room.Kind.COURSE
    )


def questions(course: Course) -> QuerySet[Question]:
    """Return the questions of a course with their choices.

    Each has `asked`, which is true if it was posed in the open class session.
    """
    here = Round.objects.filter(
        question=OuterRef("pk"), session__course=course, session__ended_at=None
    )
    return course.questions.prefetch_related("choices").annotate(asked=Exists(here))


def my_course_rooms(user: User) -> QuerySet[Room]:
    """Return the rooms of the user's courses, with the user's `role` in each."""
    return (
        Room.objects.filter(kind=Room.Kind.COURSE, course__enrollments__user=user)
        .select_related("course")
        .annotate(role=F("course__enrollments__role"))
        .order_by("course__title", "course__slug")
    )


def questions_for(enrollment: Enrollment) -> QuerySet[Question]:
    """Return the questions of a course that the user may see with their correct choices.

    Those who lead the course see all questions. Students see the revealed ones, without the current
    question until it is revealed again, and without those that they are still to answer outside
    class. `versions_for` tells what of them the user sees.
    """
    found = enrollment.course.questions.prefetch_related("choices")
    if enrollment.leads:
        return found
    revealed = reveals(enrollment.course).values_list("control__question__question", flat=True)
    session = class_session(enrollment.course)
    if session is not None and session.current_round and session.phase != Phase.REVEALED:
        found = found.exclude(pk=session.current_round.question_id)
    kept = withheld(enrollment.user, enrollment.course)
    return found.filter(slug__in=set(revealed)).exclude(pk__in=kept)


def versions_for(enrollment: Enrollment, questions: Iterable[Question]) -> list[QuestionVersion]:
    """Return the versions in which the user sees questions of `questions_for`, in their order.

    Those who lead the course see the questions as they will be asked next, and students as they
    were last revealed.
    """
    questions = list(questions)
    if enrollment.leads:
        return [QuestionVersion.of(question) for question in questions]
    revealed = reveals(enrollment.course)
    times = dict(revealed.values_list("control__question__question", "created_at"))
    found = versions_at(questions, times)
    return [found[question.pk] for question in questions if question.pk in found]
