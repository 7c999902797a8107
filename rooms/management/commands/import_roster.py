"""Brings the people of a list into a course."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts import mail, people
from rooms.actions.roster import import_roster, invite
from rooms.models import Course, Invitation
from rooms.peer.sheets import decoded
from rooms.process import invitations
from rooms.queries.roster import Plan, plan, read, waiting
from rooms.queries.slugs import find_course
from rooms.wire.errors import PeerError


class Command(BaseCommand):
    help = (
        "Enrols the people of a list as students, and makes accounts for those who have none. It "
        "prints what happens to each line. If a line cannot be done, nothing is, and the exit "
        "code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="slug of the course")
        parser.add_argument(
            "file", help="CSV or text with names and e-mail addresses; - for standard input"
        )
        parser.add_argument("--dry-run", action="store_true", help="only print what would happen")
        parser.add_argument(
            "--remove-missing",
            action="store_true",
            help="take out students whom an earlier list brought and who are not in this one",
        )
        parser.add_argument(
            "--invite",
            metavar="URL",
            help="send invitations by e-mail, with links that begin with the address of the site",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        course = find_course(options["course"])
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        if options["invite"]:
            _check_site(options["invite"])
        text, remove = decoded(_read(options["file"])), options["remove_missing"]
        try:
            lines = read(text)
            if options["dry_run"]:
                done = plan(course, lines, remove_missing=remove)
            else:
                done = import_roster(course=course, lines=lines, remove_missing=remove)
        except PeerError as error:
            raise CommandError(error.message) from None
        self._tell(done)
        if not done.is_possible:
            failed = f"{len(done.refused)} lines" if done.lines else "the list names nobody, so it"
            raise CommandError(f"Nothing was changed: {failed} cannot be imported.")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed (--dry-run).")
        elif options["invite"]:
            self._invite(course, options["invite"].rstrip("/"))
        elif left := len(waiting(course)):
            self.stdout.write(
                f"{left} have no password yet: invite them on the page of the roster."
            )

    def _tell(self, done: Plan) -> None:
        for planned in done.lines:
            who = planned.name or planned.address or planned.username or planned.line.text[:80]
            self.stdout.write(f"{planned.line.number}: {who}: {planned.sentence}")
        for enrollment in done.removed:
            self.stdout.write(f"-: {people.shown_name(enrollment.user)}: Is removed.")

    def _invite(self, course: Course, site: str) -> None:
        due = [one.user.pk for one in waiting(course) if one.is_due(again=False)]
        made = invite(course=course, kind=Invitation.Kind.MAIL, users=due)
        letters = [
            invitations.Letter(one, site + reverse("peerchat:invitation", args=[one.secret]))
            for one in made
        ]
        failed = invitations.send(letters, course=course, sender="", language=None)
        self.stdout.write(f"Invitations sent: {len(made) - len(failed)}.")
        if failed:
            raise CommandError(f"{len(failed)} invitations were not sent: {failed[0]}")


def _check_site(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise CommandError("--invite must be like https://peerchat.example.edu.")
    if not mail.is_on():
        raise CommandError("This site sends no e-mail: set EMAIL_URL.")


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
