"""Which reasons for other answers a student sees outside class. Pure, no I/O.

As in `peer.offers`, nothing can be concluded from them about which answer is right: each other
answer shows about as many, whatever students voted, and nothing here knows what is right.
"""

import enum
import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from rooms.peer.offers import Reason, hides_author, quality

EACH: Final = 2
"""The most reasons of students that are shown for each other answer."""
ANSWERS: Final = 5
"""The most other answers for which reasons of students are shown."""


class Source(enum.StrEnum):
    """What a reason belongs to."""

    SEED = "seed"
    VOTE = "vote"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reason that may be shown. `author` is None for one that those who lead wrote."""

    source: Source
    reason: Reason[Hashable]


def choose(
    candidates: Sequence[Candidate],
    *,
    reader: Hashable,
    answer: str,
    same: Callable[[str], str],
    rng: random.Random,
) -> list[Candidate]:
    """Choose the reasons that somebody sees who gave this answer, in the order to show them.

    All are for other answers, where `same` returns the same text for answers that count as equal.
    Those that lecturers wrote are all among them. Of each other answer there is at least one, as
    far as there are any; for more than `ANSWERS` other answers, some are chosen at random. The best
    come first, then shorter ones; a text that tells its author is never shown.
    """
    mine = same(answer)
    written = [
        one for one in candidates if one.source == Source.SEED and same(one.reason.answer) != mine
    ]
    by_answer: dict[str, list[Candidate]] = defaultdict(list)
    seen: set[tuple[Hashable, str]] = set()
    for one in rng.sample(candidates, len(candidates)):
        of = same(one.reason.answer)
        if one.source == Source.SEED or of == mine or one.reason.author == reader:
            continue
        # Nobody speaks twice for the same answer.
        if hides_author(one.reason) and (one.reason.author, of) not in seen:
            seen.add((one.reason.author, of))
            by_answer[of].append(one)
    others = rng.sample(sorted(by_answer), min(ANSWERS, len(by_answer)))
    chosen = list(written)
    for of in others:
        best = sorted(by_answer[of], key=lambda one: -quality(one.reason))
        # Texts of no substance are shown only where there is nothing better.
        good = [one for one in best if quality(one.reason)]
        chosen += (good or best[:1])[:EACH]
    order = {of: place for place, of in enumerate(_shuffled(chosen, same, rng))}
    rng.shuffle(chosen)
    return sorted(chosen, key=lambda one: order[same(one.reason.answer)])


def _shuffled(
    chosen: Sequence[Candidate], same: Callable[[str], str], rng: random.Random
) -> list[str]:
    answers = sorted({same(one.reason.answer) for one in chosen})
    rng.shuffle(answers)
    return answers
