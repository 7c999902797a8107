"""The memory of a worker through 10,000 connections and 20,000 messages, and of idle sockets.

    python -m tests.fuzz.memory [--connections N] [--messages N] [--idle N ...]

Prints a table, and exits with 1 where something grows.
"""

import argparse
import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

# These need the apps that the call above loads.
from django.core.management import call_command  # noqa: E402

from rooms.actions.enrollment import enroll  # noqa: E402
from rooms.conf import LIMITS as ALL_LIMITS  # noqa: E402
from rooms.models import Course, Membership, Room  # noqa: E402
from tests.fuzz.figures import Figures, grown, own_memory, probed_environment, read  # noqa: E402
from tests.fuzz.traffic import Socket, Traffic  # noqa: E402
from tests.rooms.cast import Person, make_person  # noqa: E402
from tests.running import Site  # noqa: E402

LIMITS = {
    **{one.name: "1000000" for one in ALL_LIMITS if one.name.endswith(("_RATE", "_BURST"))},
    "POLL_LINGER": "1",
    # These sockets do not answer pings.
    "PING_INTERVAL": "3600",
    # One user opens many sockets at once.
    "SOCKETS_PER_USER": "1000",
}
MOST_GROWTH = 0.02
"""The share by which the memory may grow in the second half of a phase."""
MOST_FOR_A_SOCKET = 32 * 1024
LOOKS = 5
"""The number of looks in all of which something must have grown."""
MEGABYTE = 1024 * 1024


def make_people(number: int) -> tuple[Course, list[Person]]:
    """A course with an instructor, who comes first, and so many students."""
    tag = uuid.uuid4().hex[:8]
    course = Course.objects.create(slug=f"memory-{tag}", title="Memory")
    people = [make_person(f"{tag}-{index}", f"Person {index}") for index in range(number + 1)]
    enroll(course=course, users=[people[0].user], role="instructor")
    enroll(course=course, users=[person.user for person in people[1:]])
    return course, people


def make_traffic(site: Site, *, people: int) -> Traffic:
    """A course of so many students, partners in pairs of two."""
    course, [instructor, *students] = make_people(people)
    pairs = []
    for one, other in zip(students[::2], students[1::2], strict=True):
        pairs.append(Room.objects.create(course=course, kind=Room.Kind.PARTNERS, title="Partners"))
        for person in (one, other):
            Membership.objects.create(room=pairs[-1], user=person.user)
    return Traffic(
        site,
        course.slug,
        students,
        instructor,
        str(course.rooms.get(kind=Room.Kind.COURSE).pk),
        [str(room.pk) for room in pairs],
    )


# --- phases -------------------------------------------------------------------------------------


class Table:
    """Prints a row after each part of a phase."""

    COLUMNS = (
        *("phase", "done", "MiB", "objects", "sockets", "tasks", "channels", "Redis", "database"),
    )

    def __init__(self) -> None:
        self._print(self.COLUMNS)

    def add(self, phase: str, done: int, figures: Figures) -> None:
        kinds = figures.instances
        self._print(
            (
                phase,
                str(done),
                f"{figures.memory / MEGABYTE:.1f}",
                str(figures.objects),
                str(kinds.get("peerchat.server.websocket.WebSocketProtocol", 0)),
                str(sum(count for name, count in kinds.items() if "asyncio.Task" in name)),
                str(figures.channels),
                str(figures.redis_connections),
                str(figures.database_connections),
            )
        )

    @staticmethod
    def _print(cells: Sequence[str]) -> None:
        first, *others = cells
        sys.stdout.write(f"{first:<14}" + "".join(f"{cell:>10}" for cell in others) + "\n")
        sys.stdout.flush()


def settled(site: Site, folder: Path) -> Figures:
    """The figures, some seconds after the last socket is gone."""
    time.sleep(3)
    return read(site, folder)


