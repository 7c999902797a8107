"""Removes pictures that no question needs any more."""

from typing import Any

from django.core.management.base import BaseCommand

from rooms.actions import pictures


class Command(BaseCommand):
    help = (
        f"Removes pictures of questions that no question cites for {pictures.UNUSED_FOR.days} "
        "days, and files that belong to no picture. It may run at any time."
    )

    def handle(self, **options: Any) -> None:
        removed, files = pictures.tidy()
        print(f"Removed {removed} unused pictures and {files} files that were left behind.")
