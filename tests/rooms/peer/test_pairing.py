import random
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.pairing import Student, form_groups
from tests.pace import patient

METHODS = ["different_answers", "random", "same_answer", "keep"]

answers = st.sampled_from(["A", "B", "C", "D", None])
sizes = st.integers(2, 5)
methods = st.sampled_from(METHODS)


@st.composite
def classes(draw, max_size=40, online=None, answers=answers):
    """A class of any shape: few answers or many, everybody here or not."""
    presence = st.booleans() if online is None else st.just(online)
    rows = draw(st.lists(st.tuples(answers, presence), max_size=max_size))
    return [Student(f"s{i}", answer, here) for i, (answer, here) in enumerate(rows)]


@st.composite
def earlier_groups(draw):
    """Draw groups of the past, in which some students have left since."""
    keys = draw(st.permutations([f"s{i}" for i in range(50)]))
    groups, start = [], 0
    for length in draw(st.lists(st.integers(0, 4), max_size=12)):
        groups.append(keys[start : start + length])
        start += length
    return groups


def students(text, **kwargs):
    """ "AB-" is a student with answer A, one with B and one without."""
    return [
        Student(i, None if answer == "-" else answer, **kwargs) for i, answer in enumerate(text)
    ]


def answers_of(groups, class_):
    by_key = {student.key: student.answer for student in class_}
    return [[by_key[key] for key in group] for group in groups]


def shapes(groups):
    return sorted(len(group) for group in groups)


def in_pairs(items):
    """Yield every way to form pairs, with one triple if the number is odd."""
    if len(items) <= 3:
        yield [items] if items else []
        return
    if len(items) % 2:
        for i in range(len(items)):
            for rest in in_pairs(items[:i] + items[i + 1 :]):
                for j in range(len(rest)):
                    yield [*rest[:j], [*rest[j], items[i]], *rest[j + 1 :]]
        return
    first, *others = items
    for i, other in enumerate(others):
        for rest in in_pairs(others[:i] + others[i + 1 :]):
            yield [[first, other], *rest]


def distinct(group):
    return len({answer for answer in group if answer is not None})


# Properties of every method


@given(classes(), sizes, methods, earlier_groups(), st.integers())
def test_everybody_is_in_exactly_one_group(class_, size, method, previous, seed):
    groups = form_groups(
        class_, size=size, method=method, previous=previous, rng=random.Random(seed)
    )
    placed = Counter(key for group in groups for key in group)
    assert placed == Counter(student.key for student in class_)


@given(classes(), sizes, methods, earlier_groups(), st.integers())
def test_nobody_is_alone_unless_alone_in_class(class_, size, method, previous, seed):
    groups = form_groups(
        class_, size=size, method=method, previous=previous, rng=random.Random(seed)
    )
    if len(class_) == 1:
        assert groups == [[class_[0].key]]
    else:
        assert all(len(group) >= 2 for group in groups)


@given(classes(), sizes, methods, earlier_groups(), st.integers())
def test_nobody_online_waits_for_absent_ones(class_, size, method, previous, seed):
    here = {student.key for student in class_ if student.online}
    groups = form_groups(
        class_, size=size, method=method, previous=previous, rng=random.Random(seed)
    )
    if len(here) >= 2:
        assert all(len(here.intersection(group)) != 1 for group in groups)


@given(classes(), sizes, methods, earlier_groups(), st.integers())
def test_the_same_seed_gives_the_same_groups(class_, size, method, previous, seed):
    first, second = (
        form_groups(class_, size=size, method=method, previous=previous, rng=random.Random(seed))
        for _ in range(2)
    )
    assert first == second


