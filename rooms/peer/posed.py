"""What students answered to questions, which all figures and marks are made of. Pure, no I/O.

Whoever has these, from the database or from an export, can compute the same figures.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from rooms.peer.answers import AnswerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """An answer that counts. `right` is None if no right answer is known.

    `seconds` are those from the opening of the vote, or of the page of a released question; None
    where the times were not asked for.
    """

    choice: str
    right: bool | None
    confidence: int | None
    seconds: float | None
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one student did with a question that was posed.

    `group` is that of their partners, or None, and `messages` the number of those that they wrote
    there. Whoever neither voted nor had partners is not there at all.
    """

    user: Hashable
    first: Ballot | None = None
    second: Ballot | None = None
    group: Hashable | None = None
    messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A question that was posed once, in a class or by a release, with what came of it.

    `pk` is the id of its first round or of its release. `session` is the class, and None for a
    release. Without a second vote, `is_twice` is False.
    """

    pk: int
    is_release: bool
    question: int
    version: int | None
    slug: str
    session: int | None
    at: datetime
    key: AnswerKey
    is_twice: bool
    answers: tuple[Answers, ...]
