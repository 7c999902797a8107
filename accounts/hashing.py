"""Runs password hashes a few at a time, in threads of their own, in a fair order.

A hash costs more than all the rest of a log-in. In a rush each log-in waits here for its turn, and
holds no database connection. Whatever would wait too long is told when to come back.

Nobody knows before the hash whether a password is right. So usernames without recent failures come
first, and guesses at usernames that nobody has are hashed last: a flood of them gets what others
leave.

Neither the answer nor its time must show whether an account exists. So each log-in waits for its
turn, and is refused where that would come too late, whether or not somebody has the username. A
turn for nobody takes no time, so a flood takes none from a class. Then a wrong password, like a
username that nobody has, waits at the end of the queue before it is told; where there is no time
for its hash, it is told as late as there could have been.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar, overload

from django.contrib.auth.hashers import make_password, verify_password
from django.core.exceptions import PermissionDenied
from django.db import connections

from accounts import metrics
from accounts.conf import limits

T = TypeVar("T")

WAITING = 300
"""The number of passwords that may wait for their hash in a process."""
LONGEST_WAIT = 5.0
"""Seconds within which a hash must begin. Passwords that would wait longer are refused."""
LATEST_RETURN = 60.0
"""The longest time in seconds until a refused log-in may return."""
NICENESS = 5
"""The niceness of the threads, so that hashes use the CPU that a class leaves, where the system
supports it."""
FIRST_GUESS = 0.05
"""The expected seconds of a hash before the first one was measured."""

_INSIDE, _LAST = -1, sys.maxsize
"""The ranks of users who are already logged in and of unknown usernames."""


class Busy(PermissionDenied):
    """Too many passwords wait for their hash; `seconds` is when to try again.

    Django takes a PermissionDenied of a backend for a failed log-in, which `accounts.lockout` then
    answers.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many people are logging in.")
        self.seconds = seconds


@dataclass(slots=True)
class Door:
    """A request that tries to log in.

    `device` is the id of the browser where the user has logged in there before. `failures` is how
    often this username failed from the source lately, `flood` the seconds until there may be
    another wrong password from the address. `busy_for` is set where the log-in is refused, to the
    seconds until it may come back.
    """

    username: str
    address: str | None
    failures: int = 0
    device: str | None = None
    flood: float = 0.0
    busy_for: float = 0.0
    came: float = field(default_factory=time.monotonic)

    @property
    def source(self) -> str | None:
        """Return the source of failures: the browser if it is known, else the address."""
        return self.device or self.address


_door: ContextVar[Door | None] = ContextVar("door", default=None)


def stand_at(door: Door | None) -> None:
    """Set the log-in for which this thread checks its next password; None for no log-in."""
    _door.set(door)


def is_log_in() -> bool:
    """Return whether this thread checks its next password for a log-in."""
    return _door.get() is not None


def _leave() -> Door | None:
    door = _door.get()
    _door.set(None)
    return door


def check(password: str | None, encoded: str) -> tuple[bool, str]:
    """Return whether the password matches, and a new hash if the old one is outdated.

    The new hash is empty if there is nothing to renew. Raises Busy at a door.
    """
    door = _leave()
    if door is None:
        return queue().run(partial(_check, password, encoded), None, _INSIDE)
    correct, renewed = _take_turn(partial(_check, password, encoded), door)
    if not correct and queue().waiting:
        _guess(password, door)
    return correct, renewed


def make(password: str) -> str:
    """Return the hash of a new password. At a door it is useless, as the username is unknown there.

    Raises Busy at a door.
    """
    door = _leave()
    if door is None:
        return queue().run(partial(make_password, password), None, _INSIDE)
    _take_turn(None, door)
    _guess(password, door)
    return make_password(None)


@overload
def _take_turn(job: None, door: Door) -> None: ...
@overload
def _take_turn(job: Callable[[], T], door: Door) -> T: ...
def _take_turn(job: Callable[[], T] | None, door: Door) -> T | None:
    """Run the job when it is the turn of the door. Raises Busy, and notes it at the door."""
    release_connections()
    try:
        return queue().run(job, door, door.failures)
    except Busy as busy:
        door.busy_for = busy.seconds
        metrics.REFUSED.inc()
        raise


def _guess(password: str | None, door: Door) -> None:
    """Take as long as a wrong password does."""
    try:
        queue().run(partial(make_password, password or ""), door, _LAST)
    except Busy:
        # How soon it was refused depends on how long the turn took, which an account makes longer.
        time.sleep(max(door.came + LONGEST_WAIT - time.monotonic(), 0.0))


def _check(password: str | None, encoded: str) -> tuple[bool, str]:
    correct, outdated = verify_password(password, encoded)
    return correct, make_password(password) if correct and outdated else ""


