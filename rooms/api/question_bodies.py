"""Types of the bodies of requests that make and change questions, and of their answers."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from rooms.api.bodies import Strict
from rooms.wire.fields import Slug

KindName = Literal["single", "several", "number", "text", "poll"]
MOST_NAMED = 5_000
"""Questions that one request may name."""
Slugs = Annotated[list[Slug], Meta(min_length=1, max_length=MOST_NAMED)]


class ChoiceFields(Strict, frozen=True, kw_only=True):
    """A choice. Its letter follows from its place. `feedback` is shown with the result."""

    text: str
    correct: bool = False
    feedback: str = ""


class QuestionFields(Strict, frozen=True, kw_only=True):
    """The content of a question. Its texts are Markdown.

    `choices` belong to the kinds `single`, `several` and `poll`; `number`, the right answer or
    null, `tolerance` and `unit` to `number`; `accepted`, the right answers, to `text`. What belongs
    to other kinds is dropped. A question with `problems` is always a draft. `twin_of` is the slug
    of the question whose idea this one tests again, or null; without it, a stored one stays.
    """

    kind: KindName = "single"
    title: str = ""
    prompt: str = ""
    choices: list[ChoiceFields] = []
    number: float | None = None
    tolerance: float = 0.0
    unit: str = ""
    accepted: list[str] = []
    explanation: str = ""
    follow_up: str = ""
    tags: list[str] = []
    twin_of: Slug | None | UnsetType = UNSET
    draft: bool = False


class ChangedQuestion(QuestionFields, frozen=True, kw_only=True):
    """The whole content of a question as it shall be.

    `edit` is that of the question which was changed. `question` is another slug for it.
    """

    edit: Annotated[int, Meta(ge=0, le=2_000_000_000)]
    question: Slug | UnsetType = UNSET


class ShownProblem(Struct, frozen=True):
    """Why a class cannot be asked a question.

    `index` is the place in a list, from 0, and `limit` the bound that was passed, or null.
    """

    field: str
    flaw: str
    index: int | None
    limit: int | None
    message: str


class ShownChoice(Struct, frozen=True):
    text: str
    correct: bool
    feedback: str


class EditedQuestion(Struct, frozen=True, kw_only=True):
    """A question with everything that belongs to it, for those who lead its course.

    `edit` grows with each change. `asked` is how often classes were asked it, and `asked_now`
    whether a class is at it now: what that class sees stays as it was asked.
    """

    question: str
    edit: int
    draft: bool
    quick: bool
    asked: int
    asked_now: bool
    kind: str
    title: str
    prompt: str
    choices: list[ShownChoice]
    number: float | None
    tolerance: float
    unit: str
    accepted: list[str]
    explanation: str
    follow_up: str
    tags: list[str]
    twin_of: str | None
    problems: list[ShownProblem]


class QuestionOrder(Strict, frozen=True, kw_only=True):
    """Slugs of prepared questions, in the order in which they shall be."""

    questions: Slugs


class QuestionCopies(Strict, frozen=True, kw_only=True):
    """Questions to copy into `course`, another course that the user leads, or their own."""

    questions: Annotated[list[Slug], Meta(min_length=1, max_length=500)]
    course: Slug


class CopiedQuestions(Struct, frozen=True):
    """The slugs of the copies, in order."""

    course: str
    questions: list[str]


class QuestionPreview(Struct, frozen=True):
    """A question as students and the hall see it, with votes that are made up.

    `question` is that of the events, and `result` what comes with the reveal.
    """

    question: dict[str, Any]
    result: dict[str, Any]
    problems: list[ShownProblem]
