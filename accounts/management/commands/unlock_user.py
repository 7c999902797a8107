"""Unlocks usernames on the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import lockout


class Command(BaseCommand):
    help = (
        "Forgets the wrong passwords for each username, so that its user can log in again. Workers "
        "that saw the last ones let one try a second pass."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("usernames", nargs="+", metavar="username")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["usernames"]:
            found = "forgotten" if lockout.unlock(name) else "none"
            self.stdout.write(f"Wrong passwords for {name}: {found}.")
