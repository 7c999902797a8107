"""The people of the site and their course: `python -m tests.inclusion.foreign.cast <step>...`."""

import json
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import django
from django.core.management import call_command

PASSWORD = "all the same"
STUDENTS = ("ada+1/x", "bea", "carl", "dora")
FAMILY = "Byron"


def address(name: str) -> str:
    return f"{name}@river.example"


def called(name: str) -> str:
    """Return the name of the person that others see."""
    return f"{name.partition('+')[0].title()} {FAMILY}"


def make_people() -> None:
    """Make everybody before peerchat came, with rows in tables named like peerchat's."""
    for label in ("rooms", "admin"):
        call_command("migrate", label, verbosity=0)
    from tests.inclusion.foreign.models import Enrollment, Person, Room  # needs the apps

    for name in (*STUDENTS, "ines", "zoe"):
        given = called(name).split()[0]
        person = Person.objects.create_user(
            address(name), PASSWORD, given=given, family=FAMILY, is_staff=name == "ines"
        )
        Enrollment._default_manager.create(user=person)
        if name == "ines":
            person.is_superuser = True
            person.save()
            Room._default_manager.create(name="Great hall", keeper=person)


def come() -> None:
    """Make peerchat's tables."""
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
    call_command("migrate", verbosity=0)


def go() -> dict[str, int]:
    """Remove peerchat's tables. Returns what is left of the site's own."""
    for label in ("peerchat_rooms", "peerchat_accounts"):
        call_command("migrate", label, "zero", verbosity=0)
    return counts()


def make_course() -> dict[str, Any]:
    """Make peerchat's tables, and a course with a question.

    Returns a token for each person and the id of the course's room.
    """
    call_command("migrate", verbosity=0)
    from accounts import people, tokens  # these need the apps
    from rooms.actions.enrollment import enroll  # as does this
    from rooms.models import Choice, Course, Enrollment, Question, Room  # and this

    course = Course.objects.create(slug="physics", title="Physics")
    question = Question.objects.create(course=course, slug="force", prompt="Why?")
    for letter in "AB":
        Choice.objects.create(
            question=question, letter=letter, text=letter, is_correct=letter == "B"
        )
    users = {name: people.find(address(name).upper()) for name in (*STUDENTS, "ines", "zoe")}
    found: dict[str, Any] = {name: user for name, user in users.items() if user is not None}
    enroll(course=course, users=[found["ines"]], role=Enrollment.Role.INSTRUCTOR)
    enroll(course=course, users=[found[name] for name in STUDENTS])
    room = Room.objects.get(course=course)
    return {
        "room": str(room.pk),
        "tokens": {name: tokens.issue(user) for name, user in found.items()},
    }


def change_password() -> list[str]:
    return _save(address("carl"), lambda user: user.set_password("another"))


def deactivate() -> list[str]:
    return _save(address("dora"), lambda user: setattr(user, "is_active", False))


def delete() -> list[str]:
    from accounts import people  # needs the apps

    people.everybody().get(email=address("zoe")).delete()
    return []


def programs() -> list[str]:
    """Run programs that take or make usernames; return what they print."""
    printed = []
    for command in (
        ("issue_token", address("BEA")),
        ("create_demo", "--students", "2"),
        ("issue_token", "student2@example.invalid"),
    ):
        output = StringIO()
        call_command(*command, stdout=output)
        printed.append(output.getvalue())
    return printed


def keys_arrive() -> bool:
    """Return whether another process gets a user's key as this one has it."""
    from accounts import people  # needs the apps
    from rooms.delivery import notices  # as does this, to have the type of the keys

    entry: notices.Entry = notices.Recheck([people.everybody().get(email=address("bea")).pk])
    return notices.unpack(notices.pack("here", "everyone", [entry])) == [entry]


def try_out() -> list[int]:
    """Try the course out; return the numbers of people before it, in it, online there, and after.

    It runs to its end within one transaction, so no worker plays it.
    """
    from django.db import transaction  # needs the settings

    from accounts import people  # needs the apps
    from rooms.actions import bots, tryouts  # as do these
    from rooms.queries.presence import online_students  # and this

    ines = people.everybody().get(email=address("ines"))
    worker = uuid.uuid4()
    found = [people.everybody().count()]
    with transaction.atomic():
        made = tryouts.start(user=ines, course="physics", language="en")
        found.append(people.everybody().count())
        (troupe,) = bots.take_over(worker=worker)
        made.started_at -= timedelta(minutes=1)
        made.save(update_fields=["started_at"])
        assert bots.play(troupe=troupe, worker=worker)
        found.append(len(online_students(made.course)))
        tryouts.end(user=ines, course="physics")
    return [*found, people.everybody().count()]


def counts() -> dict[str, int]:
    """Return how many rows each of the site's own tables has."""
    from tests.inclusion.foreign.models import Enrollment, Person, Room  # needs the apps

    return {model.__name__: model._default_manager.count() for model in (Enrollment, Person, Room)}


def _save(email: str, change: Callable[[Any], object]) -> list[str]:
    """Change a user, and return the signals that told of it."""
    from accounts import models, people  # needs the apps

    told: list[str] = []

    def changed(user: Any, **kwargs: Any) -> None:
        told.append(f"password of {user}")

    def deactivated(user: Any, **kwargs: Any) -> None:
        told.append(f"end of {user}")

    heard = ((models.password_changed, changed), (models.user_deactivated, deactivated))
    for signal, receiver in heard:
        signal.connect(receiver)
    user = people.everybody().get(email=email)
    change(user)
    user.save()
    for signal, receiver in heard:
        signal.disconnect(receiver)
    return told


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps([globals()[step]() for step in sys.argv[1:]]))
