"""Makes a link that opens a course in a frame."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people
from rooms.conf import limits
from rooms.embed import sign_embed_link
from rooms.queries.slugs import find_course
from rooms.wire.errors import PermissionDenied


class Command(BaseCommand):
    help = (
        "Prints a signed path that opens a course for a user in a frame on another site. It works "
        "once, within ten minutes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("course", help="slug of the course")

    def handle(self, *args: Any, **options: Any) -> None:
        if not limits["EMBED_ANCESTORS"]:
            raise CommandError("Embedding is off. Set EMBED_ANCESTORS to the sites that may embed.")
        try:
            user = people.find(options["username"])
            course = find_course(options["course"])
            if user is None or course is None:
                raise PermissionDenied
            link = sign_embed_link(user, course)
        except PermissionDenied:
            raise CommandError(
                f"No user {options['username']} is enrolled in a course {options['course']}."
            ) from None
        self.stdout.write(link)