def phase(
    table: Table, site: Site, folder: Path, name: str, work: object, total: int, step: int
) -> list[str]:
    """Do `work` so often; returns what is wrong with the figures."""
    rows = []
    for done in range(0, total + 1, step):
        if done:
            asyncio.run(work(step))  # type: ignore[operator]
        rows.append(settled(site, folder))
        table.add(name, done, rows[-1])
    # Short-lived objects, such as the time limit of a probe, are gone at the next look.
    for _ in range(LOOKS):
        if not (problems := judge(rows[1:])):
            break
        rows[-1] = settled(site, folder)
    return [f"{name}: {problem}" for problem in problems]


def judge(rows: list[Figures]) -> list[str]:
    """Return what grows: memory by its slope in the second half, all counts by any growth.

    A count grows if it is higher at the end than it ever was in the first half: now and then one is
    lower for a moment.
    """
    half = rows[len(rows) // 2 :]
    problems = []
    if len(half) > 2:
        slope = statistics.linear_regression(range(len(half)), [one.memory for one in half]).slope
        growth = slope * (len(half) - 1)
        if growth > MOST_GROWTH * half[0].memory:
            problems.append(f"the memory grew by {growth / MEGABYTE:.1f} MiB in the second half")
    found = [grown(row, rows[-1]) for row in rows[: -len(half)] or rows[:1]]
    for what, (before, after) in found[0].items():
        if all(what in one for one in found):
            problems.append(f"{what}: {before} became {after}")
    return problems


def idle(numbers: Sequence[int]) -> list[str]:
    """Print what an idle socket costs; returns where that is too much."""
    _, [_, *students] = make_people(max(numbers))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Site(folder, env=probed_environment(folder, **LIMITS)) as site:
            return asyncio.run(_idle(site, folder, students, numbers))


async def _idle(
    site: Site, folder: Path, students: Sequence[Person], numbers: Sequence[int]
) -> list[str]:
    [worker] = site.workers()
    problems = []
    sockets: list[Socket] = []

    async def come(person: Person) -> None:
        socket = await Socket.open(site, "/ws/chat/", person.token)
        await socket.until(b'"welcome"')
        sockets.append(socket)

    # The first sockets create things that stay.
    await asyncio.gather(*map(come, students[:20]))
    await asyncio.sleep(3)
    await asyncio.to_thread(read, site, folder)
    before, there = own_memory(worker), len(sockets)
    for number in numbers:
        while len(sockets) < number:
            more = students[len(sockets) : min(len(sockets) + 40, number)]
            await asyncio.gather(*map(come, more))
        await asyncio.sleep(5)
        for socket in sockets:
            socket.connection.data.clear()
        figures = await asyncio.to_thread(read, site, folder)
        each = (own_memory(worker) - before) / (len(sockets) - there)
        sys.stdout.write(
            f"{number} idle sockets: {own_memory(worker) / MEGABYTE:.1f} MiB, "
            f"{each / 1024:.1f} KiB for each, {figures.objects} objects\n"
        )
        sys.stdout.flush()
        if each > MOST_FOR_A_SOCKET:
            problems.append(f"an idle socket takes {each / 1024:.1f} KiB")
    for socket in sockets:
        socket.connection.abort()
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.memory", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--idle", type=int, nargs="*", default=[1000, 2000])
    options = parser.parse_args()
    # Hundreds of sockets; the usual soft limit is 1024.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    call_command("migrate", verbosity=0)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Site(folder, env=probed_environment(folder, **LIMITS)) as site:
            traffic = make_traffic(site, people=40)
            table = Table()
            for what, work, total in (
                ("connections", traffic.visits, options.connections),
                ("messages", traffic.messages, options.messages),
            ):
                problems += phase(table, site, folder, what, work, total, max(total // 10, 1))
            log = site.log.read_text()
            if "Traceback" in log:
                problems.append(log[-2000:])
    if options.idle:
        problems += idle(options.idle)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
