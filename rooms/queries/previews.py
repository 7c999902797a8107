"""A question as students and the hall would see it, with votes that are made up."""

from typing import Any, NamedTuple

import msgspec

from rooms import frames
from rooms.models import Course, Question, QuestionVersion
from rooms.peer.content import LETTERS, QuestionContent


class Preview(NamedTuple):
    """`question` is that of the events, and `result` what they have after the reveal."""

    question: dict[str, Any]
    result: dict[str, Any]


def preview(course: Course, content: QuestionContent) -> Preview:
    """Return what a class would see of a content, which is not stored."""
    version = unasked(course, content)
    return Preview(msgspec.to_builtins(frames.question(version)), {})


def unasked(course: Course, content: QuestionContent) -> QuestionVersion:
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
    return QuestionVersion(
        question=question,
        prompt=content.prompt,
        kind=content.kind.value,
        choices=choices,
        answer={},
        explanation=content.explanation,
        follow_up=content.follow_up,
    )
