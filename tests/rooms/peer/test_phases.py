import itertools
from typing import Any

import pytest

from rooms.peer import phases
from rooms.peer.phases import IllegalTransition, Phase, transition

# The contract's table, written out once more: (command, groups made, question named) and the
# phases it is legal in, each with the phase it leads to. All other commands must be refused.
VOTE, VOTE_CLOSED, DISCUSS = Phase.VOTE, Phase.VOTE_CLOSED, Phase.DISCUSS
REVOTE, REVOTE_CLOSED = Phase.REVOTE, Phase.REVOTE_CLOSED
IDLE, REVEALED = Phase.IDLE, Phase.REVEALED

REGROUPING = {phase: phase for phase in (VOTE_CLOSED, DISCUSS, REVOTE, REVOTE_CLOSED)}
ALWAYS = {
    "start_question": {IDLE: VOTE, REVEALED: VOTE},
    "quick_question": {IDLE: VOTE, REVEALED: VOTE},
    "set_correct": {phase: phase for phase in Phase if phase != IDLE},
    "count_down_and_stop": {VOTE: VOTE, REVOTE: REVOTE},
    "extend": {VOTE: VOTE, REVOTE: REVOTE},
    "stop_vote": {VOTE: VOTE_CLOSED, REVOTE: REVOTE_CLOSED},
    "make_partners": {VOTE_CLOSED: VOTE_CLOSED},
    "start_revote": {DISCUSS: REVOTE, VOTE_CLOSED: REVOTE},
    "reveal": {VOTE_CLOSED: REVEALED, REVOTE_CLOSED: REVEALED},
    "reopen": {VOTE_CLOSED: VOTE, REVOTE_CLOSED: REVOTE},
    "next_question": {REVEALED: IDLE, VOTE_CLOSED: IDLE, REVOTE_CLOSED: IDLE},
    "announce": {phase: phase for phase in Phase},
    "show_argument": {phase: phase for phase in (REVOTE_CLOSED, REVEALED)},
    "show_bars": {phase: phase for phase in Phase if phase not in (IDLE, REVEALED)},
}
WITH_GROUPS = ALWAYS | {
    "enable_chat": {VOTE_CLOSED: DISCUSS},
    "enable_face_chat": {VOTE_CLOSED: DISCUSS},
    "enable_discussion": {VOTE_CLOSED: DISCUSS},
    **dict.fromkeys(("move_student", "split_group", "join_groups"), REGROUPING),
    **dict.fromkeys(
        ("visit_group", "say_to_group", "tell_groups", "slow_groups"),
        REGROUPING | {REVEALED: REVEALED},
    ),
}


def expected(phase, command, groups_made, question):
    target = (WITH_GROUPS if groups_made else ALWAYS).get(command, {}).get(phase)
    if target is not None and command == "next_question" and question:
        return VOTE
    return target


def test_the_table_has_exactly_the_commands_of_the_contract():
    assert set(WITH_GROUPS) == phases.COMMANDS


def outcome(phase, command, groups_made, question):
    """Return the phase that a command leads to; None if it is refused, as it should be."""
    try:
        return transition(phase, command, groups_made=groups_made, question=question)
    except IllegalTransition as error:
        refused = error
    assert refused.phase == phase
    assert refused.command == command
    assert command in str(refused)
    assert f"phase {phase.value}" in str(refused)
    return None


@pytest.mark.parametrize("phase", Phase)
def test_transitions(phase):
    cases = list(itertools.product(sorted(WITH_GROUPS), [False, True], [False, True]))
    assert {case: outcome(phase, *case) for case in cases} == {
        case: expected(phase, *case) for case in cases
    }


def test_a_phase_as_the_database_gives_it_is_a_phase():
    from_database: Any = "vote_closed"
    assert transition(from_database, "reveal") is REVEALED


def test_missing_groups_are_named():
    with pytest.raises(IllegalTransition, match="before partners are formed"):
        transition(VOTE_CLOSED, "enable_chat")


def test_an_unknown_command_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="'explode'"):
        transition(IDLE, "explode")


@pytest.mark.parametrize(
    ("command", "to_phase", "message"),
    [
        ("start_question", VOTE, "enableVote"),
        ("count_down_and_stop", VOTE, "countDownAndStop"),
        ("count_down_and_stop", REVOTE, "countDownAndStop"),
        ("extend", VOTE, "countDownAndStop"),
        ("stop_vote", VOTE_CLOSED, "stopVote"),
        ("stop_vote", REVOTE_CLOSED, "stopVote"),
        ("make_partners", VOTE_CLOSED, None),
        ("enable_chat", DISCUSS, "enableChat"),
        ("enable_face_chat", DISCUSS, "enableFaceChat"),
        ("enable_discussion", DISCUSS, "enableDiscussion"),
        ("start_revote", REVOTE, "enableRevote"),
        ("reveal", REVEALED, "reveal"),
        ("reopen", VOTE, "enableVote"),
        ("reopen", REVOTE, "enableRevote"),
        ("next_question", IDLE, "enableNext"),
        ("next_question", VOTE, "enableVote"),
        ("set_correct", REVEALED, "reveal"),
        ("set_correct", VOTE, None),
        ("set_correct", REVOTE_CLOSED, None),
        ("announce", DISCUSS, "announce"),
        ("move_student", DISCUSS, None),
        ("visit_group", REVEALED, None),
    ],
)
def test_control_message(command, to_phase, message):
    assert phases.control_message(command, to_phase) == message
    assert phases.control_message(command, to_phase.value) == message


def test_the_deadline_closes_what_is_open_and_nothing_else():
    closed = {}
    for phase in Phase:
        try:
            closed[phase] = phases.close(phase)
        except IllegalTransition:
            assert phase not in phases.OPEN_PHASES
    assert closed == {VOTE: VOTE_CLOSED, REVOTE: REVOTE_CLOSED}


def test_every_phase_leads_back_to_idle():
    reachable = {IDLE}
    while True:
        more = {
            phase
            for targets in WITH_GROUPS.values()
            for phase, target in targets.items()
            if target in reachable
        }
        if more <= reachable:
            break
        reachable |= more
    assert reachable == set(Phase)


def test_transition_matrix():
    pairs = [(True, True), (False, True), (False, True), (True, False), (False, False)]
    assert phases.transition_matrix(pairs) == {
        "right_right": 1,
        "right_wrong": 1,
        "wrong_right": 2,
        "wrong_wrong": 1,
    }
    assert set(phases.transition_matrix([]).values()) == {0}


@pytest.mark.parametrize(
    ("before", "after", "n", "gain"),
    [
        (0, 0, 0, None),
        (10, 10, 10, None),
        (10, 8, 10, None),
        (0, 10, 10, 1.0),
        (5, 5, 10, 0.0),
        (4, 7, 10, 0.5),
        (5, 4, 10, -0.2),
    ],
)
def test_normalised_gain(before, after, n, gain):
    assert phases.normalised_gain(before, after, n) == gain


def test_normalised_gain_is_hakes_formula():
    before, after, n = 9, 20, 27
    pre, post = before / n, after / n
    gain = phases.normalised_gain(before, after, n)
    assert gain == pytest.approx((post - pre) / (1 - pre))
