"""Makes tokens on the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import people, tokens


class Command(BaseCommand):
    help = (
        "Creates a token for each user and prints the tokens, one per line, in the order of the "
        "usernames. A token cannot be shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("usernames", nargs="+", metavar="username")
        parser.add_argument("--name", default="", help="what the tokens are for")
        parser.add_argument(
            "--days", type=int, default=90, help="days that the tokens are valid (default: 90)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("--days must be at least 1.")
        if len(options["name"]) > 100:
            raise CommandError("--name must have at most 100 characters.")
        names: list[str] = options["usernames"]
        users = {name: user for name in names if (user := people.find(name)) is not None}
        if unknown := [name for name in names if name not in users]:
            raise CommandError(f"No such user: {', '.join(unknown)}.")
        if inactive := [name for name in names if not users[name].is_active]:
            raise CommandError(f"Inactive users cannot use a token: {', '.join(inactive)}.")
        with transaction.atomic():
            made = [
                tokens.issue(users[name], name=options["name"], days=options["days"])
                for name in names
            ]
        for token in made:
            self.stdout.write(token)
