"""Tells how partner groups talk, from numbers alone. Pure, no I/O: nothing here sees a text.

A lecturer with fifty groups cannot read along. Who wrote how often, and when last, tells where a
visit is worth it. The thresholds are in seconds; they are rules of thumb, for talks of two to five
minutes.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SILENT_AFTER = 45.0
"""So long after the talk began, a group of which nobody has written counts as silent."""
ANSWER_WITHIN = 45.0
"""So long may the first words of a group wait for an answer."""
QUIET_AFTER = 60.0
"""So long after the last message, a group in which several wrote counts as agreed."""
LEAST_MESSAGES = 4
"""With fewer messages, nobody has written too many of them."""
MOST_OF_ALL = 0.8
"""A member who wrote more than this share of the messages talks alone."""
ASKED = 3
"""The groups that the lecturer is told to ask."""


class Talk(enum.StrEnum):
    """How a group talks.

    `starting`: it is too early to tell. `silent`: nobody has written. `one_sided`: one member
    writes, and the others do not, or hardly. `agreed`: several wrote, and no more. `lively`: they
    write to each other. `face_to_face`: they are in the hall and need not write, so their silence
    tells nothing. `away`: nobody wrote, and fewer than two of them are here.
    """

    SILENT = "silent"
    ONE_SIDED = "one_sided"
    AGREED = "agreed"
    LIVELY = "lively"
    STARTING = "starting"
    FACE_TO_FACE = "face_to_face"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Counts:
    """Holds the facts known of a group.

    `written` has the number of messages of each member who has written. `age`, `first_ago` and
    `last_ago` are in seconds: since the talk began for the group, and since its first and last
    message; None if there was none. `here` is the number of members who are online. `may_speak` is
    true if they are in the hall together.
    """

    members: int
    here: int
    written: Sequence[int] = ()
    age: float | None = None
    first_ago: float | None = None
    last_ago: float | None = None
    may_speak: bool = False


def classify(counts: Counts) -> Talk:
    """Return how a group talks."""
    if not counts.written or counts.first_ago is None or counts.last_ago is None:
        return _unwritten(counts)
    if counts.last_ago >= QUIET_AFTER and len(counts.written) > 1:
        return Talk.FACE_TO_FACE if counts.may_speak else Talk.AGREED
    if _is_one_sided(counts.written, counts.first_ago):
        return Talk.FACE_TO_FACE if counts.may_speak else Talk.ONE_SIDED
    return Talk.LIVELY if len(counts.written) > 1 else Talk.STARTING


def _unwritten(counts: Counts) -> Talk:
    if counts.age is None:
        return Talk.STARTING
    if counts.may_speak:
        return Talk.FACE_TO_FACE
    if counts.age < SILENT_AFTER:
        return Talk.STARTING
    return Talk.SILENT if counts.here > 1 else Talk.AWAY


def _is_one_sided(written: Sequence[int], first_ago: float) -> bool:
    if len(written) == 1:
        return first_ago >= ANSWER_WITHIN
    total = sum(written)
    return total >= LEAST_MESSAGES and max(written) > MOST_OF_ALL * total


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that the lecturer may ask.

    `mixed` and `right` tell whether its voters answered differently, and how many were right; None
    if that is not known.
    """

    number: int
    talk: Talk
    here: int
    messages: int
    mixed: bool | None = None
    right: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """A group to ask, and why, in codes: its `Talk`, then `different_answers`, `same_answer`,
    `nobody_right`."""

    number: int
    why: tuple[str, ...]


def whom_to_ask(candidates: Iterable[Candidate]) -> list[Advice]:
    """Choose at most three groups, each for another reason, the same ones for the same numbers.

    The first is silent, the second one-sided, the third lively over different answers without
    anybody right. Where there is no such group, one that agreed early takes its place, then one
    that speaks in the hall. Groups of which nobody is here are left out.
    """
    left = sorted((one for one in candidates if one.here), key=lambda one: one.number)
    chosen: list[Candidate] = []
    for kind in (Talk.SILENT, Talk.ONE_SIDED, Talk.LIVELY, Talk.AGREED, Talk.FACE_TO_FACE):
        found = [one for one in left if one.talk is kind]
        if found and len(chosen) < ASKED:
            chosen.append(max(found, key=_worth))
    # All groups may talk alike.
    spare = [one for one in left if one not in chosen and one.talk is not Talk.STARTING]
    spare.sort(key=_worth, reverse=True)
    chosen += spare[: ASKED - len(chosen)]
    return [Advice(one.number, _why(one)) for one in chosen]


def _worth(one: Candidate) -> tuple[bool, bool, int, int]:
    """Return what makes a group worth a visit among those that talk alike."""
    return (one.mixed is True, one.right == 0, one.here, one.messages)


def _why(one: Candidate) -> tuple[str, ...]:
    why = [one.talk.value]
    if one.mixed is not None:
        why.append("different_answers" if one.mixed else "same_answer")
    if one.right == 0:
        why.append("nobody_right")
    return tuple(why)
