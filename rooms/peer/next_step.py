"""The step that comes next in a class, chosen by its votes and by what it has done so far. Pure.

Between `least_right` and `most_right` percent right in the first vote, students can convince each
other. With fewer, they lack the idea, and with more, there is nobody left to convince. Where no
right answer is known, the share of the most frequent answer takes the place of the right one:
students who agree have nothing to discuss.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from rooms.peer.phases import Phase
from rooms.peer.times import most_have_voted

LEAST_RIGHT: Final = 30
MOST_RIGHT: Final = 70
"""The thresholds of a course without settings of its own, in percent."""
CLOSING_WITHIN: Final = 7.0
"""Seconds before the deadline in which a round counts as closing."""
TALK: Final = 2
"""The fewest students who can talk to each other."""


class Why(enum.StrEnum):
    """The reason for a step. Clients make sentences of them."""

    READY = "ready"
    NOTHING_PREPARED = "nothing_prepared"
    NOBODY_YET = "nobody_yet"
    VOTING = "voting"
    MOST_VOTED = "most_voted"
    ALL_VOTED = "all_voted"
    CLOSING = "closing"
    NOBODY_VOTED = "nobody_voted"
    TOO_FEW = "too_few"
    FEW_RIGHT = "few_right"
    SOME_RIGHT = "some_right"
    MANY_RIGHT = "many_right"
    DIVIDED = "divided"
    AGREED = "agreed"
    PARTNERS_MADE = "partners_made"
    DISCUSSING = "discussing"
    COMPARED = "compared"
    BOTH_VOTED = "both_voted"
    TWIN = "twin"
    TWIN_VOTED = "twin_voted"
    MORE = "more"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Tells where a class is.

    `votes` and `right` have a number for each round, and `right` is None if no right answer is
    known. `most_frequent` is the number of votes for the most frequent answer of the first round.
    `here` is the number of students who are online, and `groups` that of the partner groups.
    `closes_in` is the seconds until the deadline, if there is one. `twin` and `prepared` are the
    slugs of a twin of the current question and of a prepared question that the class was not asked.
    `is_twin` is true if the current question is the twin of one that the class was asked before.
    """

    phase: Phase
    votes: tuple[int, int] = (0, 0)
    right: tuple[int, int] | None = None
    most_frequent: int = 0
    here: int = 0
    groups: int = 0
    closes_in: float | None = None
    least_right: int = LEAST_RIGHT
    most_right: int = MOST_RIGHT
    is_twin: bool = False
    twin: str | None = None
    prepared: str | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command of an instructor, and why it comes next.

    `percent` is the share that decided: of right answers in the last vote, or of the most frequent
    answer. `before` is the share right in the first vote, where two votes are compared. `question`
    is the slug of the question to ask.
    """

    step: str
    why: Why
    percent: int | None = None
    before: int | None = None
    question: str | None = None


def next_step(at: Standing) -> NextStep:
    """Return the step that comes next. The phase always allows it."""
    match at.phase:
        case Phase.IDLE:
            if at.prepared is None:
                return NextStep("quick_question", Why.NOTHING_PREPARED)
            return NextStep("start_question", Why.READY, question=at.prepared)
        case Phase.VOTE | Phase.REVOTE:
            return _while_voting(at, at.votes[at.phase == Phase.REVOTE])
        case Phase.VOTE_CLOSED:
            return _after_first_vote(at)
        case Phase.DISCUSS:
            return NextStep("start_revote", Why.DISCUSSING)
        case Phase.REVOTE_CLOSED:
            return _after_second_vote(at)
        case Phase.REVEALED:
            if at.twin is not None:
                return NextStep("start_question", Why.TWIN, question=at.twin)
            if at.prepared is not None:
                return NextStep("start_question", Why.MORE, question=at.prepared)
            return NextStep("next_question", Why.LAST)


def _while_voting(at: Standing, votes: int) -> NextStep:
    if at.closes_in is not None and at.closes_in <= CLOSING_WITHIN:
        return NextStep("stop_vote", Why.CLOSING)
    if not votes:
        why = Why.NOBODY_YET
    elif votes >= at.here:
        why = Why.ALL_VOTED
    elif most_have_voted(votes, at.here):
        why = Why.MOST_VOTED
    else:
        why = Why.VOTING
    return NextStep("count_down_and_stop", why)


def _after_first_vote(at: Standing) -> NextStep:
    votes = at.votes[0]
    if at.groups:
        return NextStep("enable_discussion", Why.PARTNERS_MADE)
    if not votes and at.here:
        return NextStep("reopen", Why.NOBODY_VOTED)
    if max(votes, at.here) < TALK:
        return NextStep("reveal", Why.TOO_FEW)
    if at.is_twin:
        return NextStep("reveal", Why.TWIN_VOTED)
    if at.right is None:
        share = percent(at.most_frequent, votes)
        if share >= at.most_right:
            return NextStep("reveal", Why.AGREED, share)
        return NextStep("make_partners", Why.DIVIDED, share)
    share = percent(at.right[0], votes)
    if share > at.most_right:
        return NextStep("reveal", Why.MANY_RIGHT, share)
    if share < at.least_right:
        return NextStep("start_revote", Why.FEW_RIGHT, share)
    return NextStep("make_partners", Why.SOME_RIGHT, share)


def _after_second_vote(at: Standing) -> NextStep:
    first, second = at.votes
    if not second and at.here:
        return NextStep("reopen", Why.NOBODY_VOTED)
    if at.right is None or not first or not second:
        return NextStep("reveal", Why.BOTH_VOTED)
    return NextStep(
        "reveal", Why.COMPARED, percent(at.right[1], second), percent(at.right[0], first)
    )


def percent(part: int, whole: int) -> int:
    """Return the share in whole percent, halves rounded up; 0 of nothing."""
    return (200 * part + whole) // (2 * whole) if whole else 0