@given(classes(online=True), sizes, st.sampled_from(METHODS[:3]), st.integers())
def test_sizes(class_, size, method, seed):
    groups = form_groups(class_, size=size, method=method, rng=random.Random(seed))
    n = len(class_)
    if n >= 2:
        assert all(2 <= len(group) <= size + 1 for group in groups)
    if method == "different_answers" and not all(student.answer for student in class_):
        return  # Those without an answer enlarge the groups of the others.
    if n >= 2 and n % size == 0:
        assert shapes(groups) == [size] * (n // size)
    elif n // size >= n % size and method != "same_answer":
        enlarged = n % size
        assert shapes(groups) == [size] * (n // size - enlarged) + [size + 1] * enlarged


@given(
    classes(max_size=60, online=True, answers=st.sampled_from("ABCD")),
    st.sampled_from(METHODS[:3]),
    st.integers(),
)
def test_pairs_and_one_triple_where_the_number_is_odd(class_, method, seed):
    groups = form_groups(class_, method=method, rng=random.Random(seed))
    n = len(class_)
    if n >= 2:
        assert shapes(groups) == [2] * (n // 2 - n % 2) + [3] * (n % 2)


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [
        (0, 2, []),
        (1, 2, [1]),
        (2, 5, [2]),
        (3, 2, [3]),
        (5, 3, [2, 3]),
        (6, 5, [6]),
        (7, 5, [3, 4]),
        (8, 3, [4, 4]),
        (9, 4, [4, 5]),
        (11, 4, [3, 4, 4]),
        (13, 5, [4, 4, 5]),
    ],
)
@pytest.mark.parametrize("method", ["different_answers", "random"])
def test_sizes_where_the_numbers_do_not_divide(n, size, expected, method):
    groups = form_groups(students("A" * n), size=size, method=method, rng=random.Random(1))
    assert shapes(groups) == expected


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [2, 5])
def test_a_large_class_takes_no_time(method, size):
    rng = random.Random(1)
    class_ = [Student(i, rng.choice("ABCD"), rng.random() < 0.9) for i in range(1200)]
    previous = [[i, i + 1] for i in range(0, 1100, 2)]

    def measure() -> float:
        started = time.thread_time()
        form_groups(class_, size=size, method=method, previous=previous, rng=rng)
        return time.thread_time() - started

    # A collection of garbage may fall into one.
    assert min(measure() for _ in range(3)) < patient(0.2)


def test_another_seed_gives_other_groups():
    class_ = students("ABCD" * 10)
    groups = [form_groups(class_, rng=random.Random(seed)) for seed in range(5)]
    assert len({str(sorted(map(sorted, formed))) for formed in groups}) == 5


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"size": 1}, "at least 2"),
        ({"method": "alphabetical"}, "no such method: 'alphabetical'"),
    ],
)
def test_what_makes_no_sense_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        form_groups(students("AB"), **kwargs)


def test_a_student_given_twice_is_refused():
    with pytest.raises(ValueError, match="given twice"):
        form_groups([Student("a", "A"), Student("a", "B")])


# Different answers


@given(
    classes(online=True, answers=st.sampled_from("ABCD")),
    sizes,
    st.integers(),
)
def test_larger_groups_get_as_many_different_answers_as_can_be(class_, size, seed):
    groups = answers_of(form_groups(class_, size=size, rng=random.Random(seed)), class_)
    frequency = Counter(student.answer for student in class_)
    # An answer can be new to at most as many groups as there are groups, or students who gave it.
    most = sum(min(count, len(groups)) for count in frequency.values())
    assert sum(distinct(group) for group in groups) == most
    if len(class_) >= 2:
        minority = len(class_) - max(frequency.values())
        mixed = sum(distinct(group) > 1 for group in groups)
        assert mixed == min(len(groups), minority)


@pytest.mark.parametrize(
    ("class_", "expected"),
    [
        ("AABB", ["AB", "AB"]),
        ("AAAB", ["AA", "AB"]),
        ("AAB", ["AAB"]),
        ("AAABB", ["AAB", "AB"]),
        ("AABBC", ["AB", "ABC"]),
        ("AAAA", ["AA", "AA"]),
        ("AA--", ["A-", "A-"]),
        ("A---", ["--", "A-"]),
        ("AB-", ["AB-"]),
        ("AAAB--", ["AA-", "AB-"]),
        ("AB--", ["AB", "--"]),
        ("AABB--", ["AB-", "AB-"]),
    ],
)
def test_different_answers(class_, expected):
    class_ = students(class_)
    for seed in range(20):
        groups = answers_of(form_groups(class_, rng=random.Random(seed)), class_)
        readable = sorted("".join(sorted(a or "-" for a in group)) for group in groups)
        assert readable == sorted("".join(sorted(group)) for group in expected)


# Same answer


@given(classes(max_size=7, online=True, answers=st.sampled_from("ABC")), st.integers())
def test_pairs_of_one_answer_are_as_many_as_can_be(class_, seed):
    def worth(groups):
        return sum(len(set(group)) == 1 for group in groups)

    formed = form_groups(class_, method="same_answer", rng=random.Random(seed))
    best = max(worth(groups) for groups in in_pairs([student.answer for student in class_]))
    assert worth(answers_of(formed, class_)) == best


