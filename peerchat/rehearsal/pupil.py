"""A student with bad habits, who comes late, reloads, is lost, has two tabs and votes late.

Every second student is in the hall, the others are elsewhere.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peerchat.client.reconnecting import Body, ClientError, CommandRefused, ReconnectingSocket
from peerchat.rehearsal.relay import Relay
from rooms.delivery.tasks import Tasks

HABITS = ("steady", "late", "silent", "reload", "lost", "away", "asleep", "tabs", "gone")
"""`silent` students never vote, `away` ones leave for a minute, the phones of `asleep` ones stop
without a word, and `gone` ones never return."""
MINUTE = 60.0
"""Seconds that students are away who leave for a while."""
ASLEEP = (15.0, 60.0)
"""The least and most seconds that a phone sleeps."""
LAST_MOMENT = 0.2
"""Seconds before or after the deadline in which last-minute votes come."""
TABS = 3


@dataclass(slots=True)
class Ballot:
    """Holds a student's votes in one round of a question: the last acknowledged choice, and the
    choices that may or may not have counted."""

    counted: str | None = None
    unsure: set[str] = field(default_factory=set)

    def allows(self, stored: str | None) -> bool:
        """Return whether the database may have this choice."""
        return stored == self.counted or stored in self.unsure


class Findings:
    """Collects the observations of the students of one class."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.numbered = 0
        """The number of snapshots that had a revision."""
        self.late: list[str] = []
        """The number of snapshots that were older than earlier frames of their socket."""
        self.votes: Counter[str] = Counter()
        """Numbers of counted, refused and unsure votes."""
        self.refused: list[str] = []
        """Commands that were refused without a good reason."""


class Tab:
    """A page of a student, with one socket that reconnects."""

    def __init__(self, pupil: "Pupil", url: str) -> None:
        self._pupil = pupil
        # The last revision of the class that the socket received.
        self._told = 0
        self.connected = False
        self.socket = ReconnectingSocket(
            f"{url}/ws/chat/",
            pupil.token,
            on_frame=self._take,
            on_connect=self._connected,
            on_lost=self._dropped,
        )

    async def _connected(self, _: Body) -> None:
        self._told = 0
        self.connected = True
        await self.socket.ask("state", {"course": self._pupil.course}, urgent=True)
        await self._pupil.say_where(self)

    def _dropped(self) -> None:
        self.connected = False

    def _take(self, body: Body, _: str) -> None:
        match body["action"]:
            case "control" | "partners":
                self._told = max(self._told, body.get("revision", 0))
                self._pupil.told(self, body)
            case "state" if body["status"] == "success":
                found = self._pupil.findings
                found.snapshots += 1
                number = body.get("revision")
                if number is not None:
                    found.numbered += 1
                    if number < self._told:
                        found.late.append(f"{self._pupil.name}: {number} after {self._told}")
                self._pupil.told(self, body)


