"""A question as students and the hall would see it, with votes that are made up."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from rooms import frames
from rooms.models import Course, Question, QuestionVersion
from rooms.peer import numerals
from rooms.peer.answers import AnswerKey
from rooms.peer.content import LETTERS, Kind, QuestionContent
from rooms.queries.outcome import Outcome

STUDENTS: Final = 30
_RIGHT: Final = (12, 21)
"""The made-up students who are right in each round."""


class Preview(NamedTuple):
    """`question` is that of the events, and `result` what they have after the reveal."""

    question: dict[str, Any]
    result: dict[str, Any]


def preview(course: Course, content: QuestionContent) -> Preview:
    """Return what a class would see of a content, which is not stored."""
    version = _unasked(course, content)
    counts = (_votes(version.key, _RIGHT[0]), _votes(version.key, _RIGHT[1]))
    return Preview(
        msgspec.to_builtins(frames.question(version)),
        msgspec.to_builtins({**Outcome(version, counts).result, "here": STUDENTS}),
    )


def _unasked(course: Course, content: QuestionContent) -> QuestionVersion:
    """Return the version that a question with this content would be asked in."""
    question = Question(course=course, slug="preview")
    question.set_content(content)
    choices = [
        {
            "letter": letter,
            "text": one.text,
            "is_correct": one.is_correct,
            **({"feedback": one.feedback} if one.feedback else {}),
        }
        for letter, one in zip(LETTERS, content.choices, strict=False)
    ]
    return QuestionVersion.made(question, choices)


def _votes(key: AnswerKey, right: int) -> Counter[str]:
    """Return the answers of the made-up students, of whom so many are right."""
    wrong = list(_wrong(key))
    if key.correct is None:
        # Nobody is right; the rounds differ all the same.
        answers = wrong or [""]
        return Counter(answers[(n * n + right) % len(answers)] for n in range(STUDENTS) if answers)
    votes = Counter({key.correct: right})
    for number in range(STUDENTS - right):
        if wrong:
            votes[wrong[number * number % len(wrong)]] += 1
    return votes


def _wrong(key: AnswerKey) -> Iterable[str]:
    match key.kind:
        case Kind.NUMBER:
            middle = 10.0 if key.number is None else key.number
            for share in (-0.5, -0.1, 0.2, 1.0):
                yield numerals.written(middle + (share * abs(middle) or share * 10))
        case Kind.TEXT:
            yield from key.accepted[1:4] or ("?",)
        case Kind.SEVERAL:
            yield from (letter for letter in key.letters if letter != key.correct)
            yield "".join(key.letters)
        case _:
            yield from (letter for letter in key.letters if letter != key.correct)
