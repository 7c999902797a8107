"""Actions that create courses and their questions."""

import string
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max

from rooms import permissions
from rooms.models import Choice, Course, Question
from rooms.queries.course_names import RESERVED
from rooms.wire.errors import InvalidMessageFormat


@transaction.atomic
def create_course(*, slug: str, title: str) -> Course:
    """Make a course with its room.

    Raises InvalidMessageFormat for a slug or a title that a course cannot have, and for a slug
    that another course has.
    """
    course = Course(slug=slug, title=title)
    if slug in RESERVED:
        raise InvalidMessageFormat("slug: This address is that of another page.")
    _check(course)
    course.save(force_insert=True)
    return course


@transaction.atomic
def add_question(
    *,
    course: Course,
    slug: str,
    prompt: str,
    choices: Sequence[str],
    correct: str,
    position: int | None = None,
) -> Question:
    """Add a question to a course: the choices get the letters A, B, C ... in their order.

    `correct` is the letter of the right choice. The question comes last, or at `position`. Raises
    InvalidMessageFormat for a slug that another question of the course has, for texts that are
    empty or too long, for fewer than 2 or more than 26 choices, and where `correct` is the letter
    of none. Raises CourseArchived.
    """
    # If two callers add the same slug at once, the second finds the first one's.
    permissions.in_use(Course.objects.select_for_update(no_key=True).get(pk=course.pk))
    letters = string.ascii_uppercase[: len(choices)]
    if not 2 <= len(choices) <= len(string.ascii_uppercase):
        raise InvalidMessageFormat("A question needs between 2 and 26 choices.")
    if len(correct) != 1 or correct not in letters:
        raise InvalidMessageFormat(f"`correct` must be a letter from A to {letters[-1]}.")
    if position is None:
        last = course.questions.aggregate(last=Max("position"))["last"]
        position = 0 if last is None else last + 1
    question = Question(course=course, slug=slug, prompt=prompt, position=position)
    _check(question)
    question.save(force_insert=True)
    made = [
        Choice(question=question, letter=letter, text=text, is_correct=letter == correct)
        for letter, text in zip(letters, choices, strict=True)
    ]
    for choice in made:
        _check(choice)
    Choice.objects.bulk_create(made)
    return question


def _check(item: models.Model) -> None:
    if any("\0" in value for value in vars(item).values() if isinstance(value, str)):
        raise InvalidMessageFormat("No text has U+0000.")
    try:
        item.full_clean()
    except ValidationError as error:
        wrong = [f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        raise InvalidMessageFormat(" ".join(wrong)) from None
