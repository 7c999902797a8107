"""Prints what a rehearsal finds."""

from django.core.management.base import BaseCommand


class Printed:
    """Prints steps and checks, and counts the checks."""

    def __init__(self, command: BaseCommand) -> None:
        self.current = ""
        self.checks = 0
        self.failed = 0
        self._out = command.stdout
        self._style = command.style

    def begin(self, step: str) -> None:
        self.current = step

    def step(self, step: str, seconds: float, note: str) -> None:
        self._write(f"{step:<16}{seconds:7.2f} s   {note}")

    def check(self, claim: str, holds: bool, found: str) -> None:
        self.checks += 1
        self.failed += not holds
        word = self._style.SUCCESS("ok    ") if holds else self._style.ERROR("FAILED")
        self._write(f"  {word}  {claim}: {found}")

    def _write(self, line: str) -> None:
        self._out.write(line)
        self._out.flush()
