"""Contrast, earlier partners, places, rules and methods side by side."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.pairing import FIXED, Group, Rules, Student, facts, form, reseat, seat

METHODS = ["different_answers", "random", "same_answer", "keep"]
JUDGES = [
    AnswerKey(Kind.SINGLE, tuple("ABC"), ("A",)),
    AnswerKey(Kind.SEVERAL, tuple("ABC"), ("A", "B")),
]


@st.composite
def courses(draw):
    """A class with all that can be known of it."""
    judge = draw(st.sampled_from(JUDGES))
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["A", "B", "C", None]),
                st.booleans(),
                st.none() | st.integers(1, 5),
                st.sampled_from(["", "hall", "elsewhere"]),
            ),
            max_size=24,
        )
    )
    class_ = [
        Student(
            key,
            answer,
            here,
            confidence=sure if answer else None,
            is_right=None if answer is None else judge.is_right(answer),
            place=place,
        )
        for key, (answer, here, sure, place) in enumerate(rows)
    ]
    keys = list(range(len(rows) + 3))  # Some of the course are not in this class.
    pairs = st.lists(st.sampled_from(list(itertools.combinations(keys, 2))), max_size=6)
    left, tuples = draw(st.permutations(keys)), []
    for length in draw(st.lists(st.integers(2, 5), max_size=4)):
        block, left = tuple(left[:length]), left[length:]
        if len(block) > 1:
            tuples.append(block)
    cut = draw(st.integers(0, len(tuples)))
    rules = Rules(
        never=frozenset(map(frozenset, draw(pairs))), together=tuples[:cut], fixed=tuples[cut:]
    )
    earlier: dict[int, set[int]] = {}
    for one, other in draw(pairs):
        earlier.setdefault(one, set()).add(other)
        earlier.setdefault(other, set()).add(one)
    return judge, class_, rules, earlier


@given(courses(), st.integers(2, 5), st.sampled_from(METHODS), st.booleans(), st.integers())
def test_everybody_has_a_group_and_nobody_is_alone(course, size, method, compares, seed):
    judge, class_, rules, earlier = course
    previous = [(one.key, other.key) for one, other in itertools.pairwise(class_[::2])]
    formed, again = (
        form(
            class_,
            size=size,
            method=method,
            previous=previous,
            judge=judge,
            rng=random.Random(seed),
            rules=rules,
            earlier=earlier,
            compares=compares,
        )
        for _ in range(2)
    )
    assert formed == again
    placed = Counter(one.key for group in formed for one in group.members)
    assert placed == Counter(one.key for one in class_)
    if len(class_) > 1:
        assert all(len(group.members) > 1 for group in formed)
    if sum(one.online for one in class_) > 1:
        assert all(sum(one.online for one in group.members) != 1 for group in formed)
    where = {one.key: number for number, group in enumerate(formed) for one in group.members}
    here = {one.key for one in class_ if one.online}
    # A rule that keeps two apart is stronger, even if it is not about this block.
    if len(here) > 1 and not any(pair <= here for pair in rules.never):
        for block in [*rules.together, *rules.fixed]:
            if not any(pair <= {*block} for pair in rules.never):
                assert len({where[key] for key in here.intersection(block)}) <= 1


@pytest.mark.parametrize("size", [2, 3])
def test_a_sure_student_meets_an_unsure_one(size):
    rng = random.Random(1)
    class_ = [Student(key, "AB"[key % 2], confidence=rng.randint(1, 5)) for key in range(60)]
    # No pairs reach more than this, whoever answers what.
    known = sorted(one.confidence for one in class_)
    formed = form(class_, size=size, rng=rng)
    gaps = sum(facts(group.members).confidence_gap or 0 for group in formed)
    if size == 2:
        assert gaps >= 0.9 * (sum(known[30:]) - sum(known[:30]))
    else:
        assert gaps >= 2.7 * len(formed)


def test_contrast_costs_nobody_a_different_answer():
    class_ = [Student(key, "A" if key < 30 else "B", confidence=3) for key in range(40)]
    class_ = [*class_[:20], *(Student(one.key, one.answer, confidence=1) for one in class_[20:])]
    formed = form(class_, rng=random.Random(1))
    assert sum(facts(group.members).is_mixed for group in formed) == 10


def test_partners_are_new_for_as_long_as_there_are_new_ones():
    earlier: dict[int, set[int]] = {key: set() for key in range(30)}
    for question in range(8):
        class_ = [Student(key, "A" if key < 15 else "B") for key in range(30)]
        formed = form(class_, rng=random.Random(question), earlier=earlier)
        assert all(facts(group.members, earlier=earlier).repeats == 0 for group in formed)
        for group in formed:
            for one, other in itertools.permutations(group.members, 2):
                earlier[one.key].add(other.key)


def places(formed):
    return sorted("".join(sorted(one.place[0] for one in group.members)) for group in formed)


def test_groups_form_within_a_place_and_who_would_be_alone_crosses_over():
    def at(*places_):
        return [Student(key, "AB"[key % 2], place=place) for key, place in enumerate(places_)]

    rng = random.Random(1)
    h, e = "hall", "elsewhere"
    assert places(form(at(h, e, h, e), rng=rng)) == ["ee", "hh"]
    assert places(form(at(h, h, h, e, e), rng=rng)) == ["ee", "hhh"]
    assert places(form(at(h, h, h, e), rng=rng)) == ["eh", "hh"]
    assert places(form(at(h, e), rng=rng)) == ["eh"]
    # A rule that a place cannot keep is kept with the help of the other.
    rules = Rules(never=frozenset([frozenset({0, 1})]))
    assert places(form(at(h, h, e, e), rng=rng, rules=rules)) == ["eh", "eh"]


def test_rules_that_no_place_can_keep_give_everybody_one_group():
    never = frozenset(map(frozenset, itertools.combinations(range(6), 2)))
    for where in ("hhhhee", "hheeee", "hhheee"):
        class_ = [Student(key, "A", place=place) for key, place in enumerate(where)]
        formed = form(class_, rng=random.Random(1), rules=Rules(never=never))
        keys = [one.key for group in formed for one in group.members]
        assert sorted(keys) == list(range(6))


def test_a_fixed_group_stays_apart_and_one_who_is_left_of_it_is_free():
    class_ = [Student(key, "AB"[key % 2]) for key in range(6)]
    rules = Rules(fixed=[(0, 2, 4)])
    formed = form(class_, rng=random.Random(1), rules=rules)
    assert [(sorted(one.key for one in g.members), g.method) for g in formed] == [
        ([0, 2, 4], FIXED),
        ([1, 3, 5], "different_answers"),
    ]
    formed = form([class_[0], *class_[1::2]], rng=random.Random(1), rules=rules)
    assert [len(group.members) for group in formed] == [2, 2]


def test_never_is_stronger_than_always():
    class_ = [Student(key, "AB"[key % 2]) for key in range(6)]
    rules = Rules(never=frozenset([frozenset({0, 2})]), fixed=[(0, 2, 4)])
    formed = form(class_, rng=random.Random(1), rules=rules)
    assert not any({0, 2} <= {one.key for one in group.members} for group in formed)


@pytest.mark.parametrize(
    ("answers", "size", "method", "together", "never"),
    [
        # A block whose members may not meet, in the only group that it would fit.
        ("BAAAAA", 5, "random", [(1, 2, 3, 5)], [(4, 5), (0, 2)]),
        # More groups than the size leads to.
        ("AAAAAAAAA", 3, "same_answer", [], [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
        ("BBAAAAAA", 5, "same_answer", [(2, 5)], [(1, 7), (0, 6), (0, 5)]),
        # Three blocks, of which no two fill a group.
        ("ABABABABAB", 4, "different_answers", [(0, 2, 4), (1, 3, 5), (6, 7, 8)], []),
        ("ABABABABAB", 4, "random", [(0, 2, 4), (1, 3, 5), (6, 7, 8)], [(9, 0), (9, 1)]),
    ],
)
def test_rules_that_hardly_fit_are_kept(answers, size, method, together, never):
    class_ = [Student(key, answer) for key, answer in enumerate(answers)]
    rules = Rules(never=frozenset(map(frozenset, never)), together=together)
    for seed in range(20):
        groups = [
            {one.key for one in group.members}
            for group in form(
                class_, size=size, method=method, rng=random.Random(seed), rules=rules
            )
        ]
        assert sorted(itertools.chain(*groups)) == list(range(len(answers)))
        assert min(map(len, groups)) > 1
        assert all(any({*block} <= group for group in groups) for block in together)
        assert not [pair for pair in never for group in groups if {*pair} <= group]


def test_a_block_that_another_rule_breaks_leaves_nobody_alone():
    class_ = [Student(key, answer) for key, answer in enumerate("BABAA")]
    rules = Rules(never=frozenset([frozenset({0, 4})]), together=[(4, 0, 2, 1, 3)])
    for seed in range(190, 210):
        formed = form(class_, size=5, method="random", rng=random.Random(seed), rules=rules)
        assert sorted(len(group.members) for group in formed) == [2, 3]
        assert not any({0, 4} <= {one.key for one in group.members} for group in formed)


def test_half_of_the_class_is_grouped_at_random():
    class_ = [Student(key, "AB"[key % 2]) for key in range(41)]
    chosen = Counter()
    for seed in range(20):
        formed = form(class_, rng=random.Random(seed), compares=True)
        methods = Counter(group.method for group in formed)
        assert sorted(methods.values()) == [10, 10]
        chosen.update(
            one.key for group in formed if group.method == "random" for one in group.members
        )
    # Everybody is in either half now and then.
    assert all(0 < chosen[key] < 20 for key in range(41))
    small = [form(class_[:2], rng=random.Random(seed), compares=True) for seed in range(20)]
    assert {group.method for [group] in small} == {"random", "different_answers"}


# --- seats ---------------------------------------------------------------------------------------


def group(*keys, place=""):
    return Group(tuple(Student(key, "A", place=place) for key in keys))


@pytest.mark.parametrize(
    ("rules", "index"),
    [
        (Rules(), 0),
        (Rules(never=frozenset([frozenset({"x", 1})])), 1),
        (Rules(together=[("x", 4)]), 1),
        (Rules(fixed=[("x", 4)]), 1),
        (Rules(fixed=[(1, 2)]), 1),
        (Rules(fixed=[(1, 7)]), 0),
    ],
)
def test_a_late_student_is_seated_by_the_rules(rules, index):
    groups = [group(1, 2), group(3, 4)]
    assert seat(groups, Student("x", "A"), limit=3, rules=rules) == index


def test_a_late_student_is_seated_in_their_place_while_there_is_room():
    crowds = [group(1, 2, place="hall"), group(3, 4, 5, 6, place="elsewhere")]
    late = Student("x", "A", place="elsewhere")
    assert seat(crowds, late, limit=3) == 1
    crowds[1] = group(3, 4, 5, 6, 7, place="elsewhere")
    assert seat(crowds, late, limit=3) == 0


def test_one_left_alone_goes_to_others_than_those_of_a_rule():
    rules = Rules(never=frozenset([frozenset({1, 2})]))
    groups = [group(1), group(2, 3), group(4, 5, 6)]
    [move] = reseat(groups, [], limit=3, rules=rules)
    assert (move.key, move.target) == (1, 2)
    # But nobody is left alone for a rule.
    [move] = reseat(groups[:2], [], limit=3, rules=rules)
    assert (move.key, move.target) == (1, 1)
