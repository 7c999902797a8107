"""A class that goes through one question, and checks of the results."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from peerchat.rehearsal.client import (
    Client,
    CommandRefused,
    Denied,
    RehearsalError,
    Reply,
    spread,
)

ARRIVE_WITHIN = 20.0
"""Seconds in which frames must arrive everywhere."""
GATE = 200
"""Handshakes under way at once."""
RATIONALE = "Because of the letter."
SECRETS = ('"correct"', '"is_correct"', '"histograms"', '"transitions"', '"gain"')
"""Texts that no student's frame contains before the reveal."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Holds the participants and their actions. The students' tokens are by username."""

    address: str
    course: str
    question: str
    letters: str
    right: str
    instructor: str
    students: Mapping[str, str]
    messages: int
    """Messages of each student to the partners."""
    pause: float
    """Seconds between two messages of a student."""
    vote_within: float
    """Seconds over which the votes are spread."""
    workers: int | None
    """The number of workers over which the students must be spread; None if it does not matter."""


class Ledger(Protocol):
    """Reads the course from the database. Its methods block, so call them in a thread."""

    def sockets(self) -> list[int]:
        """Return the number of open student sockets of each worker, lowest first."""

    def votes(self, number: int) -> list[tuple[str, str]]:
        """Return the (username, choice) of each vote of a round."""

    def groups(self) -> list[list[str]]:
        """Return the usernames of each partner group."""

    def partner_messages(self) -> dict[str, list[tuple[int, str, str]]]:
        """Return the (number, username, text) of each partner room's messages, in order."""


class Report(Protocol):
    """Receives the steps and the checks."""

    def begin(self, step: str) -> None:
        """Note that a step begins."""

    def step(self, step: str, seconds: float, note: str) -> None:
        """Note that a step is done."""

    def check(self, claim: str, holds: bool, found: str) -> None:
        """Record whether a claim holds, and the finding."""


