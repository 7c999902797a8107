"""Types of the bodies about questions outside class. Times are in seconds since the epoch."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.api.bodies import Listed, Strict
from rooms.queries.night import Talk
from rooms.queries.releases import MOST_SEEDS
from rooms.wire.events import Explained, QuestionBody
from rooms.wire.fields import RATIONALE_LIMIT, Answer, Moment, Slug, Text, Uuid

Reveals = Literal["at_once", "when_due"]
Convinced = Literal["reason", "message", "thought", "nothing"]
Reason = Annotated[str, Meta(max_length=4 * RATIONALE_LIMIT, pattern=r"^[^\x00]*\Z")]


class SeedBody(Strict, frozen=True, kw_only=True):
    """A reason for an answer that those who lead the course wrote."""

    choice: Answer
    text: Reason


Seeds = Annotated[list[SeedBody], Meta(max_length=MOST_SEEDS)]


class ReleaseInfo(Struct, frozen=True, kw_only=True):
    """A released question, for those who lead the course.

    `due_at` is null for one that stays open. `begun`, `answered` and `finished` are the numbers of
    students who began it, who answered, and who answered again. `session` is the class that asked
    it before, if it was released with one.
    """

    release: int
    question: str
    version: int
    session: int | None
    opens_at: float
    due_at: float | None
    reveals: str
    withdrawn: bool
    begun: int
    answered: int
    finished: int


class ReleaseDetails(ReleaseInfo, frozen=True, kw_only=True):
    """The same with its first reasons."""

    seeds: list[SeedBody]


class ReleaseList(Listed[ReleaseInfo], frozen=True):
    """The released questions of a course, the last opened first."""


class NewReleases(Strict, frozen=True, kw_only=True):
    """A question to release, or the `session` all of whose questions are released.

    The same `uuid` again returns the releases that it made. Without `opens_at` they open at once.
    """

    uuid: Uuid
    question: Slug | UnsetType = UNSET
    session: Annotated[int, Meta(ge=1, le=2**53 - 1)] | UnsetType = UNSET
    opens_at: Moment | UnsetType = UNSET
    due_at: Moment | None = None
    reveals: Reveals = "at_once"
    seeds: Seeds = []


class MadeReleases(Struct, frozen=True):
    """The releases that a request made."""

    releases: list[ReleaseInfo]


class ReleaseChanges(Strict, frozen=True, kw_only=True):
    """Changes of a release. A field that is left out stays as it is."""

    opens_at: Moment | UnsetType = UNSET
    due_at: Moment | None | UnsetType = UNSET
    reveals: Reveals | UnsetType = UNSET
    withdrawn: bool | UnsetType = UNSET
    seeds: Seeds | UnsetType = UNSET


class OutsideInfo(Struct, frozen=True, kw_only=True):
    """A released question in the list of a student.

    `state` is `new`, `begun`, `between` the two answers, `done`, or `missed`.
    """

    release: int
    question: str
    opens_at: float
    due_at: float | None
    state: str


class OutsideList(Listed[OutsideInfo], frozen=True):
    """The released questions that the people of a course see, the last opened first."""


class GivenAnswer(Struct, frozen=True):
    """An answer of the student. `right` is null before the result, and if nobody knows."""

    choice: str
    confidence: int | None
    rationale: str
    at: float
    right: bool | None


class ShownBody(Struct, frozen=True):
    """A reason for another answer that the student was shown."""

    reason: int
    choice: str
    text: str
    picked: bool


class ResultOutside(Explained, frozen=True, kw_only=True):
    """The right answer, null if none is known, and what is said about it."""

    correct: str | None


class TakeBody(Struct, frozen=True, kw_only=True):
    """Where a student is at a released question.

    `question` is null before they begin. `reasons` are there after the first answer, `talk` where
    they have a partner, and `result` once it is shown. `may_pair` tells whether they can look for a
    partner now.
    """

    release: int
    state: str
    due_at: float | None
    question: QuestionBody | None
    first: GivenAnswer | None
    second: GivenAnswer | None
    reasons: list[ShownBody]
    convinced: str | None
    waiting: bool
    may_pair: bool
    talk: Talk | None
    result: ResultOutside | None


class AnswerOutside(Strict, frozen=True, kw_only=True):
    """An answer to a released question, with what the course asks for besides."""

    choice: Answer
    confidence: Annotated[int, Meta(ge=1, le=5)] | None = None
    rationale: Text = ""


class PickOutside(Strict, frozen=True, kw_only=True):
    """What convinced the student: `reason` names one of the reasons, `message` one in the talk."""

    convinced: Convinced
    reason: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    message: Annotated[str, Meta(max_length=36)] | None = None


class PartnerOutside(Struct, frozen=True):
    """The talk with the partner, or null while the student waits for one."""

    talk: Talk | None


class RemindersBody(Strict, frozen=True, kw_only=True):
    """Whether the student wants e-mails about released questions."""

    wanted: bool
