"""A question beside its twin, which tests the same idea again. Pure, no I/O.

Partners vote on the original after they talked, and each votes on the twin alone. Whoever was right
in the last vote on the original and fails the twin has probably copied the answer, or was right by
chance; whoever is right again has probably understood the idea.
"""

from collections.abc import Hashable, Mapping
from typing import TypedDict, TypeVar

K = TypeVar("K", bound=Hashable)


class TwinTable(TypedDict):
    """Numbers of students by the correctness of their votes on a question and on its twin."""

    both_right: int
    right_then_wrong: int
    wrong_then_right: int
    both_wrong: int


def compare(original: Mapping[K, bool], twin: Mapping[K, bool]) -> TwinTable:
    """Count the students who voted on both, given whether each was right.

    `original` has the last vote on the original: the second one, or the first if there was no
    second. `twin` has the first vote on the twin. Whoever is in only one of them counts nowhere.
    """
    table = TwinTable(both_right=0, right_then_wrong=0, wrong_then_right=0, both_wrong=0)
    for student in original.keys() & twin.keys():
        if original[student]:
            table["both_right" if twin[student] else "right_then_wrong"] += 1
        else:
            table["wrong_then_right" if twin[student] else "both_wrong"] += 1
    return table


def copied_share(table: TwinTable) -> float | None:
    """Return the share of those right on the original who fail the twin, from 0 to 1.

    It is right_then_wrong / (both_right + right_then_wrong), and None if nobody was right.
    """
    right = table["both_right"] + table["right_then_wrong"]
    return table["right_then_wrong"] / right if right else None
