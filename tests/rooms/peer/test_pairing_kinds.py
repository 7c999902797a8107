"""Partner groups for answers that are more or less different: numbers, several choices, texts."""

import itertools
import random
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.pairing import Group, Student, form_groups, seat
from tests.pace import patient
from tests.rooms.peer.test_pairing import answers_of, in_pairs

NUMBER = AnswerKey(Kind.NUMBER)
SEVERAL = AnswerKey(Kind.SEVERAL, tuple("ABCDE"))
TEXT = AnswerKey(Kind.TEXT)
JUDGES = {
    NUMBER: st.integers(-3, 12).map(str),
    SEVERAL: st.sets(st.sampled_from("ABC"), min_size=1).map(lambda some: "".join(sorted(some))),
    TEXT: st.sampled_from(["Yes", "yes!", "no", "NO", "it depends"]),
}


@st.composite
def classes(draw, judge, max_size=30):
    answers = draw(st.lists(JUDGES[judge] | st.none(), max_size=max_size))
    return [Student(number, answer) for number, answer in enumerate(answers)]


def formed(class_, judge, seed=1, **options):
    groups = form_groups(class_, judge=judge, rng=random.Random(seed), **options)
    return answers_of(groups, class_)


def different(groups, judge):
    """The number of groups with answers that do not count as equal."""
    return sum(len({judge.group(a) for a in group if a is not None}) > 1 for group in groups)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.kind.value)
@given(data=st.data(), size=st.integers(2, 5), seed=st.integers())
def test_as_many_groups_differ_as_of_letters(judge, data, size, seed):
    """Nearness decides between groupings, and costs no group its different answers."""
    class_ = data.draw(classes(judge))
    groups = formed(class_, judge, seed, size=size)
    assert sorted(a or "" for g in groups for a in g) == sorted(s.answer or "" for s in class_)
    equal = {judge.group(s.answer): s.answer for s in class_ if s.answer is not None}
    letters = {folded: chr(65 + number) for number, folded in enumerate(equal)}
    as_letters = [
        Student(s.key, s.answer and letters[judge.group(s.answer)], s.online) for s in class_
    ]
    of_letters = answers_of(form_groups(as_letters, size=size), as_letters)
    assert different(groups, judge) == different(of_letters, AnswerKey(Kind.SINGLE))


@given(
    st.lists(st.integers(-3, 12).map(str), min_size=4, max_size=8).filter(lambda a: len(a) % 2 == 0)
)
def test_pairs_of_numbers_are_as_far_apart_as_possible(answers):
    def apart(groups):
        return sum(abs(float(a) - float(b)) for a, b in groups)

    class_ = [Student(number, answer) for number, answer in enumerate(answers)]
    assert apart(formed(class_, NUMBER)) == max(map(apart, in_pairs(answers)))


def test_pairs_of_several_choices_have_little_in_common():
    rng = random.Random(4)
    class_ = []
    while len(class_) < 200:
        some = "".join(c for c in "ABCDE" if (c in "AC") == (rng.random() < 0.75))
        if some:
            class_.append(Student(len(class_), some))

    def apart(groups):
        return statistics.mean(
            max(SEVERAL.distance(a, b) for a, b in itertools.combinations(group, 2))
            for group in groups
        )

    told = apart(formed(class_, SEVERAL))
    dealt = apart(formed(class_, AnswerKey(Kind.SINGLE)))
    # All pairs that a long search finds are hardly better.
    assert told > dealt * 1.15
    assert apart(formed(class_, SEVERAL, size=3)) > told


def test_texts_that_are_the_same_after_folding_are_not_different():
    class_ = [
        Student(n, answer) for n, answer in enumerate(["Yes", "yes.", "YES", "no", "No", "nO"])
    ]
    for group in formed(class_, TEXT):
        assert len({TEXT.group(answer) for answer in group}) == 2
    same = formed(class_[:2] + class_[3:5], TEXT, method="same_answer")
    assert sorted(sorted(TEXT.group(a) for a in group) for group in same) == [
        ["no"] * 2,
        ["yes"] * 2,
    ]


def test_a_single_student_left_over_joins_those_with_an_equal_text():
    class_ = [Student(n, answer) for n, answer in enumerate(["no", "No", "Yes", "yes", "YES"])]
    groups = formed(class_, TEXT, method="same_answer")
    assert sorted(map(len, groups)) == [2, 3]
    assert different(groups, TEXT) == 0


@pytest.mark.parametrize(
    ("judge", "groups", "late", "index"),
    [
        (NUMBER, [["9.81", "10"], ["9.81", "98"]], "9.8", 1),
        (SEVERAL, [["AB", "ABC"], ["AB", "CD"]], "AB", 1),
        (TEXT, [["Yes", "yes!"], ["Yes", "no"]], "YES", 1),
        (TEXT, [["Yes", "yes!"], ["Yes", "no"]], None, 0),
    ],
)
def test_a_late_student_goes_to_the_most_different_answers(judge, groups, late, index):
    seats = [
        Group(tuple(Student(f"{n}-{m}", answer) for m, answer in enumerate(group)))
        for n, group in enumerate(groups)
    ]
    assert seat(seats, Student("late", late), limit=3, judge=judge) == index


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.kind.value)
def test_a_class_of_a_thousand_different_answers_is_grouped_at_once(judge):
    rng = random.Random(2)
    answer = {
        NUMBER: lambda: f"{rng.random()}",
        SEVERAL: lambda: "".join(c for c in "ABCDE" if rng.random() < 0.5) or "A",
        TEXT: lambda: f"{rng.random()}",
    }[judge]
    class_ = [Student(number, answer()) for number in range(1000)]
    began = time.perf_counter()
    formed(class_, judge)
    assert time.perf_counter() - began < patient(0.5)
