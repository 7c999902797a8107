"""Creates a course for trying peerchat out."""

import secrets
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import people
from rooms.actions.enrollment import enroll
from rooms.conf import group_of_lecturers
from rooms.management.demo import QUESTIONS
from rooms.models import Choice, Course, Enrollment, Question
from rooms.peer.content import LETTERS
from rooms.peer.names import name_of
from rooms.queries.tryouts import simulated_students

# This password is public, so it is for DEBUG only. Otherwise the command makes one up.
PASSWORD = "peerchat"
COURSE = "physics101"
ADMIN = "admin"
# The permissions of an instructor in the admin, by model. The records of a class are read-only.
EDITS: dict[str, tuple[str, ...]] = {
    "course": ("view", "change"),
    "enrollment": ("view", "add", "change", "delete"),
    "question": ("view", "add", "change", "delete"),
    "choice": ("view", "add", "change", "delete"),
}


class Command(BaseCommand):
    help = (
        f"Creates the course {COURSE} with questions, an instructor and the students student1, "
        f"student2 and so on. Existing objects stay unchanged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--students", type=int, default=12, metavar="N", help="number of students (default: 12)"
        )
        parser.add_argument(
            "--admin",
            action="store_true",
            help=f"also create the superuser {ADMIN}, and let the instructor use the admin for "
            "the course; only with DEBUG",
        )

    def handle(self, *, students: int, admin: bool = False, **options: Any) -> None:
        if students < 0:
            raise CommandError("--students must not be negative.")
        if admin and not settings.DEBUG:
            raise CommandError(
                "--admin needs DEBUG, because everybody knows the password. Elsewhere, run "
                "manage.py createsuperuser."
            )
        password = PASSWORD if settings.DEBUG else secrets.token_urlsafe(12)
        names = {"instructor": "Maria Sandoval"}
        names |= {f"student{number}": name_of(number) for number in range(1, students + 1)}
        names = {people.sample_name(name): shown for name, shown in names.items()}
        with transaction.atomic():
            course = make_course()
            made = make_users(names, password)
            enroll_missing(course, names)
            make_lecturer(people.sample_name("instructor"))
            if admin:
                made += make_admin(password)
        self.stdout.write(f"The course {course.slug} ({course.title}) is ready.")
        instructor = self.style.SUCCESS(people.sample_name("instructor"))
        self.stdout.write(f"Instructor: log in as {instructor}.")
        if bots := simulated_students():
            self.stdout.write(
                f"The first click then tries a class out: “Try it with {bots} simulated students”."
            )
        if students:
            first, last = (people.sample_name(f"student{number}") for number in (1, students))
            who = first if students == 1 else f"{first} ... {last}"
            self.stdout.write(f"Students: log in as {self.style.SUCCESS(who)}.")
        if admin:
            self.stdout.write(
                f"Admin: log in as {self.style.SUCCESS(ADMIN)}, or as "
                f"{self.style.SUCCESS('instructor')} for the course."
            )
        accounts = len(names) + admin
        if made or settings.DEBUG:
            self.stdout.write(f"Password for all: {self.style.SUCCESS(password)}")
        if made < accounts:
            self.stdout.write(
                f"({accounts - made} of these accounts already existed and keep their passwords.)"
            )


def make_course() -> Course:
    """Create the course with its questions. An existing course keeps its changes."""
    course, _ = Course.objects.get_or_create(slug=COURSE, defaults={"title": "Physics 101"})
    known = set(course.questions.values_list("slug", flat=True))
    for position, (slug, content) in enumerate(QUESTIONS, start=1):
        if slug in known:
            continue
        question = Question(course=course, slug=slug, position=position)
        question.set_content(content)
        question.save()
        Choice.objects.bulk_create(
            Choice(
                question=question,
                letter=letter,
                text=one.text,
                is_correct=one.is_correct,
                feedback=one.feedback,
            )
            for letter, one in zip(LETTERS, content.choices, strict=False)
        )
    return course


def make_users(names: Mapping[str, str], password: str) -> int:
    """Create the missing users (display names by username) and return their number."""
    known = set(
        people.everybody()
        .filter(**{f"{people.by_name()}__in": names})
        .values_list(people.by_name(), flat=True)
    )
    # All users share one hash, because computing one takes a good part of a second.
    hashed = make_password(password)
    missing = [
        people.new(username, shown=shown, password=hashed)
        for username, shown in names.items()
        if username not in known
    ]
    people.everybody().bulk_create(missing, batch_size=500)
    return len(missing)


def enroll_missing(course: Course, names: Mapping[str, str]) -> None:
    """Enrol the users who are not enrolled yet: `instructor` as instructor, others as students."""
    outside = (
        people.everybody()
        .filter(**{f"{people.by_name()}__in": names})
        .exclude(peerchat_enrollments__course=course)
    )
    instructor = {people.by_name(): people.sample_name("instructor")}
    for role, users in (
        (Enrollment.Role.INSTRUCTOR, outside.filter(**instructor)),
        (Enrollment.Role.STUDENT, outside.exclude(**instructor)),
    ):
        enroll(course=course, users=list(users.order_by("pk")), role=role)


def make_lecturer(username: str) -> None:
    """Let a user make courses, if `LECTURERS` names a group."""
    user, name = people.find(username), group_of_lecturers()
    groups = getattr(user, "groups", None)
    if name is not None and groups is not None:
        groups.add(Group.objects.get_or_create(name=name)[0])


def make_admin(password: str) -> int:
    """Create the superuser, unless it exists, and let the instructor use the admin.

    Returns the number of new accounts.
    """
    name = people.sample_name(ADMIN)
    if people.find(name) is not None:
        return 0
    admin = people.new(name, password=make_password(password), shown="Administrator")
    admin.is_staff = admin.is_superuser = True
    admin.save()
    instructor = people.find(people.sample_name("instructor"))
    assert instructor is not None, "the demo has an instructor"
    instructor.is_staff = True
    instructor.save(update_fields=["is_staff"])
    instructor.user_permissions.set(permissions_of_instructor())
    return 1


def permissions_of_instructor() -> QuerySet[Permission]:
    """Return the permissions to edit a course, its people and questions, and to view the rest."""
    ours = Course._meta.app_label
    allowed = [f"{verb}_{model}" for model, verbs in EDITS.items() for verb in verbs]
    read = [f"view_{model._meta.model_name}" for model in apps.get_app_config(ours).get_models()]
    # The admin finds users by name when they are enrolled.
    meta = get_user_model()._meta
    users = Q(codename=f"view_{meta.model_name}", content_type__app_label=meta.app_label)
    return Permission.objects.filter(
        users | Q(codename__in=[*allowed, *read], content_type__app_label=ours)
    )
