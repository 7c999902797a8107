"""Brings the fixed groups of a list into a course."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people
from rooms.actions.pairing_groups import import_groups
from rooms.peer.sheets import decoded
from rooms.queries.pairing_groups import GroupPlan, plan, read
from rooms.queries.slugs import find_course
from rooms.wire.errors import PeerError


class Command(BaseCommand):
    help = (
        "Gives the students of a course fixed groups, in which they work with each other. It "
        "prints what happens to each line. If a line cannot be done, nothing is, and the exit "
        "code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="slug of the course")
        parser.add_argument(
            "file",
            help="CSV or text with groups and usernames or e-mail addresses; - for standard input",
        )
        parser.add_argument("--dry-run", action="store_true", help="only print what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        course = find_course(options["course"])
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        text = decoded(_read(options["file"]))
        try:
            lines = read(text)
            if options["dry_run"]:
                done = plan(course, lines)
            else:
                done = import_groups(user=None, course=course, lines=lines)
        except PeerError as error:
            raise CommandError(error.message) from None
        self._tell(done)
        if not done.is_possible:
            failed = f"{len(done.refused)} lines" if done.refused else "a list without groups"
            raise CommandError(f"Nothing was changed: {failed} cannot be imported.")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed (--dry-run).")

    def _tell(self, done: GroupPlan) -> None:
        for planned in done.lines:
            who = planned.name or planned.line.text[:80]
            self.stdout.write(f"{planned.line.number}: {planned.group}: {who}: {planned.sentence}")
        for user, group in done.leaving:
            self.stdout.write(f"-: {group}: {people.shown_name(user)}: Leaves the group.")
        for group in done.ended:
            self.stdout.write(f"-: {group}: Ends.")


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
