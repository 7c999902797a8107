"""Makes the course and the people of a rehearsal in the database, and removes them."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from accounts import people, tokens
from accounts.people import User
from rooms.actions import joining, rehearsals
from rooms.actions.enrollment import enroll
from rooms.actions.question_edits import store_contents
from rooms.models import Choice, ClassSettings, Connection, Course, Enrollment, Question
from rooms.peer.content import QuestionContent
from rooms.queries.people import head_count

QUESTION = "rehearsal"
LETTERS, RIGHT = "ABCD", "B"
CLOSED_WITHIN = 20.0
"""Seconds that the server has to note that the sockets are closed."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Holds the participants; `students` are tokens by username, `questions` are slugs."""

    course: Course
    users: list[User]
    instructor: str
    students: dict[str, str]
    questions: tuple[str, ...]


@transaction.atomic
def make_cast(slug: str, students: int, contents: Sequence[QuestionContent] = ()) -> Cast:
    """A course with questions, an instructor and students, and a token for each.

    Without `contents` it has one question. With them its students are asked where they are.
    """
    course = Course.objects.create(slug=slug, title=rehearsals.TITLE)
    if contents:
        ClassSettings.objects.create(course=course, asks_place=True, asks_seat=True)
        stored = store_contents(course, contents, drafts=[False] * len(contents))
        questions = tuple(question.slug for question in stored)
    else:
        questions = (_make_question(course),)
    names = rehearsals.usernames(slug, students)
    # They come in by their tokens only.
    unusable = make_password(None)
    users = people.everybody().bulk_create(people.new(name, password=unusable) for name in names)
    enroll(course=course, users=users[:1], role=Enrollment.Role.INSTRUCTOR)
    enroll(course=course, users=users[1:])
    instructor, *others = (tokens.issue(user, name="rehearsal", days=1) for user in users)
    return Cast(course, users, instructor, dict(zip(names[1:], others, strict=True)), questions)


def _make_question(course: Course) -> str:
    question = Question.objects.create(
        course=course, slug=QUESTION, prompt="Which letter is the second one of the alphabet?"
    )
    Choice.objects.bulk_create(
        Choice(question=question, letter=letter, text=letter, is_correct=letter == RIGHT)
        for letter in LETTERS
    )
    return QUESTION


def make_visitors(slug: str, students: int) -> tuple[Cast, str]:
    """A class whose students have a password, the same for all, which nothing but this knows."""
    cast = make_cast(slug, students)
    password = secrets.token_urlsafe()
    everybody = people.everybody().filter(pk__in=[user.pk for user in cast.users])
    everybody.update(password=make_password(password))
    return cast, password


def open_to_guests(cast: Cast) -> str:
    """Return the code by which guests can join the course of a rehearsal."""
    return joining.open_joining(user=cast.users[0], course=cast.course.slug).code


def count_guests(course: Course) -> int:
    """Return how many guests are in a course."""
    try:
        return head_count(course)["guests"]
    finally:
        connection.close()


def forget_sessions(keys: Sequence[str]) -> None:
    """End the sessions that the site made for guests."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(key).delete()


def remove(course: Course) -> int:
    """Remove everything of the rehearsal, once the server is done with its sockets.

    Returns the number of people.
    """
    deadline = time.monotonic() + CLOSED_WITHIN
    users = rehearsals.made_up(course)
    theirs = Connection.objects.filter(user__in=users, closed_at=None)
    while theirs.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return rehearsals.remove_rehearsal(course=course)
