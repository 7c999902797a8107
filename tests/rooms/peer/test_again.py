"""What is worth another look."""

import pytest

from rooms.peer.again import ORDER, Why, why
from rooms.peer.posed import Ballot


def ballot(right, confidence=None):
    return Ballot(choice="A", right=right, confidence=confidence, seconds=1.0, has_reason=False)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (None, None, Why.MISSED),
        (ballot(False, 4), None, Why.SURE_WRONG),
        (ballot(True, 2), ballot(False, 5), Why.SURE_WRONG),
        (ballot(True, 5), ballot(False, 3), Why.CHANGED_WRONG),
        (ballot(False, 3), None, Why.WRONG),
        (ballot(False), ballot(False), Why.WRONG),
        (None, ballot(False), Why.WRONG),
        (ballot(True, 3), None, Why.UNSURE_RIGHT),
        # The last answer counts.
        (ballot(False, 5), ballot(True, 4), None),
        (ballot(True), ballot(True), None),
        (ballot(None, 5), ballot(None, 1), None),
    ],
)
def test_why(first, second, expected):
    assert why(first, second) is expected


def test_the_most_urgent_come_first():
    assert ORDER == (
        Why.SURE_WRONG,
        Why.CHANGED_WRONG,
        Why.WRONG,
        Why.UNSURE_RIGHT,
        Why.MISSED,
    )
