"""The questions of a try-out of a course that has none."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Sample:
    """A question; `correct` is the letter of one of the choices, which are A, B, C ..."""

    slug: str
    prompt: str | Promise
    choices: tuple[str | Promise, ...]
    correct: str


SAMPLES = (
    Sample(
        "ice-in-a-full-glass",
        _(
            "A glass is filled to the brim with water in which a piece of ice floats. What happens "
            "to the level of the water while the ice melts?"
        ),
        (
            _("It rises, and the glass overflows."),
            _("It falls."),
            _("It stays at the brim."),
            _("That depends on how much of the ice sticks out."),
        ),
        "C",
    ),
    Sample(
        "five-heads",
        _(
            "A fair coin has shown heads five times in a row. Which side is more likely in the "
            "next toss?"
        ),
        (
            _("Heads, because the coin is on a streak."),
            _("Tails, because it is due."),
            _("Neither: both are equally likely."),
        ),
        "C",
    ),
    Sample(
        "bat-and-ball",
        _(
            "A bat and a ball cost 11 euros together. The bat costs 10 euros more than the ball. "
            "How much does the ball cost?"
        ),
        (
            _("1 euro"),
            _("50 cents"),
            _("10 euros"),
            _("It cannot be said without another price."),
        ),
        "B",
    ),
)
