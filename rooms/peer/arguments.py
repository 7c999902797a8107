"""Which arguments moved a class most. Pure, no I/O.

In the second vote, students say which message or reason convinced them. An argument is worth as
much as those whom it convinced have moved: each counts once, twice if they changed their answer,
and three times if they were wrong before and are right now.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

KEPT: Final = 1
"""The weight of a student who was convinced and gave the same answer again."""
CHANGED: Final = 2
"""The weight of a student who gave another answer."""
BECAME_RIGHT: Final = 3
"""The weight of a student who was wrong in the first vote and right in the second."""


@dataclass(frozen=True, slots=True)
class Convinced(Generic[K]):
    """A student whom an argument convinced, and what became of their answer.

    Whoever `became_right` has `changed` the answer. Where no right answer is known, nobody has.
    """

    argument: K
    changed: bool = False
    became_right: bool = False


@dataclass(frozen=True, slots=True)
class Standing(Generic[K]):
    """How many students an argument convinced, and how many of them changed or became right."""

    argument: K
    named: int
    changed: int
    became_right: int

    @property
    def weight(self) -> int:
        """Return what all whom it convinced count together."""
        kept = self.named - self.changed
        elsewhere = self.changed - self.became_right
        return KEPT * kept + CHANGED * elsewhere + BECAME_RIGHT * self.became_right


def ranked(convinced: Iterable[Convinced[K]], made_at: Mapping[K, float]) -> list[Standing[K]]:
    """Return how the arguments of `made_at` stand, the one that moved most first.

    Arguments of equal weight are ordered by the students who became right, then by those who
    changed their answer; then the earlier argument comes first, by its time in `made_at`, and at
    last the one that `made_at` names first. So the same convictions always give the same order.
    Arguments that convinced nobody, and convictions by other arguments, are left out.
    """
    by_argument: dict[K, list[Convinced[K]]] = defaultdict(list)
    for one in convinced:
        by_argument[one.argument].append(one)
    standings = [
        Standing(
            argument,
            named=len(those),
            changed=sum(one.changed or one.became_right for one in those),
            became_right=sum(one.became_right for one in those),
        )
        for argument in made_at
        if (those := by_argument.get(argument))
    ]
    # The sort is stable, so `made_at` decides at last.
    return sorted(
        standings,
        key=lambda one: (-one.weight, -one.became_right, -one.changed, made_at[one.argument]),
    )
