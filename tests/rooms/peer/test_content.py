"""Which contents of questions a class can be asked, and what is wrong with the others."""

from dataclasses import replace

import pytest

from rooms.peer import numerals
from rooms.peer.content import (
    MOST_CHOICES,
    PROMPT_LIMIT,
    STORABLE,
    ChoiceContent,
    Flaw,
    Kind,
    Problem,
    QuestionContent,
    problems,
)

RIGHT, WRONG = ChoiceContent("up", is_correct=True), ChoiceContent("down")
CHOOSE = QuestionContent(prompt="Where?", choices=(RIGHT, WRONG))
POLL = replace(CHOOSE, kind=Kind.POLL, choices=(replace(RIGHT, is_correct=False), WRONG))
NUMBER = QuestionContent(kind=Kind.NUMBER, prompt="How many?", number=3.0)
TEXT = QuestionContent(kind=Kind.TEXT, prompt="Who?", accepted=("Newton",))
SOUND = (CHOOSE, replace(CHOOSE, kind=Kind.SEVERAL), POLL, NUMBER, TEXT)


@pytest.mark.parametrize("content", SOUND, ids=lambda content: content.kind.value)
def test_a_sound_content_has_no_problems(content):
    assert problems(content) == []


@pytest.mark.parametrize("content", [replace(NUMBER, number=None), replace(TEXT, accepted=())])
def test_the_right_answer_may_be_given_in_the_class(content):
    assert problems(content) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (replace(CHOOSE, prompt=" \n"), Problem("prompt", Flaw.NO_PROMPT)),
        (replace(CHOOSE, prompt="\u200b"), Problem("prompt", Flaw.NO_PROMPT)),
        (
            replace(CHOOSE, prompt="x" * (PROMPT_LIMIT + 1)),
            Problem("prompt", Flaw.TOO_LONG, limit=PROMPT_LIMIT),
        ),
        (replace(CHOOSE, title="a\0b"), Problem("title", Flaw.NUL)),
        (replace(CHOOSE, choices=(RIGHT,)), Problem("choices", Flaw.TOO_FEW_CHOICES, limit=2)),
        (
            replace(CHOOSE, choices=(RIGHT, *(ChoiceContent(str(i)) for i in range(MOST_CHOICES)))),
            Problem("choices", Flaw.TOO_MANY_CHOICES, limit=MOST_CHOICES),
        ),
        (
            replace(CHOOSE, choices=(RIGHT, ChoiceContent("\u2060"))),
            Problem("choices", Flaw.EMPTY_CHOICE, 1),
        ),
        (
            replace(CHOOSE, choices=(RIGHT, ChoiceContent(" up "))),
            Problem("choices", Flaw.SAME_CHOICE, 1),
        ),
        (replace(CHOOSE, choices=POLL.choices), Problem("choices", Flaw.NO_CORRECT)),
        (
            replace(CHOOSE, choices=(RIGHT, replace(WRONG, is_correct=True))),
            Problem("choices", Flaw.SEVERAL_CORRECT, 1),
        ),
        (replace(POLL, choices=CHOOSE.choices), Problem("choices", Flaw.CORRECT_IN_POLL, 0)),
        (replace(NUMBER, number=float("nan")), Problem("number", Flaw.BAD_NUMBER)),
        (replace(NUMBER, tolerance=-1.0), Problem("tolerance", Flaw.BAD_TOLERANCE)),
        (
            replace(NUMBER, tolerance=numerals.GREATEST * 10),
            Problem("tolerance", Flaw.BAD_TOLERANCE),
        ),
        (replace(TEXT, accepted=("Newton", "\u00ad")), Problem("accepted", Flaw.EMPTY_ANSWER, 1)),
        (
            replace(TEXT, accepted=tuple(map(str, range(51)))),
            Problem("accepted", Flaw.TOO_MANY_ANSWERS, limit=50),
        ),
        (replace(CHOOSE, tags=("a", " ")), Problem("tags", Flaw.EMPTY_TAG, 1)),
        (
            replace(CHOOSE, tags=tuple(map(str, range(21)))),
            Problem("tags", Flaw.TOO_MANY_TAGS, limit=20),
        ),
    ],
    ids=lambda value: f"{value.field} {value.flaw}" if isinstance(value, Problem) else "",
)
def test_each_flaw(content, expected):
    assert problems(content) == [expected]


def test_a_draft_may_be_unfinished_but_not_without_bounds():
    unfinished = QuestionContent(choices=(ChoiceContent(""),))
    assert {problem.flaw for problem in problems(unfinished)} <= STORABLE
    assert Flaw.TOO_LONG not in STORABLE
