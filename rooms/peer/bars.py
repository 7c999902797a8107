"""The bars of a histogram: the votes of a round, grouped by answer. Pure, without Django.

Bars depend on the answers alone and not on which are right, as they may be shown before that is.
"""

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rooms.peer import numerals
from rooms.peer.answers import REST, AnswerKey, fold
from rooms.peer.content import Kind

DISTINCT: Final = 12
"""The most different numbers that have a bar each."""
BINS: Final = 10
"""The bars of more different numbers."""
GROUPS: Final = 30
"""The most short texts that have a bar each."""
BETWEEN: Final = " \N{EN DASH} "
"""Stands between the bounds of a bar for many numbers."""

Counts = Mapping[str, int]
"""The votes for each canonical answer."""


def tally(key: AnswerKey, rounds: Sequence[Counts | None]) -> list[dict[str, int]]:
    """Return the bars of the rounds of a question, in the order in which they are shown.

    A round that did not happen is None and has no bars. The others have the same bars, so that they
    can be compared. Choices have a bar each; a vote for several counts in each of theirs. Numbers
    have a bar each, from the least to the greatest, or if there are more than 12, there are ten
    bars for equal ranges of numbers, the first and last of which also have what is far away
    (from 1 to less than 2.5, for example). Short texts that are equal after folding share a bar,
    which has their most frequent spelling; the 30 most frequent ones come first, and then all
    others under `…`.
    """
    happened = [counts for counts in rounds if counts is not None]
    match key.kind:
        case Kind.NUMBER:
            bars, bar_of = _of_numbers(happened)
        case Kind.TEXT:
            bars, bar_of = _of_texts(happened)
        case _:
            bars, bar_of = list(key.letters), {}
    told: list[dict[str, int]] = []
    for counts in rounds:
        shown = {} if counts is None else dict.fromkeys(bars, 0)
        for answer, votes in (counts or {}).items():
            found = answer if key.kind.has_choices else [bar_of[answer]]
            for bar in found:
                # A letter of no choice can only come from a change of the database by hand.
                shown[bar] = shown.get(bar, 0) + votes
        told.append(shown)
    return told


def right_bars(key: AnswerKey, bars: Iterable[str]) -> list[str]:
    """Return those of the bars that count as right.

    A bar for a range of numbers does if the range has a right one.
    """
    bars = list(bars)
    match key.kind:
        case Kind.POLL:
            return []
        case Kind.NUMBER:
            return [
                bar
                for number, bar in enumerate(bars, start=1)
                if _is_right(key, bar, is_last=number == len(bars))
            ]
        case Kind.TEXT:
            return [bar for bar in bars if bar != REST and key.is_right(bar)]
    return [bar for bar in bars if bar in key.right]


def _is_right(key: AnswerKey, bar: str, *, is_last: bool) -> bool:
    if BETWEEN not in bar:
        return key.is_right(bar)
    if key.number is None:
        return False
    low, high = map(float, bar.split(BETWEEN))
    least, most = key.number - key.tolerance, key.number + key.tolerance
    return low <= most and (least <= high if is_last else least < high)


def _of_numbers(happened: Iterable[Counts]) -> tuple[list[str], dict[str, str]]:
    """Return the bars for numbers, and the one of each answer."""
    votes: Counter[str] = Counter()
    for counts in happened:
        votes.update(counts)
    answers = sorted(votes, key=float)
    if len(answers) <= DISTINCT:
        return answers, {answer: answer for answer in answers}
    edges = _edges([float(answer) for answer in answers for _ in range(votes[answer])])
    labels = [
        f"{numerals.written(low)}{BETWEEN}{numerals.written(high)}"
        for low, high in itertools.pairwise(edges)
    ]
    last = len(labels) - 1
    return labels, {
        answer: labels[min(bisect.bisect_right(edges, float(answer)) - 1, last)]
        for answer in answers
    }


def _edges(numbers: Sequence[float]) -> list[float]:
    """Return the rising bounds of the bars for some numbers, which are sorted.

    Numbers far beyond the middle half do not stretch the bars. The bounds are rounded as much as
    they can be, so that the labels are short.
    """
    least, most = numbers[0], numbers[-1]
    quarter = len(numbers) // 4
    low, high = numbers[quarter], numbers[-1 - quarter]
    far = 3 * (high - low)
    low, high = max(least, low - far), min(most, high + far)
    if low == high:
        low, high = least, most
    for digits in range(3, 18):
        steps = (low + (high - low) * place / BINS for place in range(1, BINS))
        edges = [least, *(float(f"{step:.{digits}g}") for step in steps), most]
        if edges == sorted(set(edges)):
            return edges
    # Hardly anything fits between numbers that are so near to each other.
    return [least, most]


def _of_texts(happened: Iterable[Counts]) -> tuple[list[str], dict[str, str]]:
    """Return the bars for short texts, and the one of each answer."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for counts in happened:
        for answer, votes in counts.items():
            groups[fold(answer)][answer] += votes
    frequent = sorted(groups, key=lambda group: (-groups[group].total(), group))
    label_of = {
        group: min(groups[group], key=lambda answer: (-groups[group][answer], answer))
        for group in frequent[:GROUPS]
    }
    bars = [*label_of.values(), *([REST] if len(frequent) > GROUPS else [])]
    return bars, {
        answer: label_of.get(group, REST) for group in frequent for answer in groups[group]
    }
