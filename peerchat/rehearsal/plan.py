"""The input of a rehearsal: the plan of the class, and the interfaces to database and report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


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
    unsent: int
    """How many of the students choose an answer and never send it as a vote."""
    workers: int | None
    """Over how many workers the students must be spread; None where it does not matter."""

    def texts(self, name: str) -> list[str]:
        """Return what a student writes to the partners, in order."""
        return [f"Message {number} of {name}." for number in range(1, self.messages + 1)]


class Ledger(Protocol):
    """Reads the course from the database. Its methods block, so call them in a thread."""

    def sockets(self) -> list[int]:
        """Return the number of open student sockets of each worker, lowest first."""

    def votes(self, number: int) -> list[tuple[str, str]]:
        """(username, choice) of each vote of a round."""

    def groups(self) -> list[list[str]]:
        """The usernames of each partner group."""

    def partner_messages(self) -> dict[str, list[tuple[int, str, str]]]:
        """(number, username, text) of the messages of each partner room, in order."""


class Report(Protocol):
    """Receives the steps and the checks."""

    def begin(self, step: str) -> None:
        """A step begins."""

    def step(self, step: str, seconds: float, note: str) -> None:
        """A step is done."""

    def check(self, claim: str, holds: bool, found: str) -> None:
        """Record whether a claim holds, and the finding."""
