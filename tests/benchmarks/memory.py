"""Exports a course in a process of its own, and tells what it took.

`python -m tests.benchmarks.memory COURSE csv` prints JSON: the rows, the bytes, the seconds, and
the memory before and at most, in MB.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from rooms.api.course_zip import CourseZip

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


def exported(course: str, format_: str) -> "CourseZip":
    """Begin the export of a course, and return its zip, which is written while it is read."""
    # These need apps that are loaded.
    from rooms.actions.exports import begin
    from rooms.api.course_zip import CourseZip
    from rooms.models import Enrollment

    lead = Enrollment.objects.select_related("user").get(course__slug=course, role="instructor")
    begun = begin(user=lead.user, course=course, names=False, research=False, format_=format_)
    return CourseZip(begun, "csv" if format_ == "csv" else "jsonl")


def main() -> None:
    django.setup()
    # These need the apps that the call above loads.
    from rooms.api import course_zip
    from rooms.peer.export_tables import TABLES

    counted = {"rows": 0}
    for name in ("rows", "use_log"):
        _count(course_zip, name, counted)
    found = exported(*sys.argv[1:])
    before, began = _resident("VmRSS"), time.perf_counter()
    size = sum(map(len, found))
    sys.stdout.write(
        json.dumps(
            {
                "tables": len(TABLES),
                "rows": counted["rows"],
                "megabytes": size / 1e6,
                "seconds": time.perf_counter() - began,
                "before": before,
                "most": _resident("VmHWM"),
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


def _resident(name: str) -> float:
    """Return the memory of this process in MB, now (VmRSS) or at most (VmHWM).

    What `getrusage` calls the most begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
