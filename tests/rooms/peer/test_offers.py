"""Reasons that are offered to groups of one answer."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.offers import LEAST, MOST, Reason, choose, quality

ARGUMENT = (
    "The two forces cancel, because nothing accelerates while the speed stays the same. So says "
    "the first law for number "
)
SHORT = "The net force has to be zero here."


def reason(key, author, answer, text=ARGUMENT, names=()):
    return Reason(key, author, answer, f"{text}{author}" if text is ARGUMENT else text, names)


def chosen(groups, reasons, seed=1, same=str):
    return choose(groups, reasons, same=same, rng=random.Random(seed))


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (ARGUMENT, (), 2),
        (SHORT, (), 1),
        ("", (), 0),
        ("because", (), 0),
        ("a" * LEAST, (), 0),
        ("haha " * 20, (), 0),
        ("\u200b" * 100, (), 0),
        ("x" * LEAST + "abcdefg" * MOST, (), 0),
        ("1234567890 " * 10, (), 0),
        ("速度が一定なので、合力はゼロになります。", (), 1),
        ("See https://example.org/ for why the net force is zero here.", (), 0),
        ("The net force is zero, ask me at @ada or afterwards in the hall.", (), 0),
        # Whoever signs a reason would not stay unknown.
        (f"{ARGUMENT} Ada", ("ada-7", "Ada Lovelace"), 0),
        (f"{ARGUMENT} LOVELACE", ("ada-7", "Ada Lovelace"), 0),
        (f"{ARGUMENT} adamant", ("ada-7", "Ada Lovelace"), 2),
    ],
)
def test_what_a_good_reason_is(text, names, expected):
    assert quality(Reason(1, "ada", "B", text, names)) == expected


def test_a_group_that_agrees_gets_a_reason_for_another_answer():
    groups = [
        [(1, "A"), (2, "A")],
        [(3, "A"), (4, "B")],  # they have another answer
        [(5, None), (6, None)],  # they have none
        [(7, "B"), (8, None)],
    ]
    reasons = [reason(10, 3, "A"), reason(11, 4, "B")]
    assert [one and one.key for one in chosen(groups, reasons)] == [11, None, None, 10]


def test_nobody_gets_a_reason_of_their_own_group():
    # The one who wrote it has changed the answer since, or was moved.
    assert chosen([[(1, "A"), (2, "A")]], [reason(10, 2, "B")]) == [None]


def test_equal_answers_are_no_other_answer():
    same = AnswerKey(Kind.TEXT).group
    group = [[(1, "Newton"), (2, "NEWTON")]]
    assert chosen(group, [reason(10, 3, " newton.")], same=same) == [None]
    assert chosen(group, [reason(10, 3, "Leibniz")], same=same)[0].key == 10


def test_an_argument_is_better_than_a_short_reason():
    reasons = [reason(n, n, "B", SHORT) for n in range(10, 20)] + [reason(20, 20, "B")]
    groups = [[(n, "A"), (n + 1, "A")] for n in range(100, 120, 2)]
    assert {one.key for one in chosen(groups, reasons)} == {20}
    assert {one.key for one in chosen(groups, reasons[:10])} == set(range(10, 20))


def test_not_all_see_the_same():
    reasons = [reason(n, n, "BC"[n % 2]) for n in range(10)]
    groups = [[(n, "A"), (n + 1, "A")] for n in range(100, 140, 2)]
    assert set(Counter(one.key for one in chosen(groups, reasons)).values()) == {2}


def test_an_offer_tells_neither_what_is_right_nor_what_many_chose():
    """Of the other answers each comes as often, whatever the votes and reasons for them are.

    A group of one answer could conclude something from anything else: most who write long reasons
    may be right, and so may most who vote.
    """
    many = [reason(n, n, "B") for n in range(50)]
    reasons = [*many, reason(50, 50, "C"), reason(51, 51, "D")]
    popular = [[(n, "B"), (n + 1, "B")] for n in range(1000, 1100, 2)]
    few = [[(1, "A"), (2, "A")]]
    offered = Counter(chosen([*popular, *few], reasons, seed)[-1].answer for seed in range(600))
    assert set(offered) == {"B", "C", "D"}
    assert all(150 < count < 250 for count in offered.values()), offered
    to_many = Counter(one.answer for one in chosen([*popular, *few], reasons)[:-1])
    assert to_many == {"C": 25, "D": 25}


answers = st.sampled_from(["A", "B", "C", None])


@given(
    st.lists(st.lists(answers, min_size=1, max_size=4), max_size=8),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ABC")), max_size=8),
    st.integers(),
)
def test_every_offer_is_for_another_answer_by_somebody_else(classes, written, seed):
    numbers = iter(range(100))
    groups = [[(next(numbers), answer) for answer in group] for group in classes]
    reasons = [reason(key, author, answer) for key, (author, answer) in enumerate(written)]
    offers = chosen(groups, reasons, seed)
    assert len(offers) == len(groups)
    for group, offer in zip(groups, offers, strict=True):
        given_ = {answer for _, answer in group if answer is not None}
        users = {user for user, _ in group}
        fits = [one for one in reasons if one.answer not in given_ and one.author not in users]
        if len(given_) == 1 and fits:
            assert offer in fits
        else:
            assert offer is None
