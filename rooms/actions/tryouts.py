"""Starts and ends try-outs: copies of a course with simulated students.

Everything of a try-out is removed at its end: the course, what happened in it, and its people.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import people, tokens
from accounts.people import User
from rooms import permissions
from rooms.actions import guests
from rooms.actions.class_settings import copy_settings
from rooms.actions.enrollment import enroll
from rooms.actions.question_edits import copy_into
from rooms.actions.samples import SAMPLES
from rooms.conf import limits
from rooms.models import (
    AuditEntry,
    Choice,
    ClassSession,
    Course,
    Enrollment,
    Question,
    Room,
    TryOut,
    TryOutStudent,
    UseLog,
)
from rooms.peer.names import name_of
from rooms.peer.phases import Phase
from rooms.queries import tryouts
from rooms.wire.errors import NoTryOut, PermissionDenied

MOST_QUESTIONS = 200
"""The most questions that are copied."""
TRIES = 3
"""Times that a start is tried again when another one was faster."""


def start(*, user: User, course: str, language: str) -> TryOut:
    """Copy a course that the user leads for a try-out with simulated students, and return it.

    The students' texts are in `language`. A lecturer who tries the course out already gets that
    try-out. Raises PermissionDenied, and NoTryOut if the lecturer tries another course out, too
    many try-outs run, or the course is archived or itself a try-out.
    """
    origin = permissions.leading(user, course).course
    remove_overdue()
    with translation.override(language):
        for _ in range(TRIES):
            known = tryouts.led_by(user)
            if known is not None and known.of_id == origin.pk:
                return known
            _check(origin, known)
            try:
                return _make(user, origin, language)
            except IntegrityError:
                # Another request of the user, or another lecturer, took the place meanwhile.
                continue
        raise NoTryOut(_busy())


def _check(origin: Course, known: TryOut | None) -> None:
    if known is not None:
        told = gettext("You are already trying out “%(course)s”. End that first.")
        raise NoTryOut(told % {"course": known.of or known.course})
    if origin.archived_at is not None:
        raise NoTryOut(gettext("An archived course cannot be tried out."))
    if tryouts.in_course(origin) is not None:
        raise NoTryOut(gettext("This course is a try-out itself."))


def _busy() -> str:
    return gettext("Too many courses are being tried out just now. Try again in a few minutes.")


@transaction.atomic
def _make(user: User, origin: Course, language: str) -> TryOut:
    taken = set(TryOut.objects.values_list("slot", flat=True))
    free = [slot for slot in range(int(limits["TRY_OUTS"])) if slot not in taken]
    if not free:
        raise NoTryOut(_busy())
    title = gettext("Try-out: %(title)s") % {"title": origin.title}
    course = Course.objects.create(
        slug=f"try-out-{secrets.token_hex(8)}",
        title=title[: Course._meta.get_field("title").max_length],
    )
    now = timezone.now()
    # Before anybody is enrolled, as the site is not told of the students of a try-out.
    made = TryOut.objects.create(
        course=course,
        of=origin,
        lecturer=user,
        slot=free[0],
        language=language,
        started_at=now,
        ends_at=now + timedelta(minutes=tryouts.minutes()),
    )
    copy_settings(source=origin, copy=course)
    _copy_questions(origin, course)
    enroll(course=course, users=[user], role=Enrollment.Role.INSTRUCTOR)
    students = _make_students(made)
    enroll(course=course, users=students)
    # They have nothing to hide, so that their lecturer sees what a class may share.
    Enrollment.objects.filter(course=course, user__in=students[1:]).update(shares_reasons_since=now)
    return made


def _copy_questions(origin: Course, course: Course) -> None:
    """Give the course the questions of another one, or samples if that has none."""
    found = list(origin.questions.prefetch_related("choices")[:MOST_QUESTIONS])
    if found:
        copy_into(course, found)
        return
    samples = _samples(course)
    Question.objects.bulk_create(question for question, _ in samples)
    Choice.objects.bulk_create(
        Choice(question=question, letter=letter, text=text, is_correct=is_correct)
        for question, choices in samples
        for letter, text, is_correct in choices
    )


def _samples(course: Course) -> list[tuple[Question, list[tuple[str, str, bool]]]]:
    return [
        (
            Question(course=course, slug=one.slug, prompt=str(one.prompt), position=position),
            [
                (letter, str(text), letter == one.correct)
                for letter, text in zip("ABCD", one.choices, strict=False)
            ],
        )
        for position, one in enumerate(SAMPLES, start=1)
    ]


def _make_students(made: TryOut) -> Sequence[User]:
    """Make the simulated students and the one as whom the lecturer takes part.

    Nobody can log in as one of them: none has a password, and the simulated ones are inactive.
    """
    unusable = make_password(None)
    numbers = range(TryOutStudent.OWN, tryouts.simulated_students() + 1)
    users = [
        people.new(
            people.sample_name(f"{made.course.slug}-{number}"),
            password=unusable,
            shown=name_of(number) if number else gettext("You, as a student"),
        )
        for number in numbers
    ]
    if people.has("is_active"):
        for user in users[1:]:
            user.is_active = False
    stored = people.everybody().bulk_create(users)
    TryOutStudent.objects.bulk_create(
        TryOutStudent(try_out=made, user=user, number=number)
        for number, user in zip(numbers, stored, strict=True)
    )
    return stored


def enter(*, user: User, course: str) -> tuple[Enrollment, str]:
    """Return the enrolment of the student as whom a lecturer takes part, and a token for it.

    The token ends with the try-out. Raises PermissionDenied for anybody but its lecturer.
    """
    made = _own(user, course)
    student = made.students.select_related("user").get(number=TryOutStudent.OWN).user
    left = (made.ends_at - timezone.now()) / timedelta(days=1)
    enrollment = permissions.enrolled(student, made.course.slug)
    return enrollment, tokens.issue(student, name="try-out", days=max(left, 0))


def end(*, user: User, course: str) -> TryOut:
    """Remove the user's try-out in or of a course, with everything in it.

    Returns the try-out that was. Raises PermissionDenied if the user has none there.
    """
    made = _own(user, course)
    remove(try_out=made.pk)
    return made


def _own(user: User, course: str) -> TryOut:
    found = tryouts.led_by(user)
    if found is None:
        raise PermissionDenied("You have no try-out of this course.")
    enrollment = permissions.leading(user, course)
    if enrollment.course_id not in (found.course_id, found.of_id):
        raise PermissionDenied("You have no try-out of this course.")
    return found


def remove_overdue() -> None:
    """Remove the try-outs that are over."""
    for try_out in tryouts.overdue(timezone.now()):
        remove(try_out=try_out)


@transaction.atomic
def remove(*, try_out: int) -> bool:
    """Remove a try-out with its course, all that happened there, and the people made for it.

    Returns whether it was there.
    """
    # The process that plays the students holds this lock while they act.
    made = TryOut.objects.select_for_update(no_key=True).filter(pk=try_out).first()
    if made is None:
        return False
    course = Course.objects.select_for_update(no_key=True).get(pk=made.course_id)
    users = list(made.students.values_list("user_id", flat=True))
    sessions = ClassSession.objects.filter(course=course)
    list(sessions.select_for_update(no_key=True).values_list("pk"))
    # A class that stopped in the middle of a question has a round, which goes before it.
    sessions.update(phase=Phase.IDLE.value, current_round=None, deadline=None)
    # In this order: votes and messages protect those whom they are of.
    sessions.delete()
    Room.objects.filter(course=course).delete()
    UseLog.objects.filter(in_course=course).delete()
    # Nobody's data was looked at: the students are made up.
    AuditEntry.objects.filter(course=course).delete()
    course.delete()
    _remove_people(users)
    return True


def _remove_people(users: Sequence[people.Key]) -> None:
    """Delete the people of a try-out, or let nobody in as those whom other rows need.

    There are no such rows unless the database was changed by hand, but they must not keep a try-out
    in its place.
    """
    found = people.everybody().filter(pk__in=users)
    try:
        with transaction.atomic():
            found.delete()
    except (ProtectedError, RestrictedError):
        for user in found:
            try:
                with transaction.atomic():
                    user.delete()
            except (ProtectedError, RestrictedError):
                guests.end(user=user)
