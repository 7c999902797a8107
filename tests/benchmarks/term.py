"""Measures the pages on a term, among a million messages and five million rows of the log.

`python -m tests.benchmarks.term` prints the tables, and exits with 1 where a page takes too long, a
query reads a big table from end to end, or an export takes too much memory. It needs PostgreSQL;
`make bench` puts the tables into docs/benchmarks.md.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
django.setup()

# These need the apps that the call above loads.
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402

from rooms.models import ClassSession, Enrollment, Release, Round  # noqa: E402
from tests.benchmarks import memory, terms  # noqa: E402
from tests.benchmarks.plans import Plan, database_cpu, plans  # noqa: E402
from tests.benchmarks.terms import Made  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"
BEGIN, END = "<!-- term: begin -->", "<!-- term: end -->"
STUDENTS, QUESTIONS, WEEKS = 300, 30, 10
MESSAGES, LOG, VOTES = 1_000_000, 5_000_000, 1_000_000
WITHIN_MS = 300
"""The CPU time that the server may take for a page, with that of the database."""
WITHIN_MB = 64
"""The memory that an export may take beyond what the process had."""
RUNS = 9


@dataclass(frozen=True)
class Page:
    """A page, and who looks at it."""

    name: str
    address: str
    user: Any


def pages(made: Made) -> Iterator[Page]:
    """Return the pages on what came of a course, for a lecturer and for a student."""
    session = ClassSession.objects.filter(course=made.course).earliest("started_at").pk
    student = made.students[0]
    enrolment = Enrollment.objects.get(course=made.course, user=student).pk
    question = made.questions[0].slug
    asked = Round.objects.filter(question=made.questions[0]).earliest("pk").pk
    released = Release.objects.filter(course=made.course).earliest("pk").pk
    for name, user, rest in (
        ("results", made.ines, ()),
        ("results_summary", made.ines, ()),
        ("results_session", made.ines, (session,)),
        ("results_question", made.ines, (question,)),
        ("marks", made.ines, ()),
        ("marks_of", made.ines, (enrolment,)),
        ("releases", made.ines, ()),
        ("release", made.ines, (released,)),
        ("exports", made.ines, ()),
        ("care", made.ines, ()),
        ("my_marks", student, ()),
        ("mine", student, ()),
        ("mine_question", student, (asked,)),
        ("outside", student, ()),
        ("take", student, (released,)),
    ):
        try:
            address = reverse(f"peerchat:{name}", args=(made.course.slug, *rest))
        except NoReverseMatch:
            continue
        yield Page(name, address, user)
        if name == "mine":
            yield Page("mine, a search", f"{address}?q=constant+speed", user)


@dataclass(frozen=True)
class Seen:
    """What a page took: the median time, the CPU time, and the plans of its queries.

    The CPU time is that of the process and that of the database, which other work on the machine
    makes little longer.
    """

    page: Page
    ms: float
    cpu_ms: float
    database_ms: float
    plans: list[Plan]

    @property
    def scanned(self) -> set[str]:
        return {table for plan in self.plans for table in plan.scanned}

    @property
    def is_good(self) -> bool:
        return self.cpu_ms + self.database_ms <= WITHIN_MS and not self.scanned


def look(page: Page, runs: int = RUNS) -> Seen:
    """Ask for a page some times. Raises AssertionError if it is not there."""
    client = Client()
    client.force_login(page.user)

    def ask() -> None:
        answer = client.get(page.address)
        assert answer.status_code == 200, (page.name, answer.status_code)

    ask()
    times, cpu_times, database_times = [], [], []
    for _ in range(runs):
        database_began, cpu_began = database_cpu(), time.process_time()
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
        cpu_times.append(time.process_time() - cpu_began)
        database_times.append(database_cpu() - database_began)
    return Seen(
        page,
        ms=1000 * statistics.median(times),
        cpu_ms=1000 * statistics.median(cpu_times),
        database_ms=1000 * statistics.median(database_times),
        plans=plans(ask),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.term", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows of other courses")
    options = parser.parse_args()
    text, is_good = measure(options.share)
    sys.stdout.write(f"{text}\n")
    if options.write:
        write(text)
    return 0 if is_good else 1


def measure(share: float = 1.0) -> tuple[str, bool]:
    """Make the courses, measure, and return the tables and whether all is within the bounds."""
    call_command("migrate", verbosity=0)
    large = terms.make_others(
        terms.unique("large"), messages=int(MESSAGES * share), log=1000, votes=1000
    )
    # In another course, as the export of the first one is to have a million rows and no more.
    terms.make_others(
        terms.unique("logged"), messages=0, log=int(LOG * share), votes=int(VOTES * share)
    )
    made = terms.make_term(
        terms.unique("term"), students=STUDENTS, questions=QUESTIONS, weeks=WEEKS
    )
    terms.analyze()
    seen = [look(page) for page in pages(made)]
    exports = {
        (course.slug.partition("-")[0], format_): memory.measured(course.slug, format_)
        for course, format_ in (
            (made.course, "csv"),
            (made.course, "jsonl"),
            (large.course, "csv"),
        )
    }
    exporting = plans(lambda: sum(map(len, memory.exported(made.course.slug, "csv"))))
    is_good = (
        all(one.is_good for one in seen)
        and all(one["most"] - one["before"] <= WITHIN_MB for one in exports.values())
        and not any(plan.scanned for plan in exporting)
    )
    return _tables(seen, exports, exporting, share), is_good


def _tables(
    seen: list[Seen],
    exports: dict[tuple[str, str], dict[str, Any]],
    exporting: list[Plan],
    share: float,
) -> str:
    how = (
        f"{STUDENTS} students, {QUESTIONS} questions, each asked twice, in {WEEKS} weeks; beside "
        f"them courses with {MESSAGES * share:,.0f} messages, {VOTES * share:,.0f} votes and "
        f"{LOG * share:,.0f} rows of the use log. Times are those of the server, medians of "
        f"{RUNS}, with the CPU times of the process and of its database. The load average was "
        f"{os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores."
    )
    lines = [
        how,
        "",
        "| page | ms | CPU ms | CPU ms of the database | queries | big tables read whole |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| `{one.page.name}` | {one.ms:.0f} | {one.cpu_ms:.0f}"
        f" | {one.database_ms:.0f} | {len(one.plans)}"
        f" | {', '.join(sorted(one.scanned)) or 'none'} |"
        for one in seen
    ]
    lines += [
        "",
        "| export of | rows | MB | seconds | memory before, MB | more at most, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {course}, {format_} | {one['rows']:,} | {one['megabytes']:.1f}"
        f" | {one['seconds']:.1f} | {one['before']:.0f} | {one['most'] - one['before']:.0f} |"
        for (course, format_), one in exports.items()
    ]
    whole = ", ".join(sorted({table for plan in exporting for table in plan.scanned})) or "none"
    told = f"The export of the term makes {len(exporting)} queries; big tables read whole: {whole}."
    return "\n".join([*lines, "", told])


def write(text: str) -> None:
    """Put the tables into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE} lacks {BEGIN} or {END}"
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
