"""Suggested times for votes, and early closes."""

import pytest

from rooms.peer.content import Kind
from rooms.peer.times import DEFAULTS, LEAST, MOST, closes_early, percentile, suggested


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7.0], 7.0), (range(1, 11), 9), (range(1, 12), 10), (range(100, 0, -1), 90)],
)
def test_nine_tenths_are_within_the_percentile(values, expected):
    assert percentile(values) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], None),
        ([1.0], LEAST),
        ([42.4], 40),
        ([42.5], 45),
        ([30.0] * 9 + [300.0], 30),
        ([30.0] * 8 + [300.0] * 2, 300),
        ([5_000.0], MOST),
    ],
)
def test_suggested(seconds, expected):
    assert suggested(seconds) == expected


def test_there_is_a_default_for_every_kind():
    assert set(DEFAULTS) == set(Kind)
    assert all(second < first for first, second in DEFAULTS.values())


@pytest.mark.parametrize(
    ("voted", "here", "closes"),
    [(0, 0, False), (4, 4, False), (5, 5, True), (5, 6, False), (53, 60, False), (54, 60, True)],
)
def test_a_round_closes_early_when_nine_tenths_have_voted(voted, here, closes):
    assert closes_early(voted, here) is closes