def release_connections() -> None:
    """Close the database connections of this thread, except those in a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block and connection.autocommit:
            connection.close()


@dataclass(slots=True)
class _Entry:
    job: Callable[[], Any] | None
    door: Door | None
    rank: int
    came: float
    round: int = 0
    result: Future[Any] = field(default_factory=Future)

    @property
    def place(self) -> tuple[int, int, float]:
        """Return the sort key. The entry with the least one has its turn first."""
        return self.rank, self.round, self.came

    @property
    def flow(self) -> tuple[str | None, bool]:
        """Return the key of the flow: the address, and True for the guesses of a flood."""
        return self.door.address if self.door else None, self.rank == _LAST


class Queue:
    """Jobs that wait for some threads. Within a rank the addresses take turns."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._entries: list[_Entry] = []
        # The rounds that the flows of guesses (True) and the other flows (False) have reached.
        self._rounds = {True: 0, False: 0}
        self._seconds = FIRST_GUESS
        # The time at which the next refused log-in may come back.
        self._promised = 0.0
        for number in range(threads):
            threading.Thread(target=self._work, name=f"hash-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Return the number of waiting jobs."""
        return len(self._entries)

    @overload
    def run(self, job: None, door: Door | None, rank: int) -> None: ...
    @overload
    def run(self, job: Callable[[], T], door: Door | None, rank: int) -> T: ...
    def run(self, job: Callable[[], T] | None, door: Door | None, rank: int) -> T | None:
        """Run the job in a thread when its turn comes, and return the result.

        Without a door it is never refused. None waits for a turn like a job, and delays nobody.
        Raises Busy if the turn would come too late, and the exception of the job.
        """
        now = time.monotonic()
        entry = _Entry(job, door, rank, door.came if door else now)
        with self._changed:
            self._enter(entry)
            self._refuse_late(now)
            self._changed.notify()
        if door is not None:
            try:
                entry.result.exception(max(door.came + LONGEST_WAIT - now, 0.0))
            except TimeoutError:
                self._give_up(entry)
        result: T | None = entry.result.result()
        return result

    def _enter(self, entry: _Entry) -> None:
        door = entry.door
        if door is not None and entry.rank != _LAST:
            # Guesses at one username that come together rank as if they came one after the other.
            entry.rank += sum(
                other.door is not None
                and (other.door.username, other.door.source) == (door.username, door.source)
                for other in self._entries
            )
        flow = entry.flow
        last = max(
            (other.round for other in self._entries if other.flow == flow and other.job), default=0
        )
        entry.round = max(self._rounds[flow[1]], last) + 1
        self._entries.append(entry)
        metrics.HASH_QUEUE.inc()

    def _refuse_late(self, now: float) -> None:
        """Put the entries in order, and refuse those whose turn would come too late."""
        self._entries.sort(key=lambda entry: entry.place)
        kept: list[_Entry] = []
        late: list[_Entry] = []
        ahead = 0
        for entry in self._entries:
            begins = now + ahead * self._seconds / self._threads
            in_time = begins <= entry.came + LONGEST_WAIT or entry.rank == _LAST
            fits = entry.door is None or (in_time and ahead < WAITING)
            (kept if fits else late).append(entry)
            ahead += fits and entry.job is not None
        self._entries = kept
        for entry in late:
            metrics.HASH_QUEUE.dec()
            entry.result.set_exception(self._busy(entry, now))

    def _give_up(self, entry: _Entry) -> None:
        """Take the entry out of the queue and raise Busy, unless the job has begun."""
        with self._changed:
            if entry in self._entries:
                self._entries.remove(entry)
                metrics.HASH_QUEUE.dec()
                raise self._busy(entry, time.monotonic())

    def _busy(self, entry: _Entry, now: float) -> Busy:
        """Return the refusal with a time to come back.

        Each job gets a time of its own, at which the threads are done with the others. Turns
        without a job get the next such time, and do not postpone it.
        """
        pace = self._seconds / self._threads
        jobs = sum(other.job is not None for other in self._entries)
        promised = max(self._promised, now + jobs * pace) + pace
        latest = now + LATEST_RETURN
        promised = min(promised, latest)
        if entry.job is not None and entry.rank != _LAST:
            self._promised = promised
        wait = promised - now
        if promised == latest:
            wait = random.uniform(LATEST_RETURN / 2, LATEST_RETURN)
        return Busy(max(wait, random.uniform(1.0, 2.0)))

    def _work(self) -> None:
        _step_back()
        while True:
            self._run_next()

    def _run_next(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._entries)
            entry = self._entries.pop(0)
            metrics.HASH_QUEUE.dec()
            if entry.job is None:
                entry.result.set_result(None)
                return
            self._rounds[entry.rank == _LAST] = entry.round
        began = time.monotonic()
        try:
            result = entry.job()
        except BaseException as error:
            entry.result.set_exception(error)
        else:
            entry.result.set_result(result)
        now = time.monotonic()
        metrics.HASH_SECONDS.observe(now - began)
        with self._changed:
            self._seconds += (now - began - self._seconds) / 4
            self._refuse_late(now)


def _step_back() -> None:
    """Give this thread less CPU than the other threads of its process."""
    if sys.platform != "linux":
        # On other systems this would set the priority of the whole process.
        return
    # A container may forbid it, and hashes at the usual priority are better than none.
    with suppress(OSError):
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(own + NICENESS, 19))


@cache
def queue() -> Queue:
    """Return the queue of this process."""
    return Queue(limits["HASH_THREADS"])


# Threads do not survive a fork: the child starts its own.
os.register_at_fork(after_in_child=queue.cache_clear)
