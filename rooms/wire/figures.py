"""The live figures of a class, which only its dashboards get."""

import msgspec.structs
from msgspec import UNSET, Struct, UnsetType

from rooms.wire.arguments import ArgumentsBody
from rooms.wire.events import Event


class Transitions(Struct, frozen=True):
    right_right: int
    right_wrong: int
    wrong_right: int
    wrong_wrong: int


class TwinOffer(Struct, frozen=True):
    """A question that tests the same idea as the one that was revealed, and may be asked now."""

    question: str
    prompt: str


class TwinResult(Struct, frozen=True, kw_only=True):
    """That the current question is the twin of one which this class was asked before: `question`.

    The numbers are there once the twin is revealed and if both right answers are known. They count
    the students who voted on both, by whether they were right in the last vote on the original and
    in the first vote on the twin. `copied` is right_then_wrong / (both_right + right_then_wrong),
    from 0 to 1, or null if nobody was right on the original.
    """

    question: str
    both_right: int | UnsetType = UNSET
    right_then_wrong: int | UnsetType = UNSET
    wrong_then_right: int | UnsetType = UNSET
    both_wrong: int | UnsetType = UNSET
    copied: float | None | UnsetType = UNSET


class Places(Struct, frozen=True):
    """Numbers of students who are online, by where they said they are."""

    hall: int
    elsewhere: int
    unknown: int


class NextStepBody(Struct, frozen=True, kw_only=True):
    """The command of an instructor that comes next at an epoch of the class, and why.

    `percent` is the share of right answers in the last vote, or of the most frequent answer where
    no right one is known, and `before` the share right in the first vote. `question` is the slug of
    the question to ask.
    """

    step: str
    why: str
    epoch: int
    percent: int | UnsetType = UNSET
    before: int | UnsetType = UNSET
    question: str | UnsetType = UNSET


class FiguresBody(Struct, frozen=True):
    """The live figures of a class.

    `transitions` and `gain` are null until there is a second round to compare with the first, and
    for a question without a right answer. `correct` is the right answer to the current question, as
    it was asked, or the first one, and `right` has those keys of the histograms that count as
    right. `right_votes` has the number of right votes in both rounds, if a right answer is known.
    Numbers up to `tolerance` away are right. `may_set_correct` tells whether `set_correct` may
    change the right answer, and `bars` whether the screen of the hall shows the votes. `arguments`
    is there from the close of the second vote on, `twin` with a result whose twin may be asked, and
    `twin_of` while the current question is a twin. `places` is there if the course asks where its
    students are. `next` is the step that comes next. `flags` is the number of flagged messages that
    nobody has seen to, if there are any.
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
    arguments: ArgumentsBody | UnsetType = UNSET
    twin: TwinOffer | UnsetType = UNSET
    twin_of: TwinResult | UnsetType = UNSET
    places: Places | UnsetType = UNSET
    next: NextStepBody | UnsetType = UNSET


class FiguresEvent(Event, FiguresBody, tag="figures", frozen=True, kw_only=True):
    """The live figures, sent to the dashboards."""


def figures_event(body: FiguresBody) -> FiguresEvent:
    return FiguresEvent(**msgspec.structs.asdict(body))
