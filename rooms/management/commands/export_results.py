"""Writes who answered what in a course, for scripts."""

import csv
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils import timezone

from rooms.actions import audit
from rooms.actions.export_keys import export_key
from rooms.api.export import csv_safe
from rooms.peer.codes import code
from rooms.queries.result_rows import ResultRow, Results, Totals
from rooms.queries.slugs import find_course, find_question

COLUMNS = (
    *("username", "email", "name", "question", "where", "asked_at"),
    *("first", "second", "right", "participated"),
)
TOTAL = "*"
"""Stands for all questions in the rows with the totals. It is no slug."""


class Command(BaseCommand):
    help = (
        "Writes a CSV with a row for each student and question: username, e-mail, name, question, "
        "where (class or outside), when, first and second answer, whether the last one was right "
        f"(1, 0 or empty) and whether the student answered (1 or 0). Rows of the question {TOTAL} "
        "at the end have the totals of the students: first and second answers, right ones, and "
        "questions answered. In classes whose lecturers know no names, codes stand for the people."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="slug of the course")
        parser.add_argument("--csv", metavar="FILE", help="the file, which is replaced")
        parser.add_argument("--question", metavar="SLUG", help="only this question")
        parser.add_argument("--since", type=_day, metavar="DAY", help="asked on this day or later")
        parser.add_argument("--until", type=_day, metavar="DAY", help="asked on this day or before")

    def handle(self, *args: Any, **options: Any) -> None:
        course = find_course(options["course"])
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        question = None
        if options["question"]:
            question = find_question(course, options["question"])
            if question is None:
                raise CommandError(f"The course has no question {options['question']}.")
        until = options["until"]
        secret = export_key(course)
        results = Results(
            course,
            code=lambda user, session: code(secret, user, session),
            question=None if question is None else question.pk,
            since=_begin(options["since"]),
            until=None if until is None else _begin(until + timedelta(days=1)),
        )
        audit.record(actor=None, act="export.results", course=course, detail="names")
        if not options["csv"]:
            _write(_Lines(self.stdout), results)
            return
        try:
            with Path(options["csv"]).open("w", newline="", encoding="utf-8") as file:
                _write(file, results)
        except OSError as error:
            raise CommandError(f"{options['csv']} cannot be written: {error.strerror}.") from None


def _write(file: "TextIO | _Lines", results: Results) -> None:
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for row in results.rows():
        table.writerow(_cells(row))
    for one in results.totals:
        table.writerow(_total(one))


class _Lines:
    """Writes lines to the output as they are: the wrapper of Django adds ends of its own."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out

    def write(self, line: str) -> None:
        self._out.write(line, ending="")


def _cells(row: ResultRow) -> list[str]:
    return [
        *map(csv_safe, (row.username, row.email, row.name, row.question)),
        row.where,
        row.at.isoformat(timespec="seconds"),
        *map(csv_safe, (row.first, row.second)),
        "" if row.right is None else str(int(row.right)),
        str(int(row.participated)),
    ]


def _total(one: Totals) -> list[str]:
    counts = [str(one.counts[name]) for name in ("first", "second", "right", "participated")]
    return [*map(csv_safe, (one.username, one.email, one.name)), TOTAL, "", "", *counts]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day like 2026-10-31") from None


def _begin(day: date | None) -> datetime | None:
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))
