"""The Python interface for the code of a site. It is the only one that is kept stable.

Everything else in peerchat's packages may change with any release. This module grows: functions
get further optional arguments, and results get further attributes.

    from peerchat import api

    course = api.create_course(slug="physics", title="Physics 101")
    api.enroll(course=course, users=[lecturer], role="instructor")
    api.enroll(course="physics", users=students)

A `course` is a `Course` or its slug, a `question` is a `Question` or its slug; a slug that it had
before means it, too, as long as no other has it. Of a `Course`, the
attributes `pk`, `slug` and `title` are stable; of a `Question`, `pk`, `slug`, `prompt`, `position`,
`quick` and `course`. Both can go into the template tags.

Every function is one transaction, or a part of the caller's. Open pages and signals follow when it
commits. Call the functions from synchronous code, in any process: a view, a command, a task. A
failure raises an `Error` and changes nothing. What would change something in an archived course
raises CourseArchived, which is a PermissionDenied.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from rooms import permissions
from rooms.actions import courses, enrollment, messages, session
from rooms.models import Course, Enrollment, Question, Room
from rooms.queries.courses import my_enrollments, questions_for, versions_for
from rooms.queries.revealed import AnswerResult, ChoiceResult, Results, revealed_results
from rooms.queries.slugs import find_course, find_question
from rooms.wire.commands import (
    Control,
    QuickQuestion,
    Reveal,
    SetCorrect,
    StartQuestion,
    StopVote,
)
from rooms.wire.errors import (
    CourseArchived,
    EmptyText,
    IllegalTransition,
    InvalidChoice,
    InvalidMessageFormat,
    InvalidRoom,
    PermissionDenied,
    QuestionNotReady,
    RateLimited,
    TextTooLong,
    UuidReused,
)
from rooms.wire.errors import PeerError as Error
from rooms.wire.fields import SECONDS_LIMIT
from rooms.wire.text import clean_text

if TYPE_CHECKING:
    from accounts.people import User

__all__ = [
    "AnswerResult",
    "ChoiceResult",
    "Course",
    "CourseArchived",
    "EmptyText",
    "Error",
    "IllegalTransition",
    "InvalidChoice",
    "InvalidMessageFormat",
    "InvalidRoom",
    "PermissionDenied",
    "Question",
    "QuestionNotReady",
    "RateLimited",
    "Results",
    "TextTooLong",
    "UuidReused",
    "add_question",
    "ask",
    "ask_quickly",
    "close_round",
    "create_course",
    "enroll",
    "get_course",
    "get_courses",
    "get_question",
    "get_questions",
    "post_message",
    "read_results",
    "reveal",
    "set_right_answer",
    "unenroll",
]


def create_course(*, slug: str, title: str) -> Course:
    """Make a course with its room. Nobody is in it yet.

    slug: up to 60 letters, digits, hyphens and underscores; it is in the addresses of the pages.
    title: up to 200 characters, shown on the pages.

    Raises InvalidMessageFormat if one of them is not valid or another course has the slug. Open
    pages do not change.
    """
    return courses.create_course(slug=slug, title=title)


def get_course(*, slug: str) -> Course:
    """Return the course of a slug. Raises InvalidMessageFormat if there is none."""
    return _course(slug)


def get_courses(*, user: User) -> list[Course]:
    """Return the courses that a user is in, by title."""
    return [one.course for one in my_enrollments(user)]


def get_question(*, course: Course | str, slug: str) -> Question:
    """Return a question of a course, for the template tags.

    Your page may name a question before it runs: the tags hide its text and its answer from
    users who may not see them. Do not show its `prompt` yourself before that. Raises
    InvalidMessageFormat if the course has no such question.
    """
    found = find_question(_course(course), slug)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    return found


def get_questions(*, user: User, course: Course | str) -> list[Question]:
    """Return the questions of a course that a user may see with their right choices, in order.

    Leaders of the course get all of them, as they will be asked next. Students get only those that
    were revealed, with the `prompt` that was asked, so do not save these. Raises PermissionDenied
    for a user who is not in the course.
    """
    enrollment = permissions.enrolled(user, _slug(course))
    found = questions_for(enrollment)
    prompts = {one.question_id: one.prompt for one in versions_for(enrollment, found)}
    for question in found:
        question.prompt = prompts.get(question.pk, question.prompt)
    return [question for question in found if question.pk in prompts]


def enroll(*, course: Course | str, users: Sequence[User], role: str = "student") -> int:
    """Enrol users in a course, and return how many are new in it.

    users: a user who is enrolled already gets the role.
    role: "student", "assistant" or "instructor"; the last two lead the course.

    Raises InvalidMessageFormat for another role and for a course that does not exist. On open
    pages of these users, the course's room appears at once. Dashboards of users who no longer lead
    the course close. Sends `student_joined` for each new student.
    """
    if role not in Enrollment.Role.values:
        raise InvalidMessageFormat(f"`role` must be one of: {', '.join(Enrollment.Role.values)}.")
    return enrollment.enroll(course=_course(course), users=users, role=role)


def unenroll(*, course: Course | str, users: Sequence[User]) -> None:
    """Take users out of a course and out of all its rooms. Their messages and votes stay.

    Users outside the course are skipped. Raises InvalidMessageFormat for a course that
    does not exist. Open pages tell these users at once. If a class discusses, their partners
    get new ones.
    """
    enrollment.unenroll(course=_course(course), users=users)


def add_question(
    *,
    course: Course | str,
    slug: str,
    prompt: str,
    choices: Sequence[str],
    correct: str,
    position: int | None = None,
) -> Question:
    """Add a question to a course.

    slug: up to 60 letters, digits, hyphens and underscores, once in the course. Students see it
    in the page before the question runs, so it must not give the answer away.
    prompt: the question, as plain text.
    choices: 2 to 26 texts of up to 500 characters, which get the letters A, B, C ...
    correct: the letter of the right one.
    position: where it stands among the questions; last by default.

    Raises InvalidMessageFormat if one of them is not valid. Open dashboards show the question at
    once.
    """
    return courses.add_question(
        course=_course(course),
        slug=slug,
        prompt=prompt,
        choices=choices,
        correct=correct,
        position=position,
    )


def ask(
    *, user: User, course: Course | str, question: Question | str, seconds: float | None = None
) -> None:
    """Start the first vote on a question.

    user: who asks; they must lead the course.
    seconds: closes the vote after so many, from 1 to 3600; by default it stays open.

    Raises PermissionDenied for one who does not lead the course, InvalidMessageFormat where the
    course has no such question or the seconds are not possible, and IllegalTransition while the
    class is at a question that was not revealed or finished. Open pages show the question and take
    votes. Sends `class_started` if it is the first question of a class session.
    """
    if seconds is not None and not 1 <= seconds <= SECONDS_LIMIT:
        raise InvalidMessageFormat(f"`seconds` must be from 1 to {SECONDS_LIMIT}.")
    slug = question.slug if isinstance(question, Question) else question
    _step(user, course, StartQuestion(uuid=uuids.uuid4().hex, question=slug, seconds=seconds))


def ask_quickly(
    *,
    user: User,
    course: Course | str,
    choices: int | Sequence[str] = 4,
    prompt: str = "",
    correct: str | None = None,
    seconds: float | None = None,
) -> Question:
    """Make a question that nobody prepared, start the first vote on it, and return it.

    user: who asks; they must lead the course.
    choices: how many there are, from 2 to 26, or their texts, which may be empty. They get the
    letters A, B, C ...
    prompt: the question, up to 4000 characters; by default it has no words.
    correct: the letter of the right choice, where it is known; `set_right_answer` can tell later.
    seconds: as for `ask`.

    The question gets a slug, and a place after the other questions. Raises PermissionDenied for one
    who does not lead the course, InvalidMessageFormat for choices or seconds that are not possible,
    InvalidChoice where `correct` is none of the letters, TextTooLong, and IllegalTransition while
    the class is at a question that was not revealed or finished. Open pages show the question and
    take votes. Sends `class_started` as `ask` does.
    """
    command = _command(
        QuickQuestion,
        choices=choices if isinstance(choices, int) else list(choices),
        prompt=prompt,
        correct=correct,
        seconds=seconds,
    )
    moved = _step(user, course, command)
    assert moved.question is not None
    return get_question(course=course, slug=moved.question)


def set_right_answer(
    *, user: User, course: Course | str, choice: str | Sequence[str] | None
) -> None:
    """Give the right answer of the current question, change it, or take it back with None.

    user: who gives it; they must lead the course.
    choice: the letter of the right choice, the letters of several, a number, or, for a question
    that asks for a short text, all answers of the result that are right.

    Only a question that was asked without a right answer, or got it by `ask_quickly`, can get one,
    and one that asks for a short text. A poll has none.
    Raises PermissionDenied for one who does not lead the course, InvalidMessageFormat and
    InvalidChoice where the question has no such choice, and IllegalTransition where no question
    runs or this one was prepared with its right answer. Before the reveal, only the dashboards hear
    of it. After it, open pages show it at once, and it sends `question_revealed` once more.
    """
    if choice is None or isinstance(choice, str):
        command = _command(SetCorrect, choice=choice)
    else:
        command = _command(SetCorrect, choices=list(choice))
    _step(user, course, command)


def close_round(*, user: User, course: Course | str) -> None:
    """Close the vote that is open, be it the first or the second one on the question.

    Choices that students have not sent count, too. Open pages send them within `CLOSE_GRACE`
    seconds, and the function returns after the close. In a transaction of yours the vote closes at
    once, with the choices that pages have sent until then.

    Raises PermissionDenied for one who does not lead the course, and IllegalTransition where no
    vote is open or it is closing already. Open pages take no more votes.
    """
    _step(user, course, StopVote(uuid=uuids.uuid4().hex))


def reveal(*, user: User, course: Course | str) -> None:
    """Show the right answer and the votes to the class, once a vote is closed.

    Raises PermissionDenied for one who does not lead the course, and IllegalTransition while a
    vote is open, the class discusses, or no question runs. Open pages show the answer and the
    votes of both rounds. Sends `question_revealed`.
    """
    _step(user, course, Reveal(uuid=uuids.uuid4().hex))


def post_message(
    *, user: User, course: Course | str, text: str, room: str | None = None, uuid: str | None = None
) -> str:
    """Post a text as a user, and return the id of the message.

    room: the id of a room of the course that the user is in; by default that of the whole course.
    uuid: your name for the message, up to 64 characters. A text that comes again under it, from
    the same user for the same room, is not stored twice.

    Raises PermissionDenied for a user who is not in the course or is muted, InvalidRoom for a room
    that the user is not in, EmptyText and TextTooLong (4000 characters), RateLimited where a slow
    room makes the student wait, and UuidReused where the uuid belongs to another text. The rates
    that bound what a browser may send do not count here. Open pages show the message at once.
    Sends `message_posted`.
    """
    name = uuids.uuid4().hex if uuid is None else uuid
    if not 1 <= len(name) <= 64 or "\0" in name + text:
        raise InvalidMessageFormat("A uuid has from 1 to 64 characters, and no text has U+0000.")
    in_course = permissions.enrolled(user, _slug(course)).course_id
    if room is None:
        place = Room.objects.get(course=in_course, kind=Room.Kind.COURSE)
    else:
        place = permissions.member(user, room).room
        if place.course_id != in_course:
            raise InvalidRoom
    post = messages.Post(user, str(place.pk), name, clean_text(text))
    return str(messages.post_message(post=post).message.id)


def read_results(*, user: User, course: Course | str, question: Question | str) -> Results | None:
    """Return the votes of both rounds and the right answer of a question, as last revealed.

    user: who wants to see them; anyone in the course.

    The result is None until the question was revealed, for instructors, too, and while the class
    is at the question again. Later edits of the question change nothing of it. `Results` has
    `course`, `question`, `prompt`, `kind`, `revealed_at`, `correct` (the right answer: letters, a
    number or a text, or None for a question without a known one), `explanation`, `votes` (of both
    rounds), `choices` and `answers`. Each of the choices has `letter`, `text`, `is_correct` and
    `votes`. The answers are the bars of the result, for questions without choices, too: each has
    `answer`, `is_right` and `votes`. Raises PermissionDenied for a user who is not in the course.
    On open pages nothing changes.
    """
    slug = question.slug if isinstance(question, Question) else question
    return revealed_results(user, _slug(course), slug)


def _command(kind: type[Control], **fields: Any) -> Control:
    """Return a command. Raises InvalidMessageFormat for fields that it cannot have."""
    body = {"action": kind.__struct_config__.tag, "uuid": uuids.uuid4().hex, **fields}
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise InvalidMessageFormat(f"The question is not valid: {error}.") from None


def _step(user: User, course: Course | str, command: Control) -> session.Moved:
    return session.control(user=user, course=_slug(course), command=command)


def _slug(course: Course | str) -> str:
    return course.slug if isinstance(course, Course) else course


def _course(course: Course | str) -> Course:
    if isinstance(course, Course):
        return course
    found = find_course(course)
    if found is None:
        raise InvalidMessageFormat("There is no such course.")
    return found
