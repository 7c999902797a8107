"""Brings the questions of a file into a course."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rooms.actions.question_import import import_questions
from rooms.conf import limits
from rooms.formats.detect import FORMATS
from rooms.queries import question_import as queries
from rooms.queries.question_import import Plan
from rooms.queries.slugs import find_course
from rooms.wire.errors import PeerError


class Command(BaseCommand):
    help = (
        "Adds the questions of a file to a course, as the last ones. It prints what happens to "
        "each question. Those that the course has already are left alone. If a question cannot be "
        "taken, the others are, and the exit code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="slug of the course")
        parser.add_argument("file", help="the file; - for standard input")
        parser.add_argument(
            "--format", choices=list(FORMATS), default="", help="the format, if it is not found out"
        )
        parser.add_argument("--dry-run", action="store_true", help="only print what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        course = find_course(options["course"])
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        name = options["file"]
        try:
            source = queries.read(_read(name), name=Path(name).name, format=options["format"])
            if options["dry_run"]:
                plan = queries.plan(course, source)
            else:
                plan = import_questions(course=course, source=source).plan
        except PeerError as error:
            raise CommandError(error.message) from None
        self._tell(plan)
        if options["dry_run"]:
            self.stdout.write("Nothing was changed (--dry-run).")
        else:
            self.stdout.write(f"New questions: {len(plan.new)}.")
        if plan.refused:
            raise CommandError(f"{len(plan.refused)} questions cannot be taken.")

    def _tell(self, plan: Plan) -> None:
        for planned in plan.questions:
            name = planned.item.name or f"question {planned.number}"
            told = " ".join([planned.sentence, *planned.notes])
            self.stdout.write(f"{planned.line or '-'}: {name}: {told}")


def _read(name: str) -> bytes:
    # No more than what tells that it is too much.
    most = limits["UPLOAD_BYTES"] + 1
    try:
        if name == "-":
            return sys.stdin.buffer.read(most)
        with Path(name).open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
