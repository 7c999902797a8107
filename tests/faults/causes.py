"""The faults: each is caused for real, and over when its function returns."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

from tests.faults import switches
from tests.faults.checker import CLOCK
from tests.faults.place import UP_WITHIN, WORKERS
from tests.faults.record import Closed
from tests.faults.run import FORGOTTEN_WITHIN, Outcome, Run
from tests.faults.stores import Faulty
from tests.faults.wire import Mute, Proxy
from tests.pace import patient
from tests.running import alive
from tests.servers import ROOT

BACK_WITHIN = patient(5.0)
"""Seconds after which everything is as before when PostgreSQL is back."""
TURN = 0.1
"""Seconds in which a throttled server runs and stands still once."""
HOURS = (-30, -5, -1, 1, 5, 30)
"""Hours by which the clocks of clients are wrong."""


@dataclass(frozen=True)
class Fault:
    """`cause` breaks something and repairs it. `students` take part, `few` in the short form, and
    `mutes` more that it connects itself; all together say `talk` messages in a second."""

    name: str
    cause: Callable[[Run], Awaitable[None]]
    students: int = 24
    few: int = 12
    mutes: int = 0
    talk: float = 20.0
    whole_within: float = 60.0
    """The seconds that the contract gives everybody to have everything when it is over."""
    undisturbed: bool = False
    """True if no connection may end, and every answer must come as without the fault."""


async def worker_killed(run: Run) -> None:
    """Kill a worker in the middle of a broadcast. Its sockets must soon count as offline."""
    victim = run.fullest_worker()
    others = run.site.workers() - {victim}
    await run.flow(20)
    async with frozen(others):
        mutes = await connect_mutes(run)
    await run.until_online(set(run.mutes), online=True)
    os.kill(victim, signal.SIGKILL)
    await run.lost()
    for mute in mutes:
        mute.close()


async def killed_after_commit(run: Run) -> None:
    """Kill a worker between the commit of a message and its first notice, even to the sender."""
    await run.flow(20)
    for _ in range(2):
        await run.switch(switches.KILL)
        await run.flow(5)


async def cut_in_commit(run: Run) -> None:
    """Cut a worker's connection in a commit, so that it cannot know whether the data is stored."""
    await run.flow(20)
    for _ in range(3 if run.brief else 10):
        await run.switch(random.choice((switches.CUT_BEFORE, switches.CUT_AFTER)))
        await run.flow(5)


async def redis_restarted(run: Run) -> None:
    await run.flow(20)
    run.place.redis.kill(signal.SIGKILL)
    await asyncio.sleep(5)
    await asyncio.to_thread(run.place.redis.start)


async def redis_frozen(run: Run) -> None:
    await run.flow(20)
    run.place.redis.freeze()
    await asyncio.sleep(5 if run.brief else 10)
    run.place.redis.thaw()


async def events_dropped(run: Run) -> None:
    """Drop events until the run ends: nobody may depend on the arrival of a later event."""
    run.place.switch_on(switches.DROPPING)
    await run.flow(100)


async def postgres_restarted(run: Run) -> None:
    """Stop PostgreSQL at once, with every connection cut; start it after some seconds."""
    await run.flow(20)
    began = time.monotonic()
    await asyncio.to_thread(run.place.postgres.kill, signal.SIGQUIT)
    await asyncio.sleep(4 if run.brief else 8)
    await asyncio.to_thread(run.place.postgres.start)
    await _database_is_back(run, began)


async def postgres_frozen(run: Run) -> None:
    await run.flow(20)
    began = time.monotonic()
    run.place.postgres.freeze()
    await asyncio.sleep(5 if run.brief else 10)
    run.place.postgres.thaw()
    await _database_is_back(run, began)


async def postgres_saturated(run: Run) -> None:
    """Give PostgreSQL a twentieth of its time, so that it stores less than is posted."""
    await run.flow(20)
    began = time.monotonic()
    async with throttled(run.place.postgres, 0.05):
        await asyncio.sleep(5 if run.brief else 10)
    await _database_is_back(run, began)


