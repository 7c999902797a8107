"""The runtime of a server process: its hub, its writer, its threads and its periodic jobs.

It starts with the first socket and lives as long as the event loop. Every worker runs all the jobs.
The locks of the database make sure that a round, for example, is closed only once.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine, Sequence
from typing import Any

from accounts.people import User
from accounts.together import Together
from rooms.actions.presence import beat_every
from rooms.conf import limits
from rooms.delivery import names, publish
from rooms.delivery.hub import Hub
from rooms.delivery.notices import PresenceChange, Recheck
from rooms.delivery.tasks import Tasks
from rooms.process.deadlines import (
    DEADLINE_EVERY,
    EARLY_EVERY,
    SEAT_EVERY,
    Deadlines,
    EarlyCloses,
    Phases,
    Seating,
)
from rooms.process.drain import close_sockets
from rooms.process.figures import REFRESH_EVERY, Figures
from rooms.process.night import END_EVERY, LOOK_EVERY, Night
from rooms.process.partners import Partners
from rooms.process.periodic import repeat
from rooms.process.polling import Polls
from rooms.process.presence import FORGET_EVERY, Heartbeat, Presence
from rooms.process.pseudonyms import Pseudonyms
from rooms.process.reminders import REMIND_EVERY, Reminders
from rooms.process.revalidation import EXPIRED_EVERY, Revalidation
from rooms.process.screens import REFRESH_EVERY as REFRESH_SCREENS_EVERY
from rooms.process.screens import Screens
from rooms.process.silence import Silence, look_every
from rooms.process.threads import Threads
from rooms.process.tryouts import PLAY_EVERY, TryOuts
from rooms.process.writer import Writer
from rooms.queries import missed
from rooms.queries.rooms import Entry, entries
from rooms.wire.errors import PeerError

STOP_WITHIN = 2.5
"""Seconds that stopping may take after the sockets are closed; each step has `STEP_WITHIN`."""
STEP_WITHIN = 1.0


class Runtime:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.worker = uuid.uuid4()
        # The jobs that are finished before the process ends, and the duties that run until then.
        self._jobs = Tasks()
        self._duties = Tasks()
        self._drained = False
        self.threads = threads = Threads(limits["DB_THREADS"])
        # Looks up tokens from an address that sent many wrong ones, one after another.
        self.one_thread = Threads(1)
        # What the sockets of a class that arrives need is read together.
        self.entries = Together(self._entries)
        self.writer = writer = Writer()
        # The hub calls the objects below, and they call the hub. It is created first, because it
        # makes no calls before the next turn of the event loop.
        self.hub = hub = Hub(
            fetch=self._fetch,
            compare=self._compare,
            compare_every=limits["COMPARE_EVERY"],
            on_changed=lambda entry: self._changed(entry.audience, votes=entry.votes),
            on_seen=self._seen,
            on_recheck=self._recheck,
            on_restored=self._restored,
            on_late=self._late,
        )
        self.outgoing = publish.Outgoing(hub)
        self.revalidation = Revalidation(hub=hub, threads=threads)
        self.silence = Silence(hub=hub, writer=writer, background=self.background)
        self.polls = Polls(
            worker=self.worker, writer=writer, threads=threads, background=self.background
        )
        self.figures = Figures(hub=hub, threads=threads, tasks=self._duties)
        self.screens = Screens(hub=hub, threads=threads, tasks=self._duties)
        self.partners = Partners(hub=hub, threads=threads, tasks=self._duties)
        self.pseudonyms = Pseudonyms(hub=hub, threads=threads)
        self.presence = Presence(hub=hub, threads=threads, on_changed=self._changed)
        self.try_outs = TryOuts(worker=self.worker)
        self._heartbeat = Heartbeat(
            worker=self.worker,
            threads=threads,
            on_beat=self._beaten,
            on_unattended=self.attend_to_try_outs,
        )
        phases = Phases()
        self._deadlines = Deadlines(phases=phases)
        self._early = EarlyCloses(threads=threads, phases=phases, is_idle=self._is_idle)
        self._seating = Seating(
            worker=self.worker,
            silence=self.silence,
            phases=phases,
            is_idle=self._is_idle,
            is_steady=self._heartbeat.is_steady,
        )
        self._night = Night(threads=threads)
        self._reminders = Reminders()
        publish.attach(self.outgoing)
        self._begin_duties()

    def _is_idle(self) -> bool:
        return not self.hub.connections and self.polls.is_idle() and self.try_outs.is_idle()

    # --- what the hub calls ----------------------------------------------------------------

    def _changed(self, audience: str, *, votes: bool = False) -> None:
        if names.is_screens(audience):
            self.screens.changed(audience)
        else:
            self.figures.changed(audience, votes=votes)

    def _seen(self, entry: PresenceChange) -> None:
        self.presence.seen(entry)

    def _recheck(self, entry: Recheck) -> None:
        self.revalidation.recheck(entry)

    def _restored(self) -> None:
        self.revalidation.check_soon()

    def _late(self, channel_group: str, audience: str) -> None:
        self.partners.missed(channel_group, audience)

    async def _entries(self, users: Sequence[User]) -> Sequence[Entry]:
        return await self.threads.run(entries, users, limits["ROOMS_PER_SOCKET"])

    async def _fetch(self, audience: str, after: int, limit: int) -> list[tuple[int, list[bytes]]]:
        missing = await self.threads.run(missed.frames_after, audience, after, limit)
        channel_group = self.hub.group_of(audience)
        if missing.revision and channel_group is not None:
            self.hub.revisions.hear(channel_group, missing.revision)
        if missing.partners and channel_group is not None:
            self.partners.missed(channel_group)
        return missing.rows

    async def _compare(self, known: dict[str, int], within: float) -> missed.Compared:
        return await self.threads.run(missed.compare, known, within)

    # --- jobs ------------------------------------------------------------------------------

    def background(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a job that outlives the socket that started it."""
        return self._jobs.start(job)

    def attend_to_try_outs(self) -> None:
        """Play the simulated students of try-outs that no worker plays."""
        self.background(self.try_outs.take_over())

    def _begin_duties(self) -> None:
        for job, every in (
            (self._deadlines.close_due_rounds, DEADLINE_EVERY),
            (self._early.close_early_rounds, EARLY_EVERY),
            (self._seating.seat_students, SEAT_EVERY),
            (self._heartbeat.beat, beat_every()),
            (self._heartbeat.mind_the_dead, beat_every()),
            (self._heartbeat.forget_closed, FORGET_EVERY),
            (self._night.look, LOOK_EVERY),
            (self._night.end, END_EVERY),
            (self._reminders.send_due, REMIND_EVERY),
            (self.try_outs.play, PLAY_EVERY),
            (self.silence.look, look_every()),
            (self.figures.refresh, REFRESH_EVERY),
            (self.screens.refresh, REFRESH_SCREENS_EVERY),
            (self.revalidation.check_all, limits["RECHECK_EVERY"]),
            (self.revalidation.check_expired, EXPIRED_EVERY),
        ):
            self._duties.start(repeat(job, every), name=job.__qualname__)
        interval = limits["PRESENCE_INTERVAL"]
        self._duties.start(repeat(self.presence.tell, interval, rest=True), name="Presence.tell")

    async def _end_duties(self) -> None:
        await self._duties.stop(STEP_WITHIN)
        self._deadlines.stop()
        self._seating.stop()
        self._reminders.stop()
        await self.try_outs.stop()
        await self._heartbeat.stop()

    def _beaten(self, silent: frozenset[uuid.UUID]) -> None:
        self.silence.agree(silent)
        self.polls.agree(silent)

    # --- the end ---------------------------------------------------------------------------

    async def drain(self) -> None:
        """Answer running commands and waiting requests, and close the sockets.

        See `close_sockets`.
        """
        self._drained = True
        self.hub.release_waiting()
        await close_sockets(self.hub)
        await self.polls.stop(STEP_WITHIN)

    async def stop(self) -> None:
        """Drain, unless that is done, finish the running jobs, then stop.

        This takes at most `STOP_WITHIN` seconds after draining, even if a service does not answer.
        """
        if not self._drained:
            await self.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._jobs.finish(STEP_WITHIN)
                await self._step(self.writer.stop())
                await self._step(self.revalidation.stop())
                await self._step(self._end_duties())
                await self.outgoing.idle(STEP_WITHIN)
                await self.hub.stop()
        self._jobs.cancel()
        publish.detach(self.outgoing)
        self.outgoing.stop()
        self.threads.stop()
        self.one_thread.stop()

    @staticmethod
    async def _step(job: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(TimeoutError, PeerError):
            await asyncio.wait_for(job, STEP_WITHIN)


_current: Runtime | None = None


def current() -> Runtime:
    """Return the runtime of this process, and start it if needed. Call it from the event loop."""
    global _current
    if _current is None or _current.loop is not asyncio.get_running_loop():
        _current = Runtime()
    return _current


async def attend_to_try_outs() -> None:
    """Do as `Runtime.attend_to_try_outs` in this process, also if nobody has a socket here yet."""
    current().attend_to_try_outs()


async def stop() -> None:
    """Stop the runtime of this process, if there is one."""
    global _current
    if _current is not None and _current.loop is asyncio.get_running_loop():
        # Until it has stopped, `current` must return this runtime and not start a new one.
        await _current.stop()
        _current = None


async def drain() -> None:
    """Close the sockets of this process in an orderly way, if there are any."""
    if _current is not None and _current.loop is asyncio.get_running_loop():
        await _current.drain()
