"""Exports a course in a process of its own, and tells what it took.

`python -m tests.benchmarks.memory COURSE csv` prints JSON: the rows, the bytes, the seconds, and
the memory before and at most, in MB.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")


def measured(course: str, format_: str) -> dict[str, Any]:
    """Return the figures of an export by another process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", course, format_],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    django.setup()
    # These need the apps that the call above loads.
    from rooms.actions.exports import begin
    from rooms.api import course_zip
    from rooms.models import Enrollment
    from rooms.peer.export_tables import TABLES

    slug, format_ = sys.argv[1:]
    lead = Enrollment.objects.select_related("user").get(course__slug=slug, role="instructor")
    counted = {"rows": 0}
    for name in ("rows", "use_log"):
        _count(course_zip, name, counted)
    begun = begin(user=lead.user, course=slug, names=False, research=False, format_=format_)
    before, began = _resident(), time.perf_counter()
    size = sum(map(len, course_zip.CourseZip(begun, "csv" if format_ == "csv" else "jsonl")))
    sys.stdout.write(
        json.dumps(
            {
                "tables": len(TABLES),
                "rows": counted["rows"],
                "megabytes": size / 1e6,
                "seconds": time.perf_counter() - began,
                "before": before,
                "most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _count(module: Any, name: str, counted: dict[str, int]) -> None:
    """Count the rows that a function of the module yields."""
    original = getattr(module, name)

    def counting(*args: Any) -> Any:
        for batch in original(*args):
            counted["rows"] += len(batch)
            yield batch

    setattr(module, name, counting)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


if __name__ == "__main__":
    main()
