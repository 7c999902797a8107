"""`manage.py apply_retention`: anonymises or deletes the data of courses whose time has come."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from rooms.actions import audit, retention
from rooms.models import Message, Vote
from rooms.queries import care
from rooms.wire.errors import PeerError


class Command(BaseCommand):
    help = "Shows which courses' data is kept no longer. With --yes, anonymises or deletes it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it, and do not only show it")
        parser.add_argument("--course", default="", help="only the course with this slug")

    def handle(self, *args: Any, **options: Any) -> None:
        due = [
            one
            for one in care.due_retentions(timezone.localdate())
            if options["course"] in ("", one.course.slug)
        ]
        for one in due:
            course = one.course
            told = f"{course.slug}: {one.afterwards}, since {retention.due_on(one)}"
            if not options["yes"]:
                students = care.people_to_anonymise(course).count()
                messages = Message.objects.filter(room__course=course).count()
                votes = Vote.objects.filter(round__session__course=course).count()
                counted = f"{students} people, {messages} messages, {votes} votes"
                self.stdout.write(f"{told} ({counted})")
                continue
            try:
                people, gone = retention.apply(retention=one)
            except PeerError as error:
                self.stderr.write(f"{course.slug}: {error}")
                continue
            self.stdout.write(f"{told}: {people} people anonymised, {gone} messages deleted")
        old = 0 if options["course"] else audit.prune() if options["yes"] else audit.outdated()
        if old:
            self.stdout.write(f"Entries of the audit that are too old: {old}")
        if not due and not old:
            self.stdout.write("Nothing is due.")
        elif not options["yes"]:
            self.stdout.write("Nothing was changed. Repeat it with --yes to do it.")
