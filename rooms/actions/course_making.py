"""Making courses, also from another one, by those who may."""

from django.db import IntegrityError, transaction

from accounts import people
from accounts.people import User
from rooms import permissions
from rooms.actions import uselog
from rooms.actions.class_settings import copy_settings
from rooms.actions.enrollment import enroll
from rooms.actions.mark_rules import copy_rules
from rooms.actions.question_edits import copy_into
from rooms.models import Course, Enrollment, course_room
from rooms.queries import course_names
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied

TRIES = 3
"""Attempts at a slug that others, who make a course at the same moment, may take first."""


@transaction.atomic
def make_course(*, user: User, title: str, slug: str = "") -> Course:
    """Make a course with its room, and the user as its instructor.

    Without a slug it gets one from its title. Raises PermissionDenied for those who may not make
    courses, and InvalidMessageFormat for a title or a slug that the course cannot have.
    """
    if not permissions.may_make_courses(user):
        raise PermissionDenied("Only lecturers can make courses.")
    title = course_names.clean_title(title)
    check_title(title)
    if slug:
        check_slug(slug, user=user)
    course = _insert(title, slug)
    enroll(course=course, users=[user], role=Enrollment.Role.INSTRUCTOR)
    record(user, course, "make")
    return course


@transaction.atomic
def copy_course(*, user: User, course: str, title: str, slug: str = "") -> Course:
    """Make a course with the prepared questions and the settings of another, for its next term.

    Nobody of the other course is in it but the user, as instructor, and nothing that happened
    there, nor rules about who works with whom. Raises PermissionDenied for those who are no
    instructor of the other course or may not make courses, and InvalidMessageFormat as
    `make_course` does.
    """
    source = permissions.instructing(user, course).course
    permissions.lasting(source)
    copy = make_course(user=user, title=title, slug=slug)
    old, new = course_room(source), course_room(copy)
    new.topic, new.slow_seconds = old.topic, old.slow_seconds
    new.save(update_fields=["topic", "slow_seconds"])
    copy_settings(source=source, copy=copy)
    copy_rules(source=source, copy=copy)
    copy_into(copy, source.questions.filter(quick=False).prefetch_related("choices"))
    record(user, copy, f"copy:{source.slug}")
    return copy


def check_title(title: str) -> None:
    """Raise InvalidMessageFormat for a title that no course can have."""
    problem = course_names.title_problem(title)
    if problem is not None:
        raise InvalidMessageFormat(f"`title`: {problem}")


def check_slug(slug: str, *, user: User, course: Course | None = None) -> None:
    """Raise InvalidMessageFormat for a slug that the user cannot give to a course."""
    problem = course_names.slug_problem(slug, user=user, course=course)
    if problem is not None:
        raise InvalidMessageFormat(f"`course`: {problem}")


def record(user: User, course: Course, act: str, *named: people.Key) -> None:
    """Write a row of the use log about a course. `named` has the users whose names are in `act`."""
    uselog.record(
        [
            uselog.row(
                sid=people.username(user),
                user=user.pk,
                event="course",
                act=act,
                named=named,
                course_id=course.slug,
                course=course.pk,
            )
        ]
    )


def _insert(title: str, slug: str) -> Course:
    for _ in range(TRIES):
        course = Course(slug=slug or course_names.proposed_slug(title), title=title)
        try:
            with transaction.atomic():
                course.save(force_insert=True)
        except IntegrityError:
            if slug:
                break
        else:
            return course
    raise InvalidMessageFormat("`course`: Another course got this address just now.")