async def redis_saturated(run: Run) -> None:
    """Have others publish as much as Redis takes."""
    await run.flow(20)
    flood = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.flood", str(run.place.redis.socket), cwd=ROOT
    )
    try:
        await asyncio.sleep(5 if run.brief else 10)
        if flood.returncode is not None:
            run.found.append(f"the flood ended with {flood.returncode}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            flood.kill()
        await flood.wait()


async def _database_is_back(run: Run, since: float) -> None:
    """Note the end of the fault, and wait until the waiting messages are stored."""
    run.repaired = time.monotonic()
    run.unavailable = run.repaired - since + BACK_WITHIN
    waiting = {uuid for student in run.students for uuid in student.pending}
    await run.until(
        lambda: not any(waiting & one.pending.keys() for one in run.students), patient(30)
    )


async def slow_readers(run: Run) -> None:
    """Send slow readers more than buffers hold: only they are closed, the others notice nothing."""
    await run.flow(20)
    before = await asyncio.to_thread(run.closed_with, 4429)
    mutes = await connect_mutes(run)
    # Else pings close them first where the data comes slowly.
    lives = [asyncio.create_task(mute.show_life(1.0)) for mute in mutes]
    for student in run.students:
        student.padding = "🙂" * 3900
    await run.until_figure(lambda: run.closed_with(4429) - before == len(mutes), patient(60))
    for student in run.students:
        student.padding = ""
    await run.until_figure(lambda: run.open_sockets() == len(run.students) + 1, patient(30))
    for life in lives:
        life.cancel()
    for mute in mutes:
        mute.close()


async def half_open(run: Run) -> None:
    """Let connections pass on nothing any more, though nobody has closed them.

    Half the class notices by pings of its own and comes back; others are gone for good, and the
    server notices.
    """
    async with Proxy(run.site.socket_url) as proxy:
        moved = run.students[::2]
        for student in moved:
            student.go_through(proxy.url, ping=1.5)
        await run.until(lambda: all(one.connections == 2 for one in moved), patient(30))
        await run.until(lambda: all(one.ready.is_set() for one in moved), patient(30))
        mutes = await connect_mutes(run)
        await run.until_online(set(run.mutes), online=True)
        await run.flow(20)
        proxy.swallow()
        await run.lost()
        await run.until(lambda: all(one.connections >= 3 for one in moved), patient(30))
        await run.until_figure(
            lambda: run.open_sockets() == len(run.students) + 1, FORGOTTEN_WITHIN
        )
        for student in moved:
            student.go_through(run.site.socket_url)
        await run.until(lambda: all(one.connections >= 4 for one in moved), patient(30))
    for mute in mutes:
        mute.close()


async def all_reconnect(run: Run) -> None:
    """All connections are cut at once, and all clients come back at once."""
    await run.flow(20)
    for student in run.students:
        student.hurry = True
        student.cut()
    await run.lost()


async def rolling_restart(run: Run) -> None:
    """Restart the workers with SIGHUP while everybody talks. Some worker answers at any time."""
    await run.flow(20)
    before = run.site.workers()
    closed = {student.name: len(student.record.of(Closed)) for student in run.students}
    os.kill(run.site.pid, signal.SIGHUP)
    await run.until(lambda: not any(map(alive, before)), patient(90))
    for student in run.students:
        for entry in student.record.of(Closed)[closed[student.name] :]:
            if isinstance(entry, Closed) and entry.code != 4503:
                run.found.append(f"{student.name}: was closed with {entry.code}")
        if student.unreachable:
            run.found.append(f"{student.name}: reached nobody {student.unreachable} times")


async def wrong_clocks(run: Run) -> None:
    """Send the clients' own time in every possible place: the site must not store it."""
    posted = 0
    while posted < (6 if run.brief else 30):
        hours = random.choice(HOURS)
        if random.random() < 0.5:
            sender, token, broadcast = run.cast.instructor_name, run.cast.instructor, True
        else:
            sender, token = random.choice(list(run.cast.students.items()))
            broadcast = False
        text = f"{sender} is {hours} hours off, {posted}"
        began = time.time()
        answer = await asyncio.to_thread(
            post,
            f"{run.site.url}api/peer/messages/",
            token,
            {
                "type": "text",
                "message": text,
                "course_name": run.cast.course,
                "div_id": "",
                "broadcast": broadcast,
                "time": began + 3600 * hours,
            },
        )
        if "error_code" in answer:
            if answer["error_code"] != "no_partner":
                run.found.append(f"a peer message was refused: {answer}")
            await asyncio.sleep(0.05)
            continue
        posted += 1
        stored = await asyncio.to_thread(run.ledger.message, answer["room"], answer["seq"])
        if stored is None or (stored.sender, stored.text) != (sender, text):
            run.found.append(f"{text}: acknowledged, and {stored} is stored")
        elif not began - CLOCK <= stored.created <= time.time() + CLOCK:
            run.found.append(f"{text}: stored as of {stored.created}")


def post(url: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a POST; return its answer, whatever its status is."""
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=patient(20)) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        answer = json.load(error)
    return answer


async def connect_mutes(run: Run) -> list[Mute]:
    url = f"{run.site.socket_url}/ws/chat/"
    return list(await asyncio.gather(*(Mute.open(url, token) for token in run.mutes.values())))


@contextlib.asynccontextmanager
async def frozen(workers: set[int]) -> AsyncIterator[None]:
    """Stop these workers for the time of the `with` block, so that they accept no connection."""
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def throttled(server: Faulty, share: float) -> AsyncIterator[None]:
    """Let a server run for this share of the time only."""

    async def alternate() -> None:
        try:
            while True:
                server.freeze()
                await asyncio.sleep(TURN * (1 - share))
                server.thaw()
                await asyncio.sleep(TURN * share)
        finally:
            server.thaw()

    turns = asyncio.create_task(alternate())
    try:
        yield
    finally:
        turns.cancel()
        await asyncio.wait([turns])


FAULTS = (
    Fault("worker-killed", worker_killed, mutes=3),
    Fault("killed-after-commit", killed_after_commit),
    Fault("cut-in-commit", cut_in_commit),
    Fault("redis-restarted", redis_restarted, whole_within=patient(5), undisturbed=True),
    Fault("redis-frozen", redis_frozen, whole_within=patient(5), undisturbed=True),
    Fault("half-the-events-dropped", events_dropped, undisturbed=True),
    Fault("postgres-restarted", postgres_restarted, whole_within=BACK_WITHIN),
    Fault("postgres-frozen", postgres_frozen, whole_within=BACK_WITHIN),
    Fault("postgres-saturated", postgres_saturated, talk=100, whole_within=BACK_WITHIN),
    Fault("redis-saturated", redis_saturated, talk=100, whole_within=patient(5), undisturbed=True),
    Fault("slow-readers", slow_readers, few=8, mutes=20, talk=40, undisturbed=True),
    Fault("half-open", half_open, mutes=3),
    Fault("all-reconnect", all_reconnect, students=500, few=60, talk=10),
    Fault("rolling-restart", rolling_restart),
    Fault("wrong-clocks", wrong_clocks, undisturbed=True),
)


async def cause(fault: Fault, run: Run) -> Outcome:
    """Cause a fault in a class that is there, and judge what came of it."""
    try:
        await _cause(fault, run)
    except TimeoutError as error:
        where = traceback.extract_tb(error.__traceback__)
        steps = " < ".join(f"{one.name}:{one.lineno}" for one in reversed(where))
        run.found.append(f"something did not happen in time: {steps}")
    try:
        return await run.settle()
    finally:
        for name in switches.ALL:
            run.place.switch_off(name)


async def _cause(fault: Fault, run: Run) -> None:
    connections = run.connections
    began = time.time()
    await fault.cause(run)
    await run.become_whole(fault.whole_within)
    if fault.undisturbed:
        run.found += run.disturbances(began)
        if run.connections > connections:
            run.found.append(f"{run.connections - connections} sockets were closed")
    await run.until_online(set(run.mutes), online=False)
    await run.until(lambda: len(run.site.workers()) == WORKERS, UP_WITHIN)
    await run.flow(10)
