"""The questions of classes with bad habits, of all kinds, and the answers that students give."""

from rooms.peer.content import ChoiceContent, Kind, QuestionContent

MOST = 10
"""The most questions of a class."""


def _choices(right: str) -> tuple[ChoiceContent, ...]:
    return tuple(ChoiceContent(letter, letter in right) for letter in "ABCD")


_KINDS: tuple[tuple[QuestionContent, tuple[str, ...]], ...] = (
    (
        QuestionContent(
            kind=Kind.SINGLE,
            prompt="Which letter is the second one of the alphabet?",
            choices=_choices("B"),
        ),
        ("A", "B", "C", "D"),
    ),
    (
        QuestionContent(
            kind=Kind.SEVERAL, prompt="Which letters are vowels?", choices=_choices("A")
        ),
        ("A", "AB", "AD", "BC", "BCD"),
    ),
    (
        QuestionContent(
            kind=Kind.NUMBER, prompt="How many letters does the alphabet have?", number=26
        ),
        ("24", "25", "26", "27", "30"),
    ),
    (
        QuestionContent(kind=Kind.TEXT, prompt="Name a letter in words.", accepted=("alpha",)),
        ("alpha", "beta", "gamma", "delta"),
    ),
    (
        QuestionContent(kind=Kind.POLL, prompt="Which letter do you like?", choices=_choices("")),
        ("A", "B", "C", "D"),
    ),
)


def questions(count: int) -> list[tuple[QuestionContent, tuple[str, ...]]]:
    """Return so many questions, of all kinds in turn, each with answers in canonical form."""
    return [_KINDS[number % len(_KINDS)] for number in range(count)]
