"""The results of questions as the class was shown them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.people import User
from rooms import frames
from rooms.models import QuestionVersion
from rooms.peer.phases import Phase
from rooms.permissions import enrolled
from rooms.queries.classroom import class_session
from rooms.queries.questions import reveals, versions_at
from rooms.queries.slugs import find_question
from rooms.queries.takes import withheld
from rooms.wire.events import Result


@dataclass(frozen=True, slots=True)
class ChoiceResult:
    """A choice of a question and its votes in the first and the second round."""

    letter: str
    text: str
    is_correct: bool
    votes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """A bar of the result and its votes in the first and the second round.

    `answer` is the letter of a choice, a number, a range of numbers, a short text, or `…` for all
    short texts that only few gave.
    """

    answer: str
    is_right: bool
    votes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Results:
    """The results that the last reveal of a question showed to the class.

    `result` has the fields of the `control` event of that reveal.
    """

    course: str
    question: str
    prompt: str
    choices: tuple[ChoiceResult, ...]
    revealed_at: datetime
    asked: QuestionVersion
    result: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of the question: `single`, `several`, `number`, `text` or `poll`."""
        return self.asked.kind

    @property
    def correct(self) -> str | None:
        """The right answer, or the first one; None for a question without a known one."""
        return self.asked.correct

    @property
    def answers(self) -> tuple[AnswerResult, ...]:
        """The bars of the result, in the order in which they are shown."""
        first, second = self.result["histograms"]
        right = self.result.get("right", [self.correct])
        return tuple(
            AnswerResult(bar, bar in right, (first.get(bar, 0), second.get(bar, 0)))
            for bar in first
        )

    @property
    def votes(self) -> tuple[int, int]:
        """The votes of the first and the second round; 0 for a round that there was not."""
        voters = self.result.get("voters")
        if voters is not None:
            return voters[0], voters[1]
        first, second = self.result["histograms"]
        return sum(first.values()), sum(second.values())

    @property
    def explanation(self) -> str:
        """The explanation that was shown with the result, in Markdown, or an empty text."""
        return str(self.result.get("explanation", ""))


def revealed_results(user: User, slug: str, question: str) -> Results | None:
    """The results of a question, for a member of the course; None until they were revealed.

    While the class is at the question again, there are none for anybody until the next reveal. Nor
    are there any for a student who is still to answer it outside class (`takes.withheld`). Raises
    PermissionDenied for one who is not in the course.
    """
    course = enrolled(user, slug).course
    found = find_question(course, question)
    if found is None or found.pk in withheld(user, course):
        return None
    session = class_session(course)
    if session is not None and session.phase not in (Phase.IDLE, Phase.REVEALED):
        assert session.current_round is not None
        if session.current_round.question_id == found.pk:
            return None
    reveal = reveals(course).filter(control__question__question=found.slug).last()
    if reveal is None or reveal.control is None:
        return None
    asked = versions_at([found], {found.slug: reveal.created_at}).get(found.pk)
    if asked is None:
        return None
    told = frames.told(reveal.control)
    first, second = told["histograms"]
    return Results(
        course=course.slug,
        question=found.slug,
        prompt=asked.prompt,
        choices=tuple(
            ChoiceResult(
                letter,
                choice["text"],
                choice["is_correct"],
                (first.get(letter, 0), second.get(letter, 0)),
            )
            for letter, choice in zip(asked.letters, asked.choices, strict=True)
        ),
        revealed_at=reveal.created_at,
        asked=asked,
        result={name: told[name] for name in Result.__struct_fields__ if name in told},
    )
