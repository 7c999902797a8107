"""The step that comes next in a class."""

import itertools

import pytest

from rooms.peer.next_step import NextStep, Standing, Why, next_step, percent
from rooms.peer.phases import Phase, transition

VOTE, VOTE_CLOSED, DISCUSS = Phase.VOTE, Phase.VOTE_CLOSED, Phase.DISCUSS
REVOTE, REVOTE_CLOSED = Phase.REVOTE, Phase.REVOTE_CLOSED
IDLE, REVEALED = Phase.IDLE, Phase.REVEALED


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ({"phase": IDLE}, NextStep("quick_question", Why.NOTHING_PREPARED)),
        (
            {"phase": IDLE, "prepared": "work"},
            NextStep("start_question", Why.READY, question="work"),
        ),
        ({"phase": VOTE, "here": 9}, NextStep("count_down_and_stop", Why.NOBODY_YET)),
        (
            {"phase": VOTE, "here": 10, "votes": (8, 0)},
            NextStep("count_down_and_stop", Why.VOTING),
        ),
        (
            {"phase": VOTE, "here": 10, "votes": (9, 0)},
            NextStep("count_down_and_stop", Why.MOST_VOTED),
        ),
        (
            {"phase": VOTE, "here": 10, "votes": (10, 0)},
            NextStep("count_down_and_stop", Why.ALL_VOTED),
        ),
        (
            {"phase": REVOTE, "here": 10, "votes": (10, 3), "closes_in": 60.0},
            NextStep("count_down_and_stop", Why.VOTING),
        ),
        (
            {"phase": REVOTE, "here": 10, "votes": (10, 3), "closes_in": 5.0},
            NextStep("stop_vote", Why.CLOSING),
        ),
        ({"phase": VOTE_CLOSED, "here": 9}, NextStep("reopen", Why.NOBODY_VOTED)),
        ({"phase": VOTE_CLOSED}, NextStep("reveal", Why.TOO_FEW)),
        (
            {"phase": VOTE_CLOSED, "here": 1, "votes": (1, 0), "right": (1, 0)},
            NextStep("reveal", Why.TOO_FEW),
        ),
        (
            {"phase": VOTE_CLOSED, "votes": (20, 0), "groups": 7},
            NextStep("enable_discussion", Why.PARTNERS_MADE),
        ),
        (
            {"phase": VOTE_CLOSED, "votes": (20, 0), "right": (10, 0), "is_twin": True},
            NextStep("reveal", Why.TWIN_VOTED),
        ),
        (
            {"phase": DISCUSS, "votes": (20, 0), "groups": 7},
            NextStep("start_revote", Why.DISCUSSING),
        ),
        (
            {"phase": REVOTE_CLOSED, "votes": (20, 0), "here": 9},
            NextStep("reopen", Why.NOBODY_VOTED),
        ),
        (
            {"phase": REVOTE_CLOSED, "votes": (20, 10), "right": (11, 9)},
            NextStep("reveal", Why.COMPARED, 90, 55),
        ),
        ({"phase": REVOTE_CLOSED, "votes": (20, 10)}, NextStep("reveal", Why.BOTH_VOTED)),
        (
            {"phase": REVOTE_CLOSED, "votes": (0, 10), "right": (0, 9)},
            NextStep("reveal", Why.BOTH_VOTED),
        ),
        (
            {"phase": REVEALED, "twin": "force-2", "prepared": "work"},
            NextStep("start_question", Why.TWIN, question="force-2"),
        ),
        (
            {"phase": REVEALED, "prepared": "work"},
            NextStep("start_question", Why.MORE, question="work"),
        ),
        ({"phase": REVEALED}, NextStep("next_question", Why.LAST)),
    ],
)
def test_next_step(at, expected):
    assert next_step(Standing(**at)) == expected


@pytest.mark.parametrize(
    ("right", "step", "why"),
    [
        (0, "start_revote", Why.FEW_RIGHT),
        (29, "start_revote", Why.FEW_RIGHT),
        (30, "make_partners", Why.SOME_RIGHT),
        (70, "make_partners", Why.SOME_RIGHT),
        (71, "reveal", Why.MANY_RIGHT),
        (100, "reveal", Why.MANY_RIGHT),
    ],
)
def test_the_share_right_decides_about_a_discussion(right, step, why):
    found = next_step(Standing(phase=VOTE_CLOSED, votes=(100, 0), right=(right, 0), here=100))
    assert found == NextStep(step, why, right)


def test_the_thresholds_are_those_of_the_course():
    at = {"phase": VOTE_CLOSED, "votes": (10, 0), "here": 10, "least_right": 50, "most_right": 80}
    steps = [next_step(Standing(**at, right=(right, 0))).step for right in (4, 5, 8, 9)]
    assert steps == ["start_revote", "make_partners", "make_partners", "reveal"]


@pytest.mark.parametrize(
    ("most_frequent", "step", "why"),
    [(69, "make_partners", Why.DIVIDED), (70, "reveal", Why.AGREED)],
)
def test_without_a_right_answer_it_is_how_divided_the_class_is(most_frequent, step, why):
    at = Standing(phase=VOTE_CLOSED, votes=(100, 0), most_frequent=most_frequent, here=100)
    assert next_step(at) == NextStep(step, why, most_frequent)


def test_the_phase_allows_every_step():
    standings = itertools.product(
        Phase, (0, 1, 30), (0, 20), (0, 7, 20), (None, (3, 9), (12, 12)), (0, 12), (None, 1.0)
    )
    for phase, here, first, second, right, groups, left in standings:
        at = Standing(
            phase=phase,
            votes=(first, second),
            right=right,
            most_frequent=first // 2,
            here=here,
            groups=groups,
            closes_in=left,
        )
        transition(phase, next_step(at).step, groups_made=groups > 0)


def test_percent():
    assert [percent(*one) for one in ((0, 0), (1, 3), (1, 8), (2, 3), (3, 3))] == [
        0,
        33,
        13,
        67,
        100,
    ]
