"""`manage.py delete_courses`: deletes the courses whose deletion was asked for and is due."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from rooms.actions import course_deletion
from rooms.models import Message, Vote
from rooms.queries import care


class Command(BaseCommand):
    help = "Shows which courses are to be deleted now. With --yes, deletes them for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it, and do not only show it")

    def handle(self, *args: Any, **options: Any) -> None:
        due = list(care.due_deletions(timezone.now()))
        for one in due:
            slug = one.course.slug
            if not options["yes"]:
                messages = Message.objects.filter(room__course=one.course).count()
                votes = Vote.objects.filter(round__session__course=one.course).count()
                self.stdout.write(f"{slug} ({messages} messages, {votes} votes)")
            elif course_deletion.delete(deletion=one):
                self.stdout.write(f"{slug}: deleted")
        if not due:
            self.stdout.write("Nothing is due.")
        elif not options["yes"]:
            self.stdout.write("Nothing was changed. Repeat it with --yes to do it.")