@pytest.mark.parametrize(
    ("class_", "size", "expected"),
    [
        ("AABB", 2, ["AA", "BB"]),
        ("AAABBB", 2, ["AA", "AB", "BB"]),
        ("AAABB", 2, ["AAA", "BB"]),
        ("AAB", 2, ["AAB"]),
        ("AA-", 2, ["AA-"]),
        ("AAAAAABBBBBB", 3, ["AAA", "AAA", "BBB", "BBB"]),
        ("AAAAABBBBB", 3, ["AAA", "AABB", "BBB"]),
        ("AB--", 2, ["AB", "--"]),
    ],
)
def test_same_answer(class_, size, expected):
    class_ = students(class_)
    for seed in range(20):
        formed = form_groups(class_, size=size, method="same_answer", rng=random.Random(seed))
        groups = answers_of(formed, class_)
        readable = sorted("".join(sorted(a or "-" for a in group)) for group in groups)
        assert readable == sorted("".join(sorted(group)) for group in expected)


# Keep


@given(classes(online=True), earlier_groups(), st.integers())
def test_kept_groups_stay_together(class_, previous, seed):
    groups = form_groups(class_, method="keep", previous=previous, rng=random.Random(seed))
    present = {student.key for student in class_}
    where = {key: index for index, group in enumerate(groups) for key in group}
    for group in previous:
        still = [key for key in group if key in present]
        assert len({where[key] for key in still}) <= 1 or len(still) < 2
    kept = [group for group in previous if len(present.intersection(group)) >= 2]
    assert len(kept) <= len(groups)


def test_keep_joins_one_who_is_left_alone_to_a_group():
    class_ = students("AABBC")
    groups = form_groups(class_, method="keep", previous=[[0, 2], [1, 3], [4, 9]])
    assert sorted(map(sorted, groups)) in ([[0, 2, 4], [1, 3]], [[0, 2], [1, 3, 4]])


def test_keep_groups_those_without_a_group_by_different_answers():
    class_ = students("AABBAA")
    groups = form_groups(class_, method="keep", previous=[[0, 1]])
    assert sorted(groups[0]) == [0, 1]
    assert [set(group) for group in answers_of(groups[1:], class_)] == [{"A", "B"}] * 2


def test_keep_frees_one_whose_partner_has_gone():
    class_ = [
        Student("a", "A"),
        Student("gone", "B", online=False),
        Student("b", "B"),
        Student("gone too", "A", online=False),
    ]
    groups = form_groups(class_, method="keep", previous=[["a", "gone"], ["b", "gone too"]])
    assert sorted(map(sorted, groups)) == [["a", "b"], ["gone", "gone too"]]


def test_keep_leaves_an_absent_member_with_a_group_that_can_do_without():
    class_ = [Student("a", "A"), Student("b", "B"), Student("gone", "B", online=False)]
    groups = form_groups(class_, method="keep", previous=[["a", "b", "gone"]])
    assert [set(group) for group in groups] == [{"a", "b", "gone"}]


def test_keep_takes_a_student_of_two_previous_groups_once():
    groups = form_groups(students("ABAB"), method="keep", previous=[[0, 1, 1], [1, 2, 3]])
    assert sorted(map(sorted, groups)) == [[0, 1], [2, 3]]


# Here and absent


@given(classes(), sizes, st.sampled_from(METHODS[:3]), st.integers())
def test_those_here_and_those_absent_are_grouped_apart(class_, size, method, seed):
    here = {student.key for student in class_ if student.online}
    groups = form_groups(class_, size=size, method=method, rng=random.Random(seed))
    mixed = [group for group in groups if 0 < len(here.intersection(group)) < len(group)]
    if len(here) in (0, len(class_)):
        assert mixed == []
    elif 1 in (len(here), len(class_) - len(here)):
        assert len(mixed) == 1
    else:
        assert mixed == []


def test_a_single_absent_student_is_an_extra_of_a_group_that_can_do_without():
    class_ = [*students("ABABA"), Student("gone", "B", online=False)]
    groups = form_groups(class_, rng=random.Random(1))
    assert shapes(groups) == [3, 3]


def test_a_single_student_here_is_not_left_alone():
    class_ = [Student("a", "A"), *students("BB", online=False)]
    assert shapes(form_groups(class_)) == [3]
