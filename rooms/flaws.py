"""Describes the flaws of a question in sentences for the people who write it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rooms.peer.content import LETTERS, Flaw, Problem

_TOO_LONG: dict[str, Promise] = {
    "title": _("The title has more than %(limit)s characters."),
    "prompt": _("The question has more than %(limit)s characters."),
    "unit": _("The unit has more than %(limit)s characters."),
    "explanation": _("The explanation has more than %(limit)s characters."),
    "follow_up": _("The follow-up has more than %(limit)s characters."),
    "choices": _("Choice %(letter)s has more than %(limit)s characters."),
    "feedback": _("The feedback on choice %(letter)s has more than %(limit)s characters."),
    "accepted": _("Accepted answer %(number)s has more than %(limit)s characters."),
    "tags": _("Tag %(number)s has more than %(limit)s characters."),
}
_SENTENCES: dict[Flaw, Promise] = {
    Flaw.NO_PROMPT: _("Write the question."),
    Flaw.NUL: _("This text has a character that cannot be stored."),
    Flaw.TOO_FEW_CHOICES: _("A question needs at least %(limit)s choices."),
    Flaw.TOO_MANY_CHOICES: _("A question has %(limit)s choices at most."),
    Flaw.EMPTY_CHOICE: _("Choice %(letter)s is empty."),
    Flaw.SAME_CHOICE: _("Choice %(letter)s is the same as one before it."),
    Flaw.NO_CORRECT: _("Mark which choice is right."),
    Flaw.SEVERAL_CORRECT: _(
        "Only one choice can be right: unmark choice %(letter)s, or ask for several choices."
    ),
    Flaw.CORRECT_IN_POLL: _("A poll has no right answer: unmark choice %(letter)s."),
    Flaw.BAD_NUMBER: _("The right answer is not a number, or too large or too small."),
    Flaw.BAD_TOLERANCE: _("The tolerance must be a number, 0 or more."),
    Flaw.EMPTY_ANSWER: _("Accepted answer %(number)s is empty."),
    Flaw.TOO_MANY_ANSWERS: _("A question has %(limit)s accepted answers at most."),
    Flaw.TOO_MANY_TAGS: _("A question has %(limit)s tags at most."),
    Flaw.EMPTY_TAG: _("Tag %(number)s is empty."),
}

TWINS: dict[str, Promise] = {
    "unknown_twin": _("The course no longer has the chosen question. Choose another one."),
    "twin_of_itself": _("A question cannot be its own twin. Choose another one."),
    "twin_of_twin": _(
        "The chosen question is a twin itself. Choose the question that it is the twin of."
    ),
    "has_twins": _("This question has twins, so it cannot be the twin of another one."),
}
"""Why a question cannot be the twin of another one."""


def sentence(problem: Problem) -> str:
    """Return a sentence about a problem, in the language of the page."""
    told = _TOO_LONG[problem.field] if problem.flaw == Flaw.TOO_LONG else _SENTENCES[problem.flaw]
    named: dict[str, object] = {"limit": problem.limit}
    if problem.index is not None:
        # A file may have more choices than letters.
        is_letter = problem.index < len(LETTERS)
        number = str(problem.index + 1)
        named |= {"number": number, "letter": LETTERS[problem.index] if is_letter else number}
    return str(told) % named


def templates() -> dict[str, str]:
    """Return the sentences, with places for `limit`, `letter` and `number`, for a script.

    The keys are those of the flaws and of `TWINS`, and for what is too long `too_long.` and the
    field.
    """
    too_long = {f"{Flaw.TOO_LONG}.{field}": str(told) for field, told in _TOO_LONG.items()}
    plain = {str(flaw): str(told) for flaw, told in [*_SENTENCES.items(), *TWINS.items()]}
    return plain | too_long
