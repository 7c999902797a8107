"""Runs benchmarks: all of them, which writes docs/benchmarks.md and docs/scaling.md, or those that
are named, which prints the same. Exits with 1 where a goal was missed."""

import argparse
import os
import signal
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
django.setup()

# These need the apps that the call above loads.
from tests.benchmarks import report, scaling, term  # noqa: E402
from tests.benchmarks.benchmark import Result  # noqa: E402
from tests.benchmarks.rows import BENCHMARKS  # noqa: E402
from tests.benchmarks.sides import Settings  # noqa: E402


def main() -> int:
    names = [one.name for one in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(names)}")
    parser.add_argument("--runs", type=int, default=5, help="of everything in turn (default 5)")
    parser.add_argument("--warm-up", type=float, default=1, help="seconds (default 1)")
    parser.add_argument("--seconds", type=float, default=2.5, help="of measuring (default 2.5)")
    parser.add_argument("--only", metavar="TEXT", help="only entries whose title has this text")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    # So that the servers under way are stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings = Settings(options.warm_up, options.seconds)
    others = os.getloadavg()[0]
    wanted = [one for one in BENCHMARKS if not options.names or one.name in options.names]
    began = time.monotonic()
    entries = {
        one.name: [
            entry for entry in one.entries() if not options.only or options.only in entry.title
        ]
        for one in wanted
    }
    runs: dict[str, dict[str, list[Any]]] = {
        one.name: {entry.title: [] for entry in entries[one.name]} for one in wanted
    }
    for number in range(1, options.runs + 1):
        for one in wanted:
            for entry in entries[one.name]:
                measured = entry.measure(settings)
                runs[one.name][entry.title].append(measured)
                figures = ", ".join(
                    f"{figure.name} {figure.text(figure.value(measured))}" for figure in one.figures
                )
                sys.stderr.write(f"run {number}, {one.name}, {entry.title}: {figures}\n")
    how = (
        f"{options.runs} runs, each of everything in turn, each with a server of its own, measured "
        f"for {options.seconds:g} s after {options.warm_up:g} s of warm-up; "
        f"{(time.monotonic() - began) / 60:.0f} minutes in all. Figures are medians, and in "
        "brackets the least and the most. A ratio is taken within each run."
    )
    results = [Result(one, runs[one.name]) for one in wanted]
    is_good = True
    if options.only:
        return 0
    if options.names:
        sys.stdout.write(report.text_of(results, how, others) + "\n")
    else:
        report.write(results, how, others)
        scaling.write()
        # Last, as it fills the tables with millions of rows.
        text, is_good = term.measure()
        term.write(text)
    met = (
        goal.met(result.outcome(goal).median)
        for result in results
        for goal in result.benchmark.goals
    )
    return 0 if all(met) and is_good else 1


if __name__ == "__main__":
    sys.exit(main())
