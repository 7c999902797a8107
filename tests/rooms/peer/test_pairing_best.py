"""Partner groups are the best there are: small classes, against all groupings that exist."""

import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.pairing import Rules, Student, facts, form

ANSWERS = {
    AnswerKey(Kind.SINGLE, tuple("ABCD"), ("A",)): st.sampled_from("ABCD"),
    AnswerKey(Kind.POLL, tuple("ABC")): st.sampled_from("ABC"),
    AnswerKey(Kind.SEVERAL, tuple("ABC"), ("A", "B")): st.sampled_from(
        ["A", "B", "AB", "ABC", "C"]
    ),
    AnswerKey(Kind.NUMBER, number=5.0, tolerance=1.0): st.integers(3, 8).map(str),
    AnswerKey(Kind.TEXT, accepted=("yes", "sure", "indeed")): st.sampled_from(
        ["Yes", "yes!", "no", "NO", "sure", "indeed", "it depends"]
    ),
}
judges = st.sampled_from(list(ANSWERS))
sizes = st.integers(2, 5)


@st.composite
def classes(draw, max_size=8, min_size=2, skewed=True):
    """A class of one kind of question, in which an answer or none may be frequent."""
    judge = draw(judges)
    answer = ANSWERS[judge] | st.none()
    frequent = draw(answer)
    given_ = answer | st.just(frequent) | st.just(frequent) if skewed else answer
    answers = draw(st.lists(given_, min_size=min_size, max_size=max_size))
    return judge, [student(key, answer, judge) for key, answer in enumerate(answers)]


def student(key, answer, judge, **more):
    is_right = None if answer is None or judge.correct is None else judge.is_right(answer)
    return Student(key, answer, is_right=is_right, **more)


def partitions(keys, shape):
    """Yield every way to put the keys into groups of these sizes."""
    if not keys:
        yield []
        return
    first, *others = keys
    for size in set(shape):
        left = list(shape)
        left.remove(size)
        for mates in itertools.combinations(others, size - 1):
            rest = [key for key in others if key not in mates]
            for groups in partitions(rest, left):
                yield [(first, *mates), *groups]


def shapes(n, least=2):
    """Yield every way to write n as a sum of sizes of two or more."""
    if n == 0:
        yield []
    for size in range(least, n + 1):
        for rest in shapes(n - size, size):
            yield [size, *rest]


def worth(groups, class_, judge, rules=None):
    """Return the criteria that are exact, greatest is best: rules kept, mixed, right, voted."""
    by_key = {one.key: one for one in class_}
    told = [facts([by_key[key] for key in group], judge=judge) for group in groups]
    broken = (
        sum(
            frozenset(pair) in rules.never
            for group in groups
            for pair in itertools.combinations(group, 2)
        )
        if rules
        else 0
    )
    return (
        -broken,
        sum(one.is_mixed for one in told),
        sum(bool(one.right) for one in told),
        *(() if rules else (sum(one.voters > 0 for one in told),)),
    )


def formed(class_, seed=1, **options):
    made = form(class_, rng=random.Random(seed), **options)
    return [tuple(one.key for one in group.members) for group in made]


@given(classes(), sizes, st.integers())
def test_the_groups_are_the_best_of_all_groupings(drawn, size, seed):
    judge, class_ = drawn
    groups = formed(class_, seed, size=size, judge=judge)
    shape = sorted(map(len, groups))
    best = max(worth(one, class_, judge) for one in partitions([one.key for one in class_], shape))
    assert worth(groups, class_, judge) == best


