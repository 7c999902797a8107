"""The phases of one question and the commands allowed in each. Pure functions, no I/O.

    idle -> vote -> vote_closed -> discuss -> revote -> revote_closed -> revealed -> idle
             ^          |             |                       |
             +-- reopen-+             +-- (or straight on) ---+

The caller stores the phase (in a row of the database) and carries transitions out. This module only
tells where a transition leads, or that it is not possible.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, TypedDict


class Phase(enum.StrEnum):
    IDLE = "idle"
    VOTE = "vote"
    VOTE_CLOSED = "vote_closed"
    DISCUSS = "discuss"
    REVOTE = "revote"
    REVOTE_CLOSED = "revote_closed"
    REVEALED = "revealed"


#: Phases in which votes are taken.
OPEN_PHASES: Final = frozenset({Phase.VOTE, Phase.REVOTE})
#: Phases right after a round, its votes final unless it is reopened.
CLOSED_PHASES: Final = frozenset({Phase.VOTE_CLOSED, Phase.REVOTE_CLOSED})
#: Phases in which students without company are given partners.
SEATING_PHASES: Final = frozenset({Phase.VOTE_CLOSED, Phase.DISCUSS})
#: Phases in which partner groups, once made, may be changed.
GROUP_PHASES: Final = frozenset(
    {Phase.VOTE_CLOSED, Phase.DISCUSS, Phase.REVOTE, Phase.REVOTE_CLOSED}
)
#: Phases in which students are shown who their partners are.
PARTNER_PHASES: Final = frozenset(
    {Phase.DISCUSS, Phase.REVOTE, Phase.REVOTE_CLOSED, Phase.REVEALED}
)

_TO_VOTE: Final = {Phase.IDLE: Phase.VOTE, Phase.REVEALED: Phase.VOTE}
_CLOSING: Final = {Phase.VOTE: Phase.VOTE_CLOSED, Phase.REVOTE: Phase.REVOTE_CLOSED}
_TO_IDLE: Final = dict.fromkeys((Phase.REVEALED, *CLOSED_PHASES), Phase.IDLE)
_TO_DISCUSS: Final = {Phase.VOTE_CLOSED: Phase.DISCUSS}

_SAME_GROUPS: Final = {phase: phase for phase in GROUP_PHASES}
# The groups may talk on about the result.
_TALKING: Final = _SAME_GROUPS | {Phase.REVEALED: Phase.REVEALED}

_TABLE: Final[dict[str, dict[Phase, Phase]]] = {
    "start_question": _TO_VOTE,
    "quick_question": _TO_VOTE,
    "set_correct": {phase: phase for phase in Phase if phase != Phase.IDLE},
    "count_down_and_stop": {phase: phase for phase in OPEN_PHASES},
    "extend": {phase: phase for phase in OPEN_PHASES},
    "stop_vote": _CLOSING,
    "make_partners": {Phase.VOTE_CLOSED: Phase.VOTE_CLOSED},
    "enable_chat": _TO_DISCUSS,
    "enable_face_chat": _TO_DISCUSS,
    "enable_discussion": _TO_DISCUSS,
    "start_revote": {Phase.DISCUSS: Phase.REVOTE, Phase.VOTE_CLOSED: Phase.REVOTE},
    "reveal": dict.fromkeys(CLOSED_PHASES, Phase.REVEALED),
    "reopen": {closed: opened for opened, closed in _CLOSING.items()},
    "next_question": _TO_IDLE,
    "announce": {phase: phase for phase in Phase},
    **dict.fromkeys(("move_student", "split_group", "join_groups"), _SAME_GROUPS),
    **dict.fromkeys(("visit_group", "say_to_group", "tell_groups", "slow_groups"), _TALKING),
    "show_argument": {phase: phase for phase in (Phase.REVOTE_CLOSED, Phase.REVEALED)},
    "show_bars": {phase: phase for phase in Phase if phase not in (Phase.IDLE, Phase.REVEALED)},
}

#: Every command of the phase table.
COMMANDS: Final = frozenset(_TABLE)
#: Commands that need partner groups besides the right phase.
NEED_GROUPS: Final = frozenset(
    {
        *("enable_chat", "enable_face_chat", "enable_discussion"),
        *("move_student", "split_group", "join_groups"),
        *("visit_group", "say_to_group", "tell_groups", "slow_groups"),
    }
)

_FIXED_MESSAGES: Final = {
    "start_question": "enableVote",
    "quick_question": "enableVote",
    "count_down_and_stop": "countDownAndStop",
    "extend": "countDownAndStop",
    "stop_vote": "stopVote",
    "enable_chat": "enableChat",
    "enable_face_chat": "enableFaceChat",
    "enable_discussion": "enableDiscussion",
    "start_revote": "enableRevote",
    "reveal": "reveal",
    "announce": "announce",
}


class IllegalTransition(Exception):
    """Refuses ``command`` in ``phase``; ``str()`` is a sentence for the instructor."""

    def __init__(self, phase: Phase, command: str, *, groups_missing: bool = False) -> None:
        self.phase = phase
        self.command = command
        reason = " before partners are formed" if groups_missing else ""
        super().__init__(f"{command} is not possible in the phase {phase}{reason}.")


def transition(
    phase: Phase, command: str, *, groups_made: bool = False, question: bool = False
) -> Phase:
    """Return the phase that ``command`` leads to from ``phase``. Some commands keep the phase.

    ``groups_made`` is true if partner groups exist for the current question. ``question`` is true
    if the command names a question, with which ``next_question`` goes straight on to a vote.
    Raises IllegalTransition, and ValueError for a name that is no command.
    """
    try:
        targets = _TABLE[command]
    except KeyError:
        raise ValueError(f"no command of the phase table: {command!r}") from None
    target = targets.get(phase)
    if target is None:
        raise IllegalTransition(phase, command)
    if command in NEED_GROUPS and not groups_made:
        raise IllegalTransition(phase, command, groups_missing=True)
    if command == "next_question" and question:
        return Phase.VOTE
    return target


def control_message(command: str, to_phase: Phase) -> str | None:
    """Return the ``message`` of the `control` event for a command that led to ``to_phase``.

    It is None for commands without such an event (``make_partners``, ``move_student``, and all
    that concern groups only). A right
    answer that is given after the reveal reveals the question again, and before it tells nobody.
    """
    if command == "set_correct":
        return "reveal" if to_phase == Phase.REVEALED else None
    if command == "reopen":
        return "enableVote" if to_phase == Phase.VOTE else "enableRevote"
    if command == "next_question":
        return "enableVote" if to_phase == Phase.VOTE else "enableNext"
    return _FIXED_MESSAGES.get(command)


def keeps_bars(before: Phase, after: Phase) -> bool:
    """Return whether bars that the screen of the hall shows stay there through a transition.

    They go where students begin to vote, whether again or on another question.
    """
    return before == after or (after not in OPEN_PHASES and after != Phase.IDLE)


def close(phase: Phase) -> Phase:
    """Return the phase after the deadline of an open round. Raises IllegalTransition if none is."""
    return transition(phase, "stop_vote")


class TransitionMatrix(TypedDict):
    """Numbers of students by the correctness of their first and second vote."""

    right_right: int
    right_wrong: int
    wrong_right: int
    wrong_wrong: int


def transition_matrix(pairs: Iterable[tuple[bool, bool]]) -> TransitionMatrix:
    """Count ``(right before, right after)``, a pair for each student who voted twice."""
    matrix = TransitionMatrix(right_right=0, right_wrong=0, wrong_right=0, wrong_wrong=0)
    for before, after in pairs:
        if before:
            matrix["right_right" if after else "right_wrong"] += 1
        else:
            matrix["wrong_right" if after else "wrong_wrong"] += 1
    return matrix


def normalised_gain(right_before: int, right_after: int, n: int) -> float | None:
    """Return the average normalised gain <g> = (post - pre) / (1 - pre) of the fractions right.

    R. R. Hake, "Interactive-engagement versus traditional methods", American Journal of Physics
    66 (1998) 64-74. Of ``n`` students who voted twice, ``right_before`` were right in the first
    round and ``right_after`` in the second. The gain is at most 1, and negative if the class got
    worse. It is None where it is undefined: nobody voted twice, or everybody was right already.
    """
    if n == 0 or right_before == n:
        return None
    return (right_after - right_before) / (n - right_before)
