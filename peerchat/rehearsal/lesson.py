"""A class that goes through one question, step by step."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from peerchat.rehearsal.checks import Checks, Seen
from peerchat.rehearsal.client import (
    Client,
    CommandRefused,
    Denied,
    RehearsalError,
    Reply,
    spread,
)
from peerchat.rehearsal.plan import Ledger, Plan, Report

ARRIVE_WITHIN = 20.0
"""Seconds in which frames must arrive everywhere."""
GATE = 200
"""Handshakes under way at once."""
RATIONALE = "Because of the letter."
LAST_DRAFT = 1.2
"""Seconds before the close by which pages have sent their drafts."""


class Lesson:
    """A class that goes through one question."""

    def __init__(self, plan: Plan, ledger: Ledger, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._rng = random.Random()
        self._instructor: Client | None = None
        self._seen = Seen()
        self._students = self._seen.students
        self._undecided = set(self._rng.sample(sorted(plan.students), plan.unsent))
        self._checks = Checks(plan, ledger, report, self._seen)

    async def run(self) -> None:
        """Play the class. Raises RehearsalError or TimeoutError if it cannot go on."""
        await self._connect()
        await self._checks.sockets()
        await self._control("start_question", "enableVote", question=self._plan.question)
        await self._vote(1)
        await self._close(1)
        await self._check_votes(1)
        formed = await self._make_partners()
        await self._control("enable_chat", "enableChat")
        await self._everybody(lambda client: bool(client.partners))
        await self._checks.partners(formed)
        await self._chat()
        await self._checks.messages()
        await self._control("start_revote", "enableRevote")
        await self._vote(2)
        await self._close(2)
        await self._check_votes(2)
        await self._control("reveal", "reveal")
        self._checks.secrecy()
        await self._control("next_question", "enableNext")
        assert self._instructor is not None
        self._checks.transitions(self._instructor)

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
            self._seen.told.append((message, epoch))
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
        if self._seen.told:
            fields["epoch"] = self._seen.told[-1][1]
        return await self._instructor.command(action, **fields)

    async def _close(self, number: int) -> None:
        """Stop the vote. Meanwhile, the students who have not voted send drafts, as pages do.

        After the close they try to change their answer.
        """
        students = {name: self._students[name] for name in sorted(self._undecided)}
        drafts = [
            asyncio.create_task(self._leave_draft(name, client, number))
            for name, client in students.items()
        ]
        try:
            await self._control("stop_vote", "stopVote")
            kept = await asyncio.gather(*drafts)
        finally:
            for draft in drafts:
                draft.cancel()
        if not students:
            return
        late = await asyncio.gather(
            *(self._vote_late(client, number) for client in students.values())
        )
        self._checks.drafts(number, kept=sum(kept), refused=sum(map(sum, late)))

    async def _leave_draft(self, name: str, client: Client, number: int) -> bool:
        """Wait for the announced close, send the draft, and return whether the server kept it."""
        if not await client.until(lambda: len(client.closings) >= number, within=ARRIVE_WITHIN):
            return False
        left = client.closings[-1]["deadline"] - client.server_now()
        await asyncio.sleep(self._rng.uniform(0, max(left - LAST_DRAFT, 0)))
        try:
            reply = await client.command(
                "draft",
                course=self._plan.course,
                question=self._plan.question,
                round=number,
                choice=self._seen.votes[number - 1][name],
                confidence=self._rng.randint(1, 5),
                rationale=RATIONALE,
            )
        except (CommandRefused, TimeoutError):
            return False
        return bool(reply.body["kept"])

    async def _vote_late(self, client: Client, number: int) -> list[bool]:
        """Try to send another answer, as a draft and as a vote; return whether each is refused."""
        fields = {
            "course": self._plan.course,
            "question": self._plan.question,
            "round": number,
            "choice": self._rng.choice(self._plan.letters),
        }
        refused = []
        for action in ("draft", "vote"):
            try:
                await client.command(action, **fields)
            except CommandRefused as error:
                refused.append(error.code == "round_closed")
            else:
                refused.append(False)
        return refused

    async def _check_votes(self, number: int) -> None:
        await self._checks.round(number, (await self._command("figures")).body)

    async def _vote(self, number: int) -> None:
        first, _ = self._seen.votes
        choices = self._seen.votes[number - 1]
        for name in self._students:
            choices[name] = self._choose(first.get(name))

        async def vote(name: str, client: Client) -> list[float]:
            if name in self._undecided:
                return []
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
            for text in self._plan.texts(name):
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
