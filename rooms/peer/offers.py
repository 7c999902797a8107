"""Which partner groups see a reason for another answer, and which one. Pure, no I/O.

A group in which all who voted gave the same answer has nobody to argue with. It is offered the
reason of somebody else, who consented, for another answer.

Nothing can be concluded from an offer about which answer is right. The functions here do not know
it: answers come with what tells equal ones apart, and never with what judges them. Each answer that
has a reason is as likely to be offered as each other one, however many voted for it and wrote about
it. So the answer of the majority, and that of those who write most, is not offered more often.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from accounts.text import name_key, seen

Key = TypeVar("Key", bound=Hashable)

LEAST: Final = 25
"""The fewest letters of a reason that is offered. Fewer are seldom more than an assertion."""
LEAST_DENSE: Final = 10
"""The same for scripts in which a letter is a word or a syllable."""
GOOD: Final = 80
"""Letters from which on a reason counts as an argument, which is preferred."""
MOST: Final = 600
"""The longest reason that is offered, in characters: partners are to talk, and not to read."""
DIFFERENT: Final = 6
"""The fewest different letters, which "aaaaaaaa" and "hahahaha" do not have."""

_LETTER: Final = re.compile(r"[^\W\d_]")
_DENSE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
# Leads to a person or away from the class.
_ADDRESS: Final = re.compile(r"@|://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reason(Generic[Key]):
    """A reason whose author consented. `names` are those by which others know the author."""

    key: int
    author: Key
    answer: str
    text: str
    names: Sequence[str] = ()


def quality(reason: Reason[Key]) -> int:
    """Return how good a reason is to offer: 2 for an argument, 1 for a short one, 0 for none.

    It depends on the form of the text alone. A text that names its author, or has an address, is
    not offered, as the author is to stay unknown.
    """
    text = seen(reason.text)
    letters = _LETTER.findall(text)
    dense = 2 * len(_DENSE.findall(text)) > len(letters)
    if len(text) > MOST or len(letters) < (LEAST_DENSE if dense else LEAST):
        return 0
    if len(set(name_key("".join(letters)))) < DIFFERENT or not hides_author(reason):
        return 0
    return 2 if len(letters) >= (GOOD * LEAST_DENSE // LEAST if dense else GOOD) else 1


def hides_author(reason: Reason[Key]) -> bool:
    """Return whether a text neither names its author nor has an address."""
    text = seen(reason.text)
    return not _ADDRESS.search(text) and not _names_author(text, reason.names)


def lacks_another(answers: Sequence[str | None], same: Callable[[str], str]) -> bool:
    """Return whether the members of a group who voted, at least one, all gave the same answer."""
    return len({same(answer) for answer in answers if answer is not None}) == 1


def choose(
    groups: Sequence[Sequence[tuple[Key, str | None]]],
    reasons: Sequence[Reason[Key]],
    *,
    same: Callable[[str], str],
    rng: random.Random,
) -> list[Reason[Key] | None]:
    """Choose a reason for each group in which all who voted gave the same answer, or None.

    `groups` have their members with their answers, None without a vote. `same` returns the same
    text for answers that count as equal, and knows nothing of what is right. A reason is never for
    the answer of the group, nor by one of its members. First an answer is chosen at random, of
    those that groups of the same answer were offered least so far. Then of its reasons the best are
    taken, in turns, so that as many different ones as possible are seen. O(groups * answers +
    reasons).
    """
    by_answer: dict[str, list[Reason[Key]]] = defaultdict(list)
    rank = {id(one): quality(one) for one in reasons}
    for one in rng.sample(reasons, len(reasons)):
        if rank[id(one)]:
            by_answer[same(one.answer)].append(one)
    queues = {answer: _best(found, rank) for answer, found in by_answer.items()}
    # By the answer of the group: else the most frequent one would be offered more often to others.
    offered: dict[str, Counter[str]] = defaultdict(Counter)
    chosen: list[Reason[Key] | None] = [None] * len(groups)
    for index in rng.sample(range(len(groups)), len(groups)):
        members = groups[index]
        if not lacks_another([answer for _, answer in members], same):
            continue
        mine = next(same(answer) for _, answer in members if answer is not None)
        users = {key for key, _ in members}
        others = [answer for answer in queues if answer != mine]
        rng.shuffle(others)
        for answer in sorted(others, key=offered[mine].__getitem__):
            turn = _take(queues[answer], users)
            if turn is not None:
                chosen[index] = turn
                offered[mine][answer] += 1
                break
    return chosen


def _best(found: list[Reason[Key]], rank: dict[int, int]) -> list[Reason[Key]]:
    """Return the reasons for an answer that count as arguments, or all if there are none."""
    return [one for one in found if rank[id(one)] == 2] or found


def _take(queue: list[Reason[Key]], users: set[Key]) -> Reason[Key] | None:
    """Return the first reason of a queue by nobody of these users, which becomes the last one."""
    for place, one in enumerate(queue):
        if one.author not in users:
            queue.append(queue.pop(place))
            return one
    return None


def _names_author(text: str, names: Sequence[str]) -> bool:
    """Return whether a text has a name of its author, or a part of the name, as a word."""
    words = set(re.findall(r"\w+", name_key(text)))
    parts = {part for name in names for part in re.findall(r"\w+", name_key(name))}
    return any(len(part) > 2 and part in words for part in parts)
