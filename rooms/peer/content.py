"""The content of a question: what is asked, and which answers are right. Pure, without Django.

Everything that makes, changes, imports or exports questions passes a `QuestionContent`.
"""

import enum
import string
from dataclasses import dataclass

from accounts.text import shows
from rooms.peer import numerals

PROMPT_LIMIT = 10_000
"""Characters in a prompt, in Markdown."""
CHOICE_LIMIT = 500
"""Characters in the text of a choice, and in its feedback."""
MOST_CHOICES = 26
"""Choices of a question, one for each letter."""
ANSWER_LIMIT = 200
"""Characters in an answer to a question without choices."""
MOST_ACCEPTED = 50
"""Accepted answers to a question that asks for a short text."""
UNIT_LIMIT = 20
"""Characters in the unit of a number."""
EXPLANATION_LIMIT = 10_000
"""Characters in an explanation, and in a follow-up, in Markdown."""
TITLE_LIMIT = 200
"""Characters in a title, which only those who lead the course see."""
MOST_TAGS = 20
TAG_LIMIT = 40
"""Characters in a tag."""
LETTERS = string.ascii_uppercase


class Kind(enum.StrEnum):
    """The kinds of questions."""

    SINGLE = "single"
    SEVERAL = "several"
    NUMBER = "number"
    TEXT = "text"
    POLL = "poll"

    @property
    def has_choices(self) -> bool:
        """Return whether students choose among given answers."""
        return self in (Kind.SINGLE, Kind.SEVERAL, Kind.POLL)


@dataclass(frozen=True, slots=True)
class ChoiceContent:
    """A choice. Its letter follows from its place. `feedback` is shown with the result."""

    text: str
    is_correct: bool = False
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionContent:
    """The content of a question.

    Texts are in Markdown, except `title`, `unit`, `accepted` and `tags`. `choices` belong to the
    kinds that have them. `number` is the right answer of the kind `number`, or None if it is not
    known. Answers up to `tolerance` away from it are right, in the same `unit`. `accepted` are
    the right answers of the kind `text`, which are compared after folding.
    """

    kind: Kind = Kind.SINGLE
    title: str = ""
    prompt: str = ""
    choices: tuple[ChoiceContent, ...] = ()
    number: float | None = None
    tolerance: float = 0.0
    unit: str = ""
    accepted: tuple[str, ...] = ()
    explanation: str = ""
    follow_up: str = ""
    tags: tuple[str, ...] = ()


class Flaw(enum.StrEnum):
    """Names a flaw of a content."""

    NO_PROMPT = "no_prompt"
    TOO_LONG = "too_long"
    NUL = "nul"
    TOO_FEW_CHOICES = "too_few_choices"
    TOO_MANY_CHOICES = "too_many_choices"
    EMPTY_CHOICE = "empty_choice"
    SAME_CHOICE = "same_choice"
    NO_CORRECT = "no_correct"
    SEVERAL_CORRECT = "several_correct"
    CORRECT_IN_POLL = "correct_in_poll"
    BAD_NUMBER = "bad_number"
    BAD_TOLERANCE = "bad_tolerance"
    EMPTY_ANSWER = "empty_answer"
    TOO_MANY_ANSWERS = "too_many_answers"
    TOO_MANY_TAGS = "too_many_tags"
    EMPTY_TAG = "empty_tag"


@dataclass(frozen=True, slots=True)
class Problem:
    """A flaw of a field. `index` is the place in a list, from 0, and `limit` the passed bound."""

    field: str
    flaw: Flaw
    index: int | None = None
    limit: int | None = None


def problems(content: QuestionContent) -> list[Problem]:
    """Return why a class cannot be asked this content, empty if it can.

    A question that is still a draft may have all of these but `TOO_LONG`, `NUL`, and the ones about
    too many.
    """
    found = [*_bounds(content)]
    if not shows(content.prompt):
        found.append(Problem("prompt", Flaw.NO_PROMPT))
    if content.kind.has_choices:
        found += _choices(content)
    if content.kind == Kind.NUMBER:
        if content.number is not None and not numerals.can_be_given(content.number):
            found.append(Problem("number", Flaw.BAD_NUMBER))
        if not 0 <= content.tolerance <= numerals.GREATEST:
            found.append(Problem("tolerance", Flaw.BAD_TOLERANCE))
    if content.kind == Kind.TEXT:
        found += [
            Problem("accepted", Flaw.EMPTY_ANSWER, index)
            for index, answer in enumerate(content.accepted)
            if not shows(answer)
        ]
    return found


STORABLE = frozenset(Flaw) - {
    Flaw.TOO_LONG,
    Flaw.NUL,
    Flaw.TOO_MANY_CHOICES,
    Flaw.TOO_MANY_ANSWERS,
    Flaw.TOO_MANY_TAGS,
    Flaw.BAD_NUMBER,
    Flaw.BAD_TOLERANCE,
}
"""The flaws that a draft may have."""


def _bounds(content: QuestionContent) -> list[Problem]:
    texts = [
        ("title", None, content.title, TITLE_LIMIT),
        ("prompt", None, content.prompt, PROMPT_LIMIT),
        ("unit", None, content.unit, UNIT_LIMIT),
        ("explanation", None, content.explanation, EXPLANATION_LIMIT),
        ("follow_up", None, content.follow_up, EXPLANATION_LIMIT),
        *(("choices", i, one.text, CHOICE_LIMIT) for i, one in enumerate(content.choices)),
        *(("feedback", i, one.feedback, CHOICE_LIMIT) for i, one in enumerate(content.choices)),
        *(("accepted", i, one, ANSWER_LIMIT) for i, one in enumerate(content.accepted)),
        *(("tags", i, one, TAG_LIMIT) for i, one in enumerate(content.tags)),
    ]
    found = [
        Problem(field, Flaw.TOO_LONG, index, limit)
        for field, index, text, limit in texts
        if len(text) > limit
    ]
    found += [Problem(field, Flaw.NUL, index) for field, index, text, _ in texts if "\0" in text]
    for field, items, most, flaw in (
        ("choices", content.choices, MOST_CHOICES, Flaw.TOO_MANY_CHOICES),
        ("accepted", content.accepted, MOST_ACCEPTED, Flaw.TOO_MANY_ANSWERS),
        ("tags", content.tags, MOST_TAGS, Flaw.TOO_MANY_TAGS),
    ):
        if len(items) > most:
            found.append(Problem(field, flaw, limit=most))
    found += [
        Problem("tags", Flaw.EMPTY_TAG, index)
        for index, tag in enumerate(content.tags)
        if not shows(tag)
    ]
    return found


def _choices(content: QuestionContent) -> list[Problem]:
    found = []
    if len(content.choices) < 2:
        found.append(Problem("choices", Flaw.TOO_FEW_CHOICES, limit=2))
    seen: set[str] = set()
    for index, choice in enumerate(content.choices):
        text = choice.text.strip()
        if not shows(text):
            found.append(Problem("choices", Flaw.EMPTY_CHOICE, index))
        elif text in seen:
            found.append(Problem("choices", Flaw.SAME_CHOICE, index))
        seen.add(text)
    correct = [index for index, choice in enumerate(content.choices) if choice.is_correct]
    if content.kind == Kind.POLL:
        found += [Problem("choices", Flaw.CORRECT_IN_POLL, index) for index in correct]
    elif not correct:
        found.append(Problem("choices", Flaw.NO_CORRECT))
    elif content.kind == Kind.SINGLE:
        found += [Problem("choices", Flaw.SEVERAL_CORRECT, index) for index in correct[1:]]
    return found
