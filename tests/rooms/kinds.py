"""A question of each kind, with all that a question can have, and answers to it."""

from dataclasses import dataclass

from rooms.models import Choice, Course, Question
from rooms.peer.content import LETTERS, ChoiceContent, Kind, QuestionContent


@dataclass(frozen=True)
class Asked:
    """A question and what comes of it.

    `answers` are those of four students as they send them, and `stored` as the server keeps them.
    `bars` are those of these votes, and `right` the bars that count as right.
    """

    content: QuestionContent
    answers: tuple[str, str, str, str]
    stored: tuple[str, str, str, str]
    bars: dict[str, int]
    right: tuple[str, ...]
    correct: str | None
    refused: tuple[str, ...]


RESULT = {
    *("correct", "histograms", "right", "voters", "tolerance", "explanation", "explanation_html"),
    *("follow_up", "follow_up_html", "feedback"),
}
"""The fields of a result, which nobody gets before the reveal."""


def _choices(*texts: str, right: str = "") -> tuple[ChoiceContent, ...]:
    return tuple(
        ChoiceContent(text, letter in right, f"SECRET feedback on {letter}")
        for letter, text in zip(LETTERS, texts, strict=False)
    )


EXPLANATION = "SECRET *why*"
FOLLOW_UP = "SECRET question that follows"
KINDS: dict[str, Asked] = {
    "single": Asked(
        QuestionContent(
            kind=Kind.SINGLE,
            prompt="Which is **even**?",
            choices=_choices("one", "`two`", "three", right="B"),
            explanation=EXPLANATION,
            follow_up=FOLLOW_UP,
        ),
        ("B", "A", "B", "C"),
        ("B", "A", "B", "C"),
        {"A": 1, "B": 2, "C": 1},
        ("B",),
        "B",
        ("D", "AB", "", "b"),
    ),
    "several": Asked(
        QuestionContent(
            kind=Kind.SEVERAL,
            prompt="Which are even?",
            choices=_choices("one", "two", "three", "four", right="BD"),
            explanation=EXPLANATION,
            follow_up=FOLLOW_UP,
        ),
        ("DB", "B", "A, B, D", "C"),
        ("BD", "B", "ABD", "C"),
        {"A": 1, "B": 3, "C": 1, "D": 2},
        ("B", "D"),
        "BD",
        ("E", "", "bd", "B+D"),
    ),
    "number": Asked(
        QuestionContent(
            kind=Kind.NUMBER,
            prompt="How fast does it fall?",
            number=98.125,
            tolerance=0.25,
            unit="m/s²",
            explanation=EXPLANATION,
            follow_up=FOLLOW_UP,
        ),
        ("98,125", "98.3 m/s²", "101", "9"),
        ("98.125", "98.3", "101", "9"),
        {"9": 1, "98.125": 1, "98.3": 1, "101": 1},
        ("98.125", "98.3"),
        "98.125",
        ("fast", "", "1e999", "9 m"),
    ),
    "text": Asked(
        QuestionContent(
            kind=Kind.TEXT,
            prompt="What is it?",
            accepted=("Mitochondria", "SECRET too"),
            explanation=EXPLANATION,
            follow_up=FOLLOW_UP,
        ),
        (" Mitochondria ", "the  nucleus", "mitochondria.", "=1+1"),
        ("Mitochondria", "the nucleus", "mitochondria.", "=1+1"),
        {"Mitochondria": 2, "=1+1": 1, "the nucleus": 1},
        ("Mitochondria",),
        "Mitochondria",
        ("", " ", "x" * 201),
    ),
    "poll": Asked(
        QuestionContent(
            kind=Kind.POLL,
            prompt="How are you?",
            choices=_choices("well", "ill"),
            explanation=EXPLANATION,
            follow_up=FOLLOW_UP,
        ),
        ("A", "B", "A", "A"),
        ("A", "B", "A", "A"),
        {"A": 3, "B": 1},
        (),
        None,
        ("C", "AB", ""),
    ),
}


def store(course: Course, slug: str, content: QuestionContent, **fields: object) -> Question:
    """Store a question in a course."""
    question = Question(course=course, slug=slug, **fields)
    question.set_content(content)
    question.save()
    Choice.objects.bulk_create(
        Choice(
            question=question,
            letter=letter,
            text=one.text,
            is_correct=one.is_correct,
            feedback=one.feedback,
        )
        for letter, one in zip(LETTERS, content.choices, strict=False)
    )
    return question


def ask_all(course: Course) -> None:
    """Give a course a question of each kind, whose slugs are the kinds."""
    for kind, asked in KINDS.items():
        store(course, kind, asked.content)