class Pupil:
    """A student of the class in `course`, who is simulated until `leave`.

    `seconds` is the duration of a round. `answers` has the canonical answers that may be given to
    each question, by its slug. `seat` is the student's seat in the hall, or empty for a student
    elsewhere. `rng` decides what the student does and when.
    """

    def __init__(
        self,
        name: str,
        token: str,
        *,
        url: str,
        course: str,
        habit: str,
        answers: Mapping[str, Sequence[str]],
        seat: str,
        seconds: float,
        rng: random.Random,
        findings: Findings,
    ) -> None:
        self.name = name
        self.token = token
        self.course = course
        self.findings = findings
        self.ballots: dict[tuple[str, int], Ballot] = {}
        self._url = url
        self._habit = habit
        self._answers = answers
        self._seat = seat
        self._seconds = seconds
        self._rng = rng
        self._relay = Relay(url)
        self._way = url
        self._tabs: list[Tab] = []
        self._jobs = Tasks()
        self._failures: list[BaseException] = []

    @property
    def is_online(self) -> bool:
        """Return whether the student has a page that receives the class."""
        return any(tab.connected for tab in self._tabs)

    async def come(self) -> None:
        """Start the simulation."""
        self._way = await self._relay.open()
        self._start(self._live())

    async def leave(self) -> None:
        """End the simulation. Raises the exception with which the student failed."""
        await self._jobs.stop()
        await asyncio.gather(*(tab.socket.close() for tab in self._tabs), return_exceptions=True)
        await self._relay.close()
        for failure in self._failures:
            raise failure

    # --- habits ----------------------------------------------------------------------------

    async def _live(self) -> None:
        rng = self._rng
        if self._habit == "late":
            await asyncio.sleep(rng.uniform(0, 4 * self._seconds))
        await self._open()
        while True:
            await asyncio.sleep(rng.uniform(0.3, 2.5) * self._seconds)
            match self._habit:
                case "reload" | "late":
                    await self._reload(rng.uniform(0, 6))
                case "lost":
                    await self._lose()
                    await asyncio.sleep(rng.uniform(2, 30))
                    await self._open()
                case "away":
                    await self._reload(MINUTE)
                case "asleep":
                    await self._lose()
                    await asyncio.sleep(rng.uniform(*ASLEEP))
                    await self._open()
                case "tabs":
                    if len(self._tabs) < TABS and rng.random() < 0.6:
                        await self._open()
                    elif len(self._tabs) > 1:
                        await self._shut(self._tabs[0])
                case "gone":
                    if rng.random() < 0.5:
                        await self._lose()
                    else:
                        await self._reload(None)
                    return

    async def _open(self) -> None:
        tab = Tab(self, self._way if self._habit in ("lost", "asleep", "gone") else self._url)
        self._tabs.append(tab)
        while True:
            try:
                await tab.socket.open()
                return
            except ClientError:
                await asyncio.sleep(1)

    async def _shut(self, tab: Tab) -> None:
        self._tabs.remove(tab)
        tab.connected = False
        await tab.socket.close()

    async def _reload(self, away: float | None) -> None:
        """Close all tabs, and open one after some seconds, or none."""
        for tab in list(self._tabs):
            await self._shut(tab)
        if away is not None:
            await asyncio.sleep(away)
            await self._open()

    async def _lose(self) -> None:
        """Go out of reach, so that the site does not notice that the pages are gone."""
        self._relay.lose()
        await self._reload(None)

    async def say_where(self, tab: Tab) -> None:
        """Say on a page where the student is."""
        place = {"place": "hall", "seat": self._seat} if self._seat else {"place": "elsewhere"}
        with contextlib.suppress(ClientError, TimeoutError):
            await tab.socket.ask("set_place", {"course": self.course, **place}, urgent=True)

    # --- the class -------------------------------------------------------------------------

    def told(self, tab: Tab, body: Body) -> None:
        """Take in the state of the class from an event or a snapshot."""
        if body["action"] != "state" and self._rng.random() < 0.3:
            self._start(self._look(tab))
        question = body.get("question")
        if body.get("phase") not in ("vote", "revote") or question is None:
            return
        if self._habit == "silent":
            return
        key = question["question"], body["round"]
        if key not in self.ballots and body["deadline"] is not None:
            self.ballots[key] = Ballot()
            left = body["deadline"] - body["server_time"]
            self._start(self._vote(key, time.monotonic() + left))

    async def _look(self, tab: Tab) -> None:
        """Ask for a snapshot while the class goes on."""
        with contextlib.suppress(ClientError, TimeoutError):
            await tab.socket.ask("state", {"course": self.course})

    async def _vote(self, key: tuple[str, int], deadline: float) -> None:
        rng = self._rng
        if rng.random() < 0.5:
            moment = deadline + rng.uniform(-LAST_MOMENT, LAST_MOMENT / 2)
        else:
            moment = time.monotonic() + rng.uniform(0, max(deadline - time.monotonic(), 0))
        await asyncio.sleep(max(moment - time.monotonic(), 0))
        answers = self._answers[key[0]]
        choice = rng.choice(answers)
        clicks = 2 if rng.random() < 0.4 else 1
        await asyncio.gather(*(self._click(key, choice) for _ in range(clicks)))
        if rng.random() < 0.3:
            await self._click(key, rng.choice(answers))

    async def _click(self, key: tuple[str, int], choice: str) -> None:
        tab = next((tab for tab in self._tabs if tab.connected), None)
        if tab is None:
            return
        ballot, votes = self.ballots[key], self.findings.votes
        fields: dict[str, Any] = {"course": self.course, "choice": choice}
        fields["question"], fields["round"] = key
        try:
            await tab.socket.ask("vote", fields)
        except CommandRefused as error:
            votes["refused"] += 1
            if error.code != "round_closed":
                self.findings.refused.append(f"{self.name}: {error.code}")
        except (ClientError, TimeoutError):
            # The page was gone before the answer came.
            votes["unsure"] += 1
            ballot.unsure.add(choice)
        else:
            votes["counted"] += 1
            ballot.counted = choice

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        self._jobs.start(job).add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)
