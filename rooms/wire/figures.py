"""The live figures of a class, which only its dashboards get."""

import msgspec.structs
from msgspec import Struct

from rooms.wire.events import Event


class Transitions(Struct, frozen=True):
    right_right: int
    right_wrong: int
    wrong_right: int
    wrong_wrong: int


class FiguresBody(Struct, frozen=True):
    """The live figures of a class.

    `transitions` and `gain` are null until there is a second round to compare with the first, and
    for a question without a correct choice. `correct` is the letter of the correct choice of the
    current question, as it was asked. `may_set_correct` tells whether `set_correct` may change it,
    and `bars` whether the screen of the hall shows the votes.
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


class FiguresEvent(Event, tag="figures", frozen=True, kw_only=True):
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


def figures_event(body: FiguresBody) -> FiguresEvent:
    return FiguresEvent(**msgspec.structs.asdict(body))
