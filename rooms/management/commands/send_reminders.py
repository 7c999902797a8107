"""Sends the reminders of released questions that are due."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from accounts import mail
from rooms.conf import limits
from rooms.process.reminders import send_all


class Command(BaseCommand):
    help = (
        "Sends e-mails about questions outside class to students who asked for them, as the "
        "workers of a site with SITE_URL do by themselves. Nobody is reminded twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "site",
            nargs="?",
            metavar="URL",
            help="the address of the site, which links begin with; by default SITE_URL",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        site = options["site"] or limits["SITE_URL"]
        parts = urlsplit(site)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
            raise CommandError("The address must be like https://peerchat.example.edu.")
        if not mail.is_on():
            raise CommandError("This site sends no e-mail: set EMAIL_URL.")
        sent, failed = send_all(site)
        self.stdout.write(f"Reminders sent: {sent}.")
        if failed:
            raise CommandError(f"{failed} reminders were not sent; the log says why.")
