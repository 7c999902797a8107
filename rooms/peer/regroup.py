"""Chooses how a partner group is split in two. Pure, no I/O."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

LEAST_TO_SPLIT = 4
"""Of a smaller group, splitting would leave somebody alone."""
JOINED_LIMIT = 8
"""The most members of a group that is joined from two."""


@dataclass(frozen=True, slots=True)
class Member(Generic[Key]):
    """A member of a group, their answer (None without a vote), and whether they are online."""

    key: Key
    answer: str | None = None
    here: bool = True


def halves(members: Sequence[Member[Key]]) -> tuple[list[Key], list[Key]]:
    """Split the members of a group in two, the first half the larger one.

    Nobody is left alone: there are two in each half at least. Those who answered alike go to
    different halves, so that both have different answers where that is possible. If only two or
    three are online, they stay together in the first half as far as it has room. Raises ValueError
    for fewer than four members.
    """
    if len(members) < LEAST_TO_SPLIT:
        raise ValueError("a group of fewer than four cannot be split")
    half = (len(members) + 1) // 2
    ordered = sorted(members, key=lambda one: (not one.here, one.answer is None, one.answer or ""))
    keys = [one.key for one in ordered]
    if 2 <= sum(one.here for one in ordered) < LEAST_TO_SPLIT:
        return keys[:half], keys[half:]
    return keys[::2], keys[1::2]
