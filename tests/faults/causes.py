"""The faults: each is caused for real, and over when its function returns."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults import switches
from tests.faults.place import UP_WITHIN, WORKERS
from tests.faults.run import Outcome, Run


@dataclass(frozen=True)
class Fault:
    """`cause` breaks something and repairs it. `whole_within` are the seconds that the contract
    gives everybody to have everything after that."""

    name: str
    cause: Callable[[Run], Awaitable[None]]
    students: int = 24
    few: int = 12
    """Students in the short form."""
    talk: float = 20.0
    whole_within: float = 60.0
    keeps_sockets: bool = False
    """Whether nobody may lose a connection."""


async def worker_killed(run: Run) -> None:
    """In the middle of a broadcast, without a word."""
    await run.flow(20)
    os.kill(run.fullest_worker(), signal.SIGKILL)
    await run.lost()


async def killed_after_commit(run: Run) -> None:
    """Stored, and nobody has been told yet: neither the others nor the sender."""
    await run.flow(20)
    for _ in range(2):
        run.place.switch_on(switches.KILL)
        await run.until(lambda: not (run.place.switches / switches.KILL).exists(), 20)
        await run.flow(5)


async def redis_restarted(run: Run) -> None:
    await run.flow(20)
    run.place.redis.kill(signal.SIGKILL)
    await _acknowledges(run, 5.0)
    await asyncio.to_thread(run.place.redis.start)


async def redis_frozen(run: Run) -> None:
    await run.flow(20)
    run.place.redis.freeze()
    await _acknowledges(run, 10.0)
    run.place.redis.thaw()


async def _acknowledges(run: Run, seconds: float) -> None:
    """For so long messages must be stored and acknowledged as if nothing was."""
    before = run.acknowledged
    await asyncio.sleep(seconds)
    done = run.acknowledged - before
    # Half of what is said as a rule leaves room for chance.
    if done < run.talk * seconds / 2:
        run.found.append(f"{done} messages were acknowledged in {seconds:g} s")


async def events_dropped(run: Run) -> None:
    run.place.switch_on(switches.DROPPING)
    try:
        await run.flow(100)
    finally:
        run.place.switch_off(switches.DROPPING)


async def postgres_restarted(run: Run) -> None:
    await run.flow(20)
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(run.place.postgres.kill, signal.SIGQUIT)
    await asyncio.sleep(random.uniform(0.5, 2))
    await asyncio.to_thread(run.place.postgres.start)
    run.unavailable = asyncio.get_running_loop().time() - began


async def postgres_frozen(run: Run) -> None:
    await run.flow(20)
    run.place.postgres.freeze()
    await asyncio.sleep(10)
    run.place.postgres.thaw()
    run.unavailable = 10


FAULTS = (
    Fault("worker-killed", worker_killed),
    Fault("killed-after-commit", killed_after_commit),
    Fault("redis-restarted", redis_restarted, whole_within=5, keeps_sockets=True),
    Fault("redis-frozen", redis_frozen, whole_within=5, keeps_sockets=True),
    Fault("postgres-restarted", postgres_restarted),
    Fault("postgres-frozen", postgres_frozen),
)


async def cause(fault: Fault, run: Run) -> Outcome:
    """Cause a fault in a class that is there, and judge what came of it."""
    before = sum(one.connections for one in run.students)
    await fault.cause(run)
    await run.become_whole(fault.whole_within)
    await run.until(lambda: len(run.site.workers()) == WORKERS, UP_WITHIN)
    await run.flow(10)
    outcome = await run.settle()
    after = sum(one.connections for one in run.students)
    if fault.keeps_sockets and after > before:
        outcome.violations.append(f"{after - before} sockets were closed")
    return outcome