@given(classes(max_size=40), sizes, st.integers())
def test_the_bounds_hold_and_are_reached_in_classes_of_any_size(drawn, size, seed):
    judge, class_ = drawn
    groups = formed(class_, seed, size=size, judge=judge)
    votes = Counter(judge.group(one.answer) for one in class_ if one.answer is not None)
    v, right = sum(votes.values()), sum(one.is_right is True for one in class_)
    mixed = min(len(groups), v // 2, v - max(votes.values(), default=0))
    assert worth(groups, class_, judge)[1:] == (
        mixed,
        min(len(groups), right, v - mixed) if judge.correct else 0,
        min(len(groups), v - mixed),
    )


@given(classes(max_size=60), st.integers())
def test_students_without_an_answer_are_thirds_of_pairs(drawn, seed):
    judge, class_ = drawn
    voters = sum(one.answer is not None for one in class_)
    groups = formed(class_, seed, judge=judge)
    assert all(2 <= len(group) <= 3 for group in groups)
    if voters >= 2 and len(class_) - voters <= voters // 2 - voters % 2:
        assert len(groups) == voters // 2


@given(classes(max_size=40), sizes)
def test_the_number_of_groups_is_within_what_the_sizes_allow(drawn, size):
    judge, class_ = drawn
    n = len(class_)
    lengths = [len(group) for group in formed(class_, size=size, judge=judge)]
    assert max(lengths) <= size + 1
    assert max(lengths) - min(lengths) <= 1
    full, left_over = divmod(n, size)
    assert len(lengths) <= full + (left_over > full)


# --- under the rules of the course ---------------------------------------------------------------


@st.composite
def ruled_classes(draw):
    judge, class_ = draw(classes(min_size=3))
    keys = [one.key for one in class_]
    pairs = list(itertools.combinations(keys, 2))
    never = draw(st.lists(st.sampled_from(pairs), max_size=5))
    together = []
    left = draw(st.permutations(keys))
    for length in draw(st.lists(st.integers(2, 3), max_size=2)):
        block, left = tuple(left[:length]), left[length:]
        if len(block) > 1 and not any({*pair} <= {*block} for pair in never):
            together.append(block)
    return judge, class_, Rules(never=frozenset(map(frozenset, never)), together=together)


def keeps_together(groups, rules):
    return all(any({*block} <= {*group} for group in groups) for block in rules.together)


@given(ruled_classes(), sizes, st.integers())
def test_under_rules_the_groups_are_the_best_that_keep_them(drawn, size, seed):
    judge, class_, rules = drawn
    groups = formed(class_, seed, size=size, judge=judge, rules=rules)
    if not keeps_together(groups, rules):
        # Where not all rules can be kept, those that keep students apart are the stronger ones.
        together = [
            worth(one, class_, judge, rules)[0]
            for one in partitions([one.key for one in class_], sorted(map(len, groups)))
            if keeps_together(one, rules)
        ]
        assert worth(groups, class_, judge, rules)[0] > max(together, default=-math.inf)
        return
    # Those who are always together and fill a group are a group of their own.
    own = [block for block in rules.together if len(block) >= size]
    rest = [one.key for one in class_ if not any(one.key in block for block in own)]
    if len(rest) == 1 and own:
        return
    ours = [group for group in groups if {*group} <= {*rest}]
    assert sorted(key for group in ours for key in group) == sorted(rest)
    best = max(
        worth(one, class_, judge, rules)
        for one in partitions(rest, sorted(map(len, ours)))
        if all(any({*b} <= {*g} for g in one) for b in rules.together if b not in own)
    )
    assert worth(ours, class_, judge, rules) == best


@given(ruled_classes(), sizes, st.sampled_from(["different_answers", "random", "same_answer"]))
def test_two_are_together_against_a_rule_only_if_there_is_no_other_way(drawn, size, method):
    judge, class_, rules = drawn
    never = Rules(never=rules.never)
    groups = formed(class_, size=size, method=method, judge=judge, rules=never)
    if worth(groups, class_, judge, never)[0] < 0:
        keys = [one.key for one in class_]
        fewest = max(
            worth(one, class_, judge, never)[0]
            for shape in shapes(len(keys))
            for one in partitions(keys, shape)
        )
        assert fewest < 0
        if method == "different_answers":
            assert worth(groups, class_, judge, never)[0] == fewest


@pytest.mark.parametrize("size", [2, 3, 5])
def test_rules_cost_a_class_no_different_answers(size):
    rng = random.Random(size)
    judge = AnswerKey(Kind.SINGLE, tuple("ABCD"), ("A",))
    for _ in range(30):
        class_ = [
            student(key, rng.choice(["A", "A", "B", "B", "C", None]), judge) for key in range(4, 60)
        ]
        class_ += [student(key, "ABBC"[key], judge) for key in range(4)]
        pairs = [frozenset(rng.sample(range(60), 2)) for _ in range(40)]
        together = [(0, 1), (2, 3)] if size > 2 else []
        rules = Rules(never=frozenset(pairs) - set(map(frozenset, together)), together=together)
        groups = formed(class_, size=size, judge=judge, rules=rules)
        free = formed(class_, size=size, judge=judge)
        assert keeps_together(groups, rules)
        assert worth(groups, class_, judge, rules)[:3] == worth(free, class_, judge)[:3]
