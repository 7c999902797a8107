"""Checks that compare the actions of a class with the database and with its sockets."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from peerchat.rehearsal.client import Client
from peerchat.rehearsal.plan import Ledger, Plan, Report

NOTED_WITHIN = 20.0
"""Seconds after its welcome in which a socket must have been noted."""
SECRETS = ('"correct"', '"is_correct"', '"histograms"', '"transitions"', '"gain"')
"""Texts that no student's frame contains before the reveal."""


@dataclass(slots=True)
class Seen:
    """Holds what the class did, and the sockets with all that they received."""

    students: dict[str, Client] = field(default_factory=dict)
    """The sockets by username."""
    told: list[tuple[str, int]] = field(default_factory=list)
    """(message, epoch) of each transition."""
    votes: tuple[dict[str, str], dict[str, str]] = field(default_factory=lambda: ({}, {}))
    """The choices of the students in both rounds, by username."""


class Checks:
    """Compares what a class did with what became of it, and reports it."""

    def __init__(self, plan: Plan, ledger: Ledger, report: Report, seen: Seen) -> None:
        self._plan = plan
        self._ledger = ledger
        self._report = report
        self._seen = seen

    async def sockets(self) -> None:
        """Compare the open sockets with those of the class, once all have been noted."""
        students = len(self._seen.students)
        # A socket is noted after its welcome.
        found: list[int] = []
        deadline = time.monotonic() + NOTED_WITHIN
        while sum(found) < students and time.monotonic() < deadline:
            found = await asyncio.to_thread(self._ledger.sockets)
            await asyncio.sleep(0.05)
        shares = f"{sum(found)} of {students}, on workers with {', '.join(map(str, found))}"
        self._report.check("every socket counts as open", sum(found) == students, shares)
        if (workers := self._plan.workers) is not None:
            self._report.check(
                f"the sockets are spread over {workers} worker(s)",
                # The kernel deals them out, and not evenly.
                len(found) == workers and found[0] >= students / workers / 10,
                f"{len(found)} with {', '.join(map(str, found))}",
            )

    def drafts(self, number: int, *, kept: int, refused: int) -> None:
        """Report the drafts before the close, and the drafts and votes that were tried after it."""
        wanted = self._plan.unsent
        self._report.check(
            f"nothing was taken after the close of round {number}",
            refused == 2 * wanted,
            f"{wanted} students had chosen and not voted, {kept} of their drafts arrived in time, "
            f"{refused} of {2 * wanted} late tries were refused",
        )

    async def round(self, number: int, figures: Mapping[str, Any]) -> None:
        """Compare the votes of a closed round with the database and the instructor's figures."""
        first, second = self._seen.votes
        cast = self._seen.votes[number - 1]
        stored = await asyncio.to_thread(self._ledger.votes, number)
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

    async def partners(self, formed: int) -> None:
        """Compare the groups, of which so many were formed, with what each student was told."""
        first, _ = self._seen.votes
        groups = await asyncio.to_thread(self._ledger.groups)
        sizes = Counter(map(len, groups))
        self._report.check(
            "every student has a partner",
            sorted(name for group in groups for name in group) == sorted(self._seen.students)
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
            for name, client in self._seen.students.items()
        )
        self._report.check(
            "every student received the partners and their answers",
            told == len(self._seen.students),
            f"{told} of {len(self._seen.students)}",
        )
        differing = sum(len({first[name] for name in group}) > 1 for group in groups)
        # Each such group needs somebody who did not give the most frequent answer.
        most_frequent = max(Counter(first.values()).values())
        possible = min(len(groups), len(first) - most_frequent)
        self._report.check(
            "as many groups as possible have different answers",
            differing == possible,
            f"{differing} of {len(groups)}, {possible} possible",
        )

    async def messages(self) -> None:
        """Compare the messages among partners with those that were sent and received."""
        stored = await asyncio.to_thread(self._ledger.partner_messages)
        rows = [(name, text) for messages in stored.values() for _, name, text in messages]
        sent = [(name, text) for name in self._seen.students for text in self._plan.texts(name)]
        self._report.check(
            "every message is stored once",
            sorted(rows) == sorted(sent),
            f"{len(sent)} expected, {len(rows)} stored",
        )
        right = 0
        for client in self._seen.students.values():
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
            right == len(self._seen.students),
            f"{right} of {len(self._seen.students)} students saw the right messages",
        )

    def secrecy(self) -> None:
        """Look for the answer in what each student received, before the reveal and with it."""
        early = told = 0
        for client in self._seen.students.values():
            for text in client.texts:
                if text.startswith('{"action":"control"') and '"message":"reveal"' in text:
                    told += '"correct"' in text and '"histograms"' in text
                    break
                early += any(secret in text for secret in SECRETS)
        self._report.check(
            "the answer arrived with the reveal and not before",
            early == 0 and told == len(self._seen.students),
            f"{early} early frames, {told} of {len(self._seen.students)} students got the answer",
        )

    def transitions(self, instructor: Client) -> None:
        """Compare the transitions that each socket saw with those that were made."""
        told, everybody = self._seen.told, [instructor, *self._seen.students.values()]
        right = sum(
            [(event["message"], event["epoch"]) for event in client.controls] == told
            for client in everybody
        )
        begin, end = told[0][1], told[-1][1]
        self._report.check(
            "every client saw each transition once, with consecutive epochs",
            right == len(everybody) and [epoch for _, epoch in told] == list(range(begin, end + 1)),
            f"{right} of {len(everybody)} (including the instructor), epochs {begin} to {end}",
        )
