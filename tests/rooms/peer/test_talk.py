"""How groups talk, from numbers; whom to ask; and how a group is split."""

import itertools
import random

import pytest

from rooms.peer import regroup, talk
from rooms.peer.regroup import Member, halves
from rooms.peer.talk import Advice, Candidate, Counts, Talk, classify, whom_to_ask


def counts(*written, age=120.0, first=100.0, last=5.0, here=2, **more):
    times = {"first_ago": first, "last_ago": last} if written else {}
    return Counts(members=2, here=here, written=written, age=age, **times, **more)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        # Nobody has written.
        (counts(), Talk.SILENT),
        (counts(age=talk.SILENT_AFTER), Talk.SILENT),
        (counts(age=talk.SILENT_AFTER - 1), Talk.STARTING),
        (counts(age=None), Talk.STARTING),
        (counts(here=1), Talk.AWAY),
        (counts(here=0), Talk.AWAY),
        (counts(may_speak=True), Talk.FACE_TO_FACE),
        (counts(may_speak=True, age=5.0), Talk.FACE_TO_FACE),
        # One member has.
        (counts(1, first=10.0), Talk.STARTING),
        (counts(9, first=talk.ANSWER_WITHIN), Talk.ONE_SIDED),
        (counts(1, first=90.0, last=90.0), Talk.ONE_SIDED),
        (counts(1, first=90.0, may_speak=True), Talk.FACE_TO_FACE),
        # Several have.
        (counts(1, 1), Talk.LIVELY),
        (counts(2, 1), Talk.LIVELY),
        (counts(5, 1), Talk.ONE_SIDED),
        (counts(4, 1), Talk.LIVELY),
        (counts(5, 1, may_speak=True), Talk.FACE_TO_FACE),
        (counts(3, 4, last=talk.QUIET_AFTER), Talk.AGREED),
        (counts(9, 1, last=talk.QUIET_AFTER), Talk.AGREED),
        (counts(3, 4, last=talk.QUIET_AFTER - 1), Talk.LIVELY),
        (counts(3, 4, last=90.0, may_speak=True), Talk.FACE_TO_FACE),
        (counts(3, 4, here=0), Talk.LIVELY),
    ],
)
def test_how_a_group_talks(group, expected):
    assert classify(group) is expected


def candidate(number, talk_, *, here=2, messages=0, mixed=None, right=None):
    return Candidate(number, talk_, here, messages, mixed, right)


def test_three_groups_for_three_reasons():
    groups = [
        candidate(1, Talk.LIVELY, messages=30, mixed=False, right=2),
        candidate(2, Talk.LIVELY, messages=5, mixed=True, right=0),
        candidate(3, Talk.SILENT, mixed=False),
        candidate(4, Talk.SILENT, mixed=True, right=1),
        candidate(5, Talk.ONE_SIDED, messages=7, mixed=True, right=1),
        candidate(6, Talk.AGREED, messages=9, mixed=True, right=0),
        candidate(7, Talk.SILENT, here=0, mixed=True, right=0),
    ]
    chosen = [
        Advice(4, ("silent", "different_answers")),
        Advice(5, ("one_sided", "different_answers")),
        Advice(2, ("lively", "different_answers", "nobody_right")),
    ]
    for order in itertools.islice(itertools.permutations(groups), 50):
        assert whom_to_ask(order) == chosen


def test_others_take_the_place_of_what_there_is_not():
    agreed, lively = candidate(1, Talk.AGREED, mixed=False), candidate(2, Talk.LIVELY)
    assert [one.number for one in whom_to_ask([agreed, lively])] == [2, 1]
    alike = [candidate(n, Talk.LIVELY, messages=n) for n in range(1, 6)]
    assert [one.number for one in whom_to_ask(alike)] == [5, 4, 3]
    assert whom_to_ask([candidate(1, Talk.STARTING), candidate(2, Talk.AWAY, here=0)]) == []


def test_halves_leave_nobody_alone_and_both_with_different_answers():
    rng = random.Random(1)
    for _ in range(500):
        members = [
            Member(n, rng.choice("ABC"), here=rng.random() < 0.7) for n in range(rng.randint(4, 8))
        ]
        one, other = halves(members)
        assert sorted(one + other) == list(range(len(members)))
        assert len(one) - len(other) in (0, 1)
        assert len(other) >= 2
    one, other = halves([Member(n, answer) for n, answer in enumerate("AABB")])
    assert [sorted("AABB"[n] for n in half) for half in (one, other)] == [["A", "B"]] * 2


def test_two_who_are_here_stay_together():
    members = [Member(n, "A", here=n in (1, 3)) for n in range(4)]
    assert halves(members) == ([1, 3], [0, 2])


@pytest.mark.parametrize("size", range(regroup.LEAST_TO_SPLIT))
def test_small_groups_are_not_split(size):
    with pytest.raises(ValueError, match="fewer than four"):
        halves([Member(n) for n in range(size)])
