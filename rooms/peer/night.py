"""Who talks with whom outside class. Pure, no I/O."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Key]):
    """A student who waits for a partner, with the first answer."""

    key: Key
    answer: str


def pairs(
    waiting: Sequence[Waiting[Key]],
    *,
    apart: Collection[frozenset[Key]],
    same: Callable[[str], str],
) -> list[tuple[Key, Key]]:
    """Pair those who wait, who are given in the order in which they came.

    Whoever came first chooses first: the first one after them with another answer, or else with the
    same. `apart` has pairs who never work together. O(n²) for n who wait.
    """
    left = list(waiting)
    found: list[tuple[Key, Key]] = []
    # Another answer first, for everybody, as talking about it is the purpose.
    for differs in (True, False):
        remaining: list[Waiting[Key]] = []
        while left:
            one = left.pop(0)
            partner = next(
                (
                    other
                    for other in left
                    if (same(one.answer) != same(other.answer)) == differs
                    and frozenset((one.key, other.key)) not in apart
                ),
                None,
            )
            if partner is None:
                remaining.append(one)
            else:
                left.remove(partner)
                found.append((one.key, partner.key))
        left = remaining
    return found
