"""Makes courses with their people: `python -m tests.faults.cast <students> ...`, a course for each.

A process of its own, since the tests have another database. Prints the casts as JSON.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

QUESTIONS = 30
"""Questions of a course: no run asks one twice, so that a round has a name."""
LETTERS = "ABCD"


@dataclass(frozen=True)
class Cast:
    """A course. `instructor` is a token, `students` are tokens by username."""

    course: str
    course_room: str
    open_room: str
    instructor_name: str
    instructor: str
    students: dict[str, str]


def make(number: int, students: int) -> Cast:
    # Django is set up by then.
    from django.contrib.auth.hashers import make_password

    from accounts import tokens
    from accounts.models import User
    from rooms.actions.enrollment import enroll
    from rooms.models import Choice, Course, Enrollment, Membership, Question, Room

    course = Course.objects.create(slug=f"course{number}", title=f"Course {number}")
    for index in range(QUESTIONS):
        question = Question.objects.create(course=course, slug=f"q{index}", prompt=f"{index}?")
        Choice.objects.bulk_create(
            Choice(question=question, letter=letter, text=letter, is_correct=letter == "B")
            for letter in LETTERS
        )
    names = [f"c{number}-teacher", *(f"c{number}-s{index}" for index in range(students))]
    unusable = make_password(None)
    users = User.objects.bulk_create(User(username=name, password=unusable) for name in names)
    enroll(course=course, users=users[:1], role=Enrollment.Role.INSTRUCTOR)
    enroll(course=course, users=users[1:])
    room = Room.objects.create(course=course, kind=Room.Kind.OPEN, title="Help")
    Membership.objects.bulk_create(Membership(room=room, user=user) for user in users[1:])
    issued = [tokens.issue(user) for user in users]
    return Cast(
        course=course.slug,
        course_room=str(Room.objects.get(course=course, kind=Room.Kind.COURSE).pk),
        open_room=str(room.pk),
        instructor_name=names[0],
        instructor=issued[0],
        students=dict(zip(names[1:], issued[1:], strict=True)),
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
    # Only now, as this module is also imported where Django has other settings.
    import django
    from django.db import transaction

    django.setup()
    from rooms.models import Course  # a model, so after the set-up

    before = Course.objects.count()
    with transaction.atomic():
        casts: list[dict[str, Any]] = [
            asdict(make(before + index, int(students)))
            for index, students in enumerate(sys.argv[1:], start=1)
        ]
    json.dump(casts, sys.stdout)


if __name__ == "__main__":
    main()
