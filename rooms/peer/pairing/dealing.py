"""Groups in which different answers meet, dealt like cards. Exact, in O(n log n).

The students of a pool give v votes; n_max of them are the most frequent answer, and R are right,
with one answer or several. There are g groups of two or more. A group is *mixed* if two of its
members gave different answers. A group with one vote or none is not: there is nothing to discuss
between answers. Let

    M = min(g, v // 2, v - n_max)        T = min(g, R, v - M)

**No grouping has more than M mixed groups.** There are g groups. Each mixed group has two votes,
and at least one that is not the most frequent answer.

**If M groups are mixed, no more than T have somebody right.** There are g groups and R who are
right. Each mixed group takes two votes, which leaves v - 2M for others, so no more than
M + (v - 2M) groups have any vote.

**Dealing reaches both.** Sort the students by answer: the most frequent answer first, those that
are right next to each other, students without an answer last. Deal the voters in turn to
b = min(g, v - M) groups: the one in position i goes to group i mod b. R that follow each other
are in min(b, R) groups, which is T. A group is of one answer only if that answer has a member in
position i and in position i + b, so it has more than b members and begins in the first row. The
most frequent answer does begin there, and if it has more than b members, it fills the first row,
and no other answer can be that of a whole group. So with v >= 2b the groups of one answer are
those whose last vote, among the positions from v - b on, is still before n_max: there are
max(0, n_max - (v - b)), so min(b, v - n_max) are mixed, which is M, because v >= 2b and
M <= v // 2 give b = g. With v < 2b, the first v - b groups have two votes, in positions i and
i + b, and n_max - b of them, if any, are of one answer. If b = v - M, M of them have two votes and
n_max <= v - M = b, so all are mixed. If b = g < v - M, then M < v - g < g, so M is v - n_max, and
v - g - (n_max - g) = M are mixed.

The deal also leaves as few groups as possible without any vote, and puts as many different answers
as possible into groups. Students without an answer then fill the smallest groups.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from rooms.peer.content import Kind
from rooms.peer.pairing.students import Key
from rooms.peer.pairing.table import NO_ANSWER, Table


def count_plainly(n: int, size: int) -> int:
    """Return the number of groups of n students: of ``size``, or one more if too few are left."""
    full, left_over = divmod(n, size)
    return full if left_over <= full else full + 1


def count(votes: Sequence[int], n: int, size: int) -> int:
    """Return the number of groups of n students in which as few as possible are not mixed.

    ``votes`` has the number of votes for each answer. Students without an answer make no group of
    their own while there is room for them in the groups that the voters would form among
    themselves, which they enlarge to ``size`` + 1 members. Within these bounds there are as many
    groups as can be mixed. If everybody voted, the count is that of `count_plainly`.
    """
    v = sum(votes)
    among_voters = count_plainly(v, size)
    left_over = n - among_voters * (size + 1)
    fewest = among_voters + (count_plainly(left_over, size) if left_over > 0 else 0)
    most = count_plainly(n, size)
    can_be_mixed = min(v // 2, v - max(votes, default=0))
    return min(most, max(fewest, can_be_mixed))


def most_mixed(votes: Sequence[int], groups: int) -> int:
    """Return M, the greatest number of groups with different answers."""
    v = sum(votes)
    return min(groups, v // 2, v - max(votes, default=0))


def most_right(votes: Sequence[int], right: int, groups: int) -> int:
    """Return T, the greatest number of groups with somebody right, if M groups are mixed."""
    return min(groups, right, sum(votes) - most_mixed(votes, groups))


def deal(pool: Sequence[int], table: Table[Key], groups: int) -> list[list[int]]:
    """Deal a pool of students, in random order, to a number of groups."""
    answered, unanswered = by_answer(pool, table)
    votes = [len(same) for same in answered]
    dealt_to = min(groups, sum(votes) - most_mixed(votes, groups))
    made: list[list[int]] = [[] for _ in range(groups)]
    if dealt_to:
        order = _contrasted(answered, table, dealt_to)
        made[:dealt_to] = [order[start::dealt_to] for start in range(dealt_to)]
    fill(made, unanswered)
    return made


def fill(groups: list[list[int]], students: Sequence[int]) -> None:
    """Put students into the smallest groups, one after the other."""
    rows: dict[int, list[list[int]]] = {}
    for group in groups:
        rows.setdefault(len(group), []).append(group)
    left = list(reversed(students))
    size = min(rows, default=0)
    lowest: list[list[int]] = []
    while left:
        lowest += rows.get(size, [])
        for group in lowest:
            if not left:
                break
            group.append(left.pop())
        size += 1


def by_answer(pool: Sequence[int], table: Table[Key]) -> tuple[list[list[int]], list[int]]:
    """Return the students of each answer, in the order of the deal, and those without an answer.

    Answers follow each other from the most frequent one to the greatest, and then from the least
    on, if one can be greater than another. Dealt like this, each number is half a class away from
    those that it is dealt to, and sets of choices that have much in common are dealt apart.
    """
    classes: dict[int, list[int]] = {}
    for one in pool:
        classes.setdefault(table.answer[one], []).append(one)
    unanswered = classes.pop(NO_ANSWER, [])
    answered = sorted(classes.values(), key=len, reverse=True)
    if table.is_graded and answered:
        first = answered[0]
        if table.judge.kind == Kind.NUMBER:
            answered.sort(key=lambda same: table.judge.place(_given(same, table)))
        else:
            answered.sort(key=lambda same: _given(same, table))
        start = answered.index(first)
        answered = answered[start:] + answered[:start]
    right = [same for same in answered if table.right[same[0]]]
    if len(right) > 1:
        at = answered.index(right[0])
        wrong = [same for same in answered if not table.right[same[0]]]
        answered = [*wrong[:at], *right, *wrong[at:]]
    return answered, unanswered


def _given(same: Sequence[int], table: Table[Key]) -> str:
    return table.answers[table.answer[same[0]]]


def _contrasted(answered: Sequence[list[int]], table: Table[Key], groups: int) -> list[int]:
    """Return the voters in the order of the deal, so that sure ones are dealt to unsure ones.

    The classes of equal answers lie in rows of ``groups`` positions. Between two columns in which
    any of them begins, the answers of a row are the same. Within such a stretch, the students of
    every other row go from sure to unsure, those of the rows between from unsure to sure. Each
    stretch gets its share of all that are in its class.
    """
    order = [one for same in answered for one in same]
    if not table.has_contrast(order):
        return order
    starts = [0]
    for same in answered:
        starts.append(starts[-1] + len(same))
    cuts = sorted({start % groups for start in starts} | {0, groups})
    confidence = table.confidence
    known = [sure for one in order if (sure := confidence[one]) is not None]
    middle = sum(known) / len(known)
    for same, start in zip(answered, starts, strict=False):
        rising = sorted(same, key=lambda one: middle if (sure := confidence[one]) is None else sure)
        ranked = []
        for position in range(start, start + len(same)):
            row, column = divmod(position, groups)
            cut = bisect.bisect_right(cuts, column)
            share = (column - cuts[cut - 1] + 0.5) / (cuts[cut] - cuts[cut - 1])
            ranked.append((share if row % 2 else 1 - share, position))
        ranked.sort()
        for one, (_, position) in zip(rising, ranked, strict=True):
            order[position] = one
    return order
