"""The live figures of a class, which only its dashboards get."""

import msgspec.structs
from msgspec import UNSET, Struct, UnsetType

from rooms.wire.events import Event


class Transitions(Struct, frozen=True):
    right_right: int
    right_wrong: int
    wrong_right: int
    wrong_wrong: int


class Places(Struct, frozen=True):
    """Numbers of students who are online, by where they said they are."""

    hall: int
    elsewhere: int
    unknown: int


class FiguresBody(Struct, frozen=True):
    """The live figures of a class.

    `transitions` and `gain` are null until there is a second round to compare with the first, and
    for a question without a right answer. `correct` is the right answer to the current question, as
    it was asked, or the first one, and `right` has those keys of the histograms that count as
    right. `right_votes` has the number of right votes in both rounds, if a right answer is known.
    Numbers up to `tolerance` away are right. `may_set_correct` tells whether `set_correct` may
    change the right answer, and `bars` whether the screen of the hall shows the votes. `places` is
    there if the course asks where its students are. `flags` is the
    number of flagged messages that nobody has seen to, if there are any.
    """

    online: int
    votes: list[int]
    histograms: list[dict[str, int]]
    groups: int
    silent_groups: int
    messages: int
    transitions: Transitions | None
    gain: float | None
    correct: str | None
    may_set_correct: bool = False
    bars: bool = False
    kind: str | None = None
    right: list[str] = []
    right_votes: list[int] | UnsetType = UNSET
    tolerance: float | UnsetType = UNSET
    flags: int | UnsetType = UNSET
    places: Places | UnsetType = UNSET


class FiguresEvent(Event, FiguresBody, tag="figures", frozen=True, kw_only=True):
    """The live figures, sent to the dashboards."""


def figures_event(body: FiguresBody) -> FiguresEvent:
    return FiguresEvent(**msgspec.structs.asdict(body))
