"""Makes tokens on the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import tokens
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Makes a new token for each user and prints them, one a line, in the order of the names. "
        "They cannot be shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("usernames", nargs="+", metavar="username")
        parser.add_argument("--name", default="", help="what the tokens are for")
        parser.add_argument(
            "--days", type=int, default=90, help="for how many days they are valid (default: 90)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("--days must be at least 1.")
        if len(options["name"]) > 100:
            raise CommandError("--name must have at most 100 characters.")
        names: list[str] = options["usernames"]
        users = {user.username: user for user in User.objects.filter(username__in=names)}
        if unknown := [name for name in names if name not in users]:
            raise CommandError(f"There is no user {', '.join(unknown)}.")
        if inactive := [name for name in names if not users[name].is_active]:
            raise CommandError(f"Not active, so a token would not work: {', '.join(inactive)}.")
        with transaction.atomic():
            made = [
                tokens.issue(users[name], name=options["name"], days=options["days"])
                for name in names
            ]
        for token in made:
            self.stdout.write(token)
