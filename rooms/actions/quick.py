"""Questions that nobody prepared, and right answers that are given in the class.

What happens to a class runs in the transaction of `session.control`, under its locks.
"""

import re
import string
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.people import User
from rooms import permissions
from rooms.actions import group_facts, right_answers, tell
from rooms.actions.questions import version_of
from rooms.models import (
    Choice,
    ClassSession,
    Course,
    Question,
    QuestionVersion,
    RightAnswer,
    Round,
)
from rooms.peer.content import Kind
from rooms.queries import classroom
from rooms.queries.questions import may_set_correct
from rooms.queries.slugs import find_question
from rooms.wire.commands import QuickQuestion, SetCorrect
from rooms.wire.errors import (
    IllegalTransition,
    InvalidChoice,
    InvalidMessageFormat,
    TextTooLong,
    UuidReused,
)
from rooms.wire.fields import CHOICE_LIMIT
from rooms.wire.text import clean_optional

_NUMBERED = re.compile(r"quick-([1-9][0-9]{0,8})")


def answer_name(course: Course, user: User, command: QuickQuestion | SetCorrect) -> uuid.UUID:
    """Return the name of the right answer that a command gives."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{course.pk}:{user.pk}:{command.uuid}")


def make_question(course: Course, command: QuickQuestion) -> Question:
    """Store the question of a command, after the others of the course, under a slug of its own.

    Raises TextTooLong, and InvalidChoice if `correct` is the letter of no choice. The caller holds
    the lock of the course.
    """
    texts = [""] * command.choices if isinstance(command.choices, int) else command.choices
    letters = string.ascii_uppercase[: len(texts)]
    if command.correct is not None and command.correct not in letters:
        raise InvalidChoice
    last = course.questions.aggregate(last=Max("position"))["last"]
    question = Question(
        course=course,
        slug=_free_slug(course),
        prompt=clean_optional(command.prompt),
        position=0 if last is None else last + 1,
        quick=True,
    )
    choices = [
        Choice(
            question=question,
            letter=letter,
            text=_choice_text(letter, text),
            is_correct=letter == command.correct,
        )
        for letter, text in zip(letters, texts, strict=True)
    ]
    question.save(force_insert=True)
    Choice.objects.bulk_create(choices)
    return question


def note_answer(session: ClassSession, command: QuickQuestion, now: datetime) -> None:
    """Note that the right answer of a question just asked was given in the class.

    Raises UuidReused if another command of this uuid has given one.
    """
    assert session.current_round is not None
    name = answer_name(session.course, session.controller, command)
    if RightAnswer.objects.filter(name=name).exists():
        raise UuidReused
    if command.correct is not None:
        _note(session, session.current_round.asked, command.correct, command, now)


def give_answer(session: ClassSession, command: SetCorrect, now: datetime) -> None:
    """Give the right answer of the current question, or take it back.

    It belongs to the rounds that ask the question now, and to the question, if that is still worded
    like this. Raises IllegalTransition if another question is current, is a poll, or was prepared
    with its right answer, which only stays open for short texts; and InvalidChoice.
    """
    assert session.current_round is not None
    asked = session.current_round.asked
    where = {"phase": str(session.phase), "epoch": session.epoch}
    if command.question is not None and not asked.question.is_called(command.question):
        raise IllegalTransition("The class is on another question.", **where)
    if not may_set_correct(asked):
        raise IllegalTransition(
            "A poll has no right answer."
            if asked.kind == Kind.POLL
            else "This question was prepared with its right answer, which stays as it was asked.",
            **where,
        )
    right = right_answers.read(session, command)
    version = _version_alone(session)
    right_answers.give(version, right)
    group_facts.note(session)
    _note(session, version, right_answers.name_of(command), command, now)
    tell.questions_changed(session.course)


def given_before(course: Course, user: User, command: SetCorrect) -> bool:
    """Return whether the command has already given this right answer.

    Raises UuidReused if a command of this uuid gave another one.
    """
    before = RightAnswer.objects.filter(name=answer_name(course, user, command)).first()
    if before is not None and before.letter != right_answers.name_of(command):
        raise UuidReused
    return before is not None


@transaction.atomic
def keep_question(*, user: User, course: str, question: str) -> Question:
    """Keep a quick question among the prepared ones of its course, as the last of them.

    Does nothing for one that is there already. Raises PermissionDenied for a user who does not lead
    the course, CourseArchived, and InvalidMessageFormat if it has no such question.
    """
    course_ = permissions.leading(user, course).course
    permissions.in_use(Course.objects.select_for_update(no_key=True).get(pk=course_.pk))
    found = find_question(course_, question)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    if found.quick:
        prepared = course_.questions.filter(quick=False)
        last = prepared.aggregate(last=Max("position"))["last"]
        found.quick, found.position = False, 0 if last is None else last + 1
        found.save(update_fields=["quick", "position"])
    return found


def _free_slug(course: Course) -> str:
    """Return the next slug for a quick question, which no question of the course ever had."""
    taken = []
    for slug, former in course.questions.values_list("slug", "former_slugs"):
        taken += [slug, *former]
    numbers = [int(found[1]) for found in map(_NUMBERED.fullmatch, taken) if found]
    return f"quick-{max(numbers, default=0) + 1}"


def _choice_text(letter: str, text: str) -> str:
    try:
        return clean_optional(text, CHOICE_LIMIT)
    except TextTooLong:
        told = f"The text of choice {letter} is too long: {CHOICE_LIMIT} characters at most."
        raise TextTooLong(told) from None


def _version_alone(session: ClassSession) -> QuestionVersion:
    """Return the version of the current question, which no other rounds have than those now.

    Rounds of earlier classes keep theirs, with the answer that it had then.
    """
    current = session.current_round
    assert current is not None
    version = current.version or version_of(current.question)
    ours = [one.pk for one in classroom.rounds(session) if one is not None]
    if version.rounds.exclude(pk__in=ours).exists():
        last = current.question.versions.aggregate(last=Max("number"))["last"]
        version = QuestionVersion.objects.create(
            question=current.question,
            number=last + 1,
            prompt=version.prompt,
            kind=version.kind,
            choices=version.choices,
            answer=version.answer,
            explanation=version.explanation,
            follow_up=version.follow_up,
            created_at=timezone.now(),
        )
    if current.version_id != version.pk:
        Round.objects.filter(pk__in=ours).update(version=version)
    current.version = version
    return version


def _note(
    session: ClassSession,
    version: QuestionVersion,
    given: str,
    command: QuickQuestion | SetCorrect,
    now: datetime,
) -> None:
    RightAnswer.objects.create(
        version=version,
        letter=given,
        name=answer_name(session.course, session.controller, command),
        given_by=session.controller,
        given_at=now,
    )
