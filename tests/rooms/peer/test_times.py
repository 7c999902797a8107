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
        ([300.0, 20.0], None),
        ([0.0] * 3, LEAST),
        ([42.4] * 3, 40),
        ([42.5] * 3, 45),
        ([5_000.0] * 3, MOST),
        # One who was away tells nothing, whether few have voted or many.
        ([20.0, 30.0, 300.0], 30),
        ([21.0, 25.0, 30.0, 33.0, 41.0, 900.0], 40),
        ([30.0] * 9 + [300.0], 30),
        ([0.0, 48.0, 50.0, 52.0, 55.0], 55),
        # Some are slow, and the time is for them, too.
        ([30.0] * 5 + [35.0] * 3 + [60.0, 70.0], 60),
        ([20.0, 25.0, 30.0, 40.0, 60.0, 80.0, 90.0], 90),
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
