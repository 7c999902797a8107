"""Which questions a student should look at again, and in which order. Pure, no I/O."""

import enum
from typing import Final

from rooms.peer.posed import Ballot

SURE: Final = 4
"""The confidence, of 1 to 5, from which somebody is sure."""


class Why(enum.StrEnum):
    """Why a question is worth another look, the most urgent reason first."""

    SURE_WRONG = "sure_wrong"
    CHANGED_WRONG = "changed_wrong"
    WRONG = "wrong"
    UNSURE_RIGHT = "unsure_right"
    MISSED = "missed"


ORDER: Final = tuple(Why)
"""The reasons in the order in which their questions come."""


def why(first: Ballot | None, second: Ballot | None) -> Why | None:
    """Return why somebody with these answers should look at a question again, if they should.

    The last answer counts. Answers that nobody can judge are no reason.
    """
    last = second or first
    if last is None:
        return Why.MISSED
    if last.right is None:
        return None
    if not last.right:
        if last.confidence is not None and last.confidence >= SURE:
            return Why.SURE_WRONG
        if second is not None and first is not None and first.right:
            return Why.CHANGED_WRONG
        return Why.WRONG
    if last.confidence is not None and last.confidence < SURE:
        return Why.UNSURE_RIGHT
    return None
