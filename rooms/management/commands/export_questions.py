"""Writes the questions of a course into a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from rooms.queries.question_export import FORMATS, export
from rooms.queries.slugs import find_course
from rooms.wire.errors import PeerError


class Command(BaseCommand):
    help = (
        "Writes the prepared questions of a course, drafts too, into a file or to standard output. "
        "It says on standard error what the format cannot hold."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="slug of the course")
        parser.add_argument("--format", choices=list(FORMATS), required=True)
        parser.add_argument("--output", metavar="FILE", help="the file, which is replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        course = find_course(options["course"])
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        try:
            found = export(course, options["format"])
        except PeerError as error:
            raise CommandError(error.message) from None
        if options["output"]:
            _write(options["output"], found.data)
        else:
            self._print(found.data)
        for question, notes in found.lost:
            self.stderr.write(f"{question.slug}: {' '.join(notes)}", lambda text: text)
        self.stderr.write(f"Questions: {found.count}.", lambda text: text)

    def _print(self, data: bytes) -> None:
        # The wrapper of Django would add a line end of its own.
        out: OutputWrapper = self.stdout
        out.write(data.decode(), ending="")


def _write(name: str, data: bytes) -> None:
    try:
        Path(name).write_bytes(data)
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}.") from None