class Lesson:
    """A class that goes through one question."""

    def __init__(self, plan: Plan, ledger: Ledger, report: Report) -> None:
        self._plan = plan
        self._ledger = ledger
        self._report = report
        self._rng = random.Random()
        self._instructor: Client | None = None
        self._students: dict[str, Client] = {}
        # (message, epoch) of each transition.
        self._told: list[tuple[str, int]] = []
        # The choices of the students in both rounds.
        self._votes: tuple[dict[str, str], dict[str, str]] = ({}, {})

    async def run(self) -> None:
        """Play the class. Raises RehearsalError or TimeoutError if it cannot go on."""
        await self._connect()
        await self._check_sockets()
        await self._control("start_question", "enableVote", question=self._plan.question)
        await self._vote(1)
        await self._control("stop_vote", "stopVote")
        await self._check_votes(1)
        formed = await self._make_partners()
        await self._control("enable_chat", "enableChat")
        await self._check_partners(formed)
        await self._chat()
        await self._check_messages()
        await self._control("start_revote", "enableRevote")
        await self._vote(2)
        await self._control("stop_vote", "stopVote")
        await self._check_votes(2)
        await self._control("reveal", "reveal")
        self._check_secrecy()
        await self._control("next_question", "enableNext")
        self._check_transitions()

    async def close(self) -> None:
        """Close all sockets, the instructor's first, as it receives figures about the others."""
        if self._instructor is not None:
            await self._instructor.close()
        closing = (client.close() for client in self._students.values())
        await asyncio.gather(*closing, return_exceptions=True)

    # --- steps -----------------------------------------------------------------------------

    async def _connect(self) -> None:
        gate = asyncio.Semaphore(GATE)
        address, course = self._plan.address, self._plan.course

        async def come(name: str, token: str) -> float:
            async with gate:
                began = time.perf_counter()
                self._students[name] = await Client.open(f"{address}/ws/chat/", token)
                return time.perf_counter() - began

        with self._step("connect") as notes:
            try:
                self._instructor = await Client.open(
                    f"{address}/ws/instructor/{course}/", self._plan.instructor
                )
            except Denied as error:
                raise RehearsalError(
                    f"{error} Does the server use the database of this command?"
                ) from None
            seconds = await asyncio.gather(*(come(*who) for who in self._plan.students.items()))
            notes.append(f"handshake to welcome {spread(seconds)}")

    async def _control(self, action: str, message: str, **fields: Any) -> None:
        """Send a command of the instructor, and wait until the whole class has its event."""
        with self._step(action) as notes:
            began = time.perf_counter()
            reply = await self._command(action, **fields)
            epoch = reply.body["epoch"]
            self._told.append((message, epoch))
            arrived = await self._everybody(
                lambda client: bool(client.controls) and client.controls[-1]["epoch"] >= epoch
            )
            last = max(arrived, default=began) - began
            notes.append(
                f"reply after {reply.seconds * 1000:.0f} ms, "
                f"the last of {len(arrived)} students informed after {last * 1000:.0f} ms"
            )

    async def _make_partners(self) -> int:
        with self._step("make_partners") as notes:
            reply = await self._command("make_partners")
            formed: int = reply.body["groups"]
            arrived = await self._everybody(
                lambda client: any(room["kind"] == "partners" for room in client.rooms.values())
            )
            notes.append(f"{formed} groups, {len(arrived)} students have a room")
        return formed

    async def _command(self, action: str, **fields: Any) -> Reply:
        assert self._instructor is not None
        if self._told:
            fields["epoch"] = self._told[-1][1]
        return await self._instructor.command(action, **fields)

    async def _vote(self, number: int) -> None:
        first, _ = self._votes
        choices = self._votes[number - 1]
        for name in self._students:
            choices[name] = self._choose(first.get(name))

        async def vote(name: str, client: Client) -> list[float]:
            await asyncio.sleep(self._rng.uniform(0, self._plan.vote_within))
            reply = await client.command(
                "vote",
                course=self._plan.course,
                choice=choices[name],
                confidence=self._rng.randint(1, 5),
                rationale=RATIONALE,
            )
            return [reply.seconds]

        await self._all_do("vote" if number == 1 else "revote", vote)

    def _choose(self, before: str | None) -> str:
        """Choose an answer. About half are right at first, and half of the others are convinced."""
        if before == self._plan.right or self._rng.random() < 0.5:
            return self._plan.right
        return self._rng.choice(self._plan.letters.replace(self._plan.right, ""))

    async def _chat(self) -> None:
        pause = self._plan.pause

        async def talk(name: str, client: Client) -> list[float]:
            await asyncio.sleep(self._rng.uniform(0, pause))
            seconds = []
            for text in self._texts(name):
                reply = await client.command(
                    "new_message", room=client.partners.get("room", ""), text=text
                )
                seconds.append(reply.seconds)
                await asyncio.sleep(max(pause - reply.seconds, 0))
            return seconds

        await self._all_do("chat", talk)
        with self._step("messages arrive") as notes:
            arrived = await self._everybody(
                lambda client: (
                    len(client.messages[client.partners.get("room", "")])
                    >= self._plan.messages * (1 + len(client.partners.get("partners", ())))
                )
            )
            notes.append(f"{len(arrived)} students have all their messages")

    def _texts(self, name: str) -> list[str]:
        return [f"Message {number} of {name}." for number in range(1, self._plan.messages + 1)]

    async def _all_do(
        self, step: str, job: Callable[[str, Client], Awaitable[list[float]]]
    ) -> None:
        """Let each student do the job, which returns the seconds until the replies came."""
        with self._step(step) as notes:
            results = await asyncio.gather(
                *(job(name, client) for name, client in self._students.items()),
                return_exceptions=True,
            )
            failures = [result for result in results if isinstance(result, BaseException)]
            for failure in failures:
                if not isinstance(failure, CommandRefused | TimeoutError):
                    raise failure
            seconds = [one for result in results if isinstance(result, list) for one in result]
            notes.append(f"{len(seconds)} acks, {spread(seconds)}")
            if failures:
                notes.append(
                    f"{len(failures)} students failed, for example: {failures[0] or 'no reply'}"
                )

    # --- checks ----------------------------------------------------------------------------

    async def _check_sockets(self) -> None:
        students = len(self._students)
        # A socket is recorded after its welcome.
        found: list[int] = []
        deadline = time.monotonic() + ARRIVE_WITHIN
        while sum(found) < students and time.monotonic() < deadline:
            found = await asyncio.to_thread(self._ledger.sockets)
            await asyncio.sleep(0.05)
        shares = f"{sum(found)} of {students}, on workers with {', '.join(map(str, found))}"
        self._report.check("every socket counts as open", sum(found) == students, shares)
        if (workers := self._plan.workers) is not None:
            self._report.check(
                f"the sockets are spread over {workers} worker(s)",
                # The kernel distributes the sockets, and not evenly.
                len(found) == workers and found[0] >= students / workers / 10,
                f"{len(found)} with {', '.join(map(str, found))}",
            )

    async def _check_votes(self, number: int) -> None:
        first, second = self._votes
        cast = self._votes[number - 1]
        stored = await asyncio.to_thread(self._ledger.votes, number)
        figures = (await self._command("figures")).body
        counted = {letter: n for letter, n in figures["histograms"][number - 1].items() if n}
        self._report.check(
            f"every vote of round {number} counts",
            sorted(stored) == sorted(cast.items())
            and figures["votes"][number - 1] == len(cast)
            and counted == dict(Counter(cast.values())),
            f"{len(cast)} cast, {len(stored)} stored, {figures['votes'][number - 1]} in the "
            f"figures ({', '.join(f'{letter} {n}' for letter, n in sorted(counted.items()))})",
        )
        if number == 1:
            online = figures["online"]
            self._report.check(
                "every student is online", online == len(cast), f"{online} of {len(cast)}"
            )
            return
        moves = Counter(f"{self._word(first[name])}_{self._word(second[name])}" for name in first)
        shown = {name: n for name, n in (figures["transitions"] or {}).items() if n}
        self._report.check(
            "the figures show the changed votes",
            shown == dict(moves),
            ", ".join(f"{name} {n}" for name, n in sorted(shown.items())),
        )

    def _word(self, choice: str) -> str:
        return "right" if choice == self._plan.right else "wrong"

    async def _check_partners(self, formed: int) -> None:
        await self._everybody(lambda client: bool(client.partners))
        first, _ = self._votes
        groups = await asyncio.to_thread(self._ledger.groups)
        sizes = Counter(map(len, groups))
        self._report.check(
            "every student has a partner",
            sorted(name for group in groups for name in group) == sorted(self._students)
            and len(groups) == formed
            and min(sizes, default=0) >= 2,
            ", ".join(f"{n} groups of {size}" for size, n in sorted(sizes.items())),
        )
        right = {
            name: sorted((other, first[other]) for other in group if other != name)
            for group in groups
            for name in group
        }
        told = sum(
            sorted((p["username"], p["choice"]) for p in client.partners.get("partners", ()))
            == right.get(name)
            for name, client in self._students.items()
        )
        self._report.check(
            "every student received the partners and their answers",
            told == len(self._students),
            f"{told} of {len(self._students)}",
        )
        differing = sum(len({first[name] for name in group}) > 1 for group in groups)
        # Each such group needs a member who did not give the most frequent answer.
        most_frequent = max(Counter(first.values()).values())
        possible = min(len(groups), len(first) - most_frequent)
        self._report.check(
            "as many groups as possible have different answers",
            differing == possible,
            f"{differing} of {len(groups)}, {possible} possible",
        )

    async def _check_messages(self) -> None:
        stored = await asyncio.to_thread(self._ledger.partner_messages)
        rows = [(name, text) for messages in stored.values() for _, name, text in messages]
        sent = [(name, text) for name in self._students for text in self._texts(name)]
        self._report.check(
            "every message is stored once",
            sorted(rows) == sorted(sent),
            f"{len(sent)} expected, {len(rows)} stored",
        )
        right = 0
        for client in self._students.values():
            course_room = client.welcome["courses"][0]["room"]
            seen = {
                room: [(m["seq"], m["user"]["username"], m["text"]) for m in messages]
                for room, messages in client.messages.items()
                if messages and room != course_room
            }
            mine = client.partners.get("room", "")
            right += seen == {room: stored[room] for room in (mine,) if room in stored}
        self._report.check(
            "exactly the partners see each message, once and in order",
            right == len(self._students),
            f"{right} of {len(self._students)} students saw the right messages",
        )

    def _check_secrecy(self) -> None:
        early = told = 0
        for client in self._students.values():
            for text in client.texts:
                if text.startswith('{"action":"control"') and '"message":"reveal"' in text:
                    told += '"correct"' in text and '"histograms"' in text
                    break
                early += any(secret in text for secret in SECRETS)
        self._report.check(
            "the answer arrived with the reveal and not before",
            early == 0 and told == len(self._students),
            f"{early} early frames, {told} of {len(self._students)} students got the answer",
        )

    def _check_transitions(self) -> None:
        assert self._instructor is not None
        everybody = [self._instructor, *self._students.values()]
        right = sum(
            [(event["message"], event["epoch"]) for event in client.controls] == self._told
            for client in everybody
        )
        begin, end = self._told[0][1], self._told[-1][1]
        self._report.check(
            "every client saw each transition once, with consecutive epochs",
            right == len(everybody)
            and [epoch for _, epoch in self._told] == list(range(begin, end + 1)),
            f"{right} of {len(everybody)} (including the instructor), epochs {begin} to {end}",
        )

    # --- helpers ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Time a step. The notes that are put into the list are reported with it."""
        notes: list[str] = []
        self._report.begin(name)
        began = time.perf_counter()
        yield notes
        self._report.step(name, time.perf_counter() - began, "; ".join(notes))

    async def _everybody(self, condition: Callable[[Client], bool]) -> list[float]:
        """Return the times at which the condition held, for the students for whom it did."""

        async def wait(client: Client) -> float | None:
            held = await client.until(lambda: condition(client), within=ARRIVE_WITHIN)
            return time.perf_counter() if held else None

        moments = await asyncio.gather(*map(wait, self._students.values()))
        return [moment for moment in moments if moment is not None]
