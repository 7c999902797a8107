"""The figures and marks of a class of twelve are those that were computed by hand."""

import dataclasses
from decimal import Decimal

import pytest

from rooms.peer import results
from rooms.queries import marks
from rooms.queries.posed import first_rounds, posed, scores
from rooms.queries.released import released
from tests.rooms import the_class
from tests.rooms.the_class import FIGURES, MARKS, NAMES, NOON, WEEK, make_the_class


@pytest.fixture
def made(db):
    return make_the_class()


def read(made):
    return list(posed(first_rounds(made.course), messages=True))


def close(one):
    """A figure whose numbers may differ by what rounding leaves."""
    if isinstance(one, float):
        return pytest.approx(one, abs=1e-12)
    if dataclasses.is_dataclass(one):
        return {name: close(getattr(one, name)) for name in one.__slots__}
    if isinstance(one, tuple):
        return [close(part) for part in one]
    return one


def plain(one):
    if dataclasses.is_dataclass(one):
        return {name: plain(getattr(one, name)) for name in one.__slots__}
    return [plain(part) for part in one] if isinstance(one, tuple) else one


def test_figures_of_each_question(made):
    found = {one.slug: results.figures(one) for one in read(made)}
    assert list(found) == ["force", "gravity", "pace"]
    for slug, expected in FIGURES.items():
        assert plain(found[slug]) == close(expected)


def test_figures_of_the_term(made):
    students = dict.fromkeys([user.pk for user in made.students.values()], NOON - WEEK)
    assert plain(results.term(read(made), students)) == close(the_class.term(made))


def test_figures_of_the_questions_as_a_test(made):
    found = results.items(read(made))
    expected = the_class.items(made)
    assert list(found) == list(expected)
    for question, item in expected.items():
        assert plain(found[question]) == close(item)


def test_scores_that_are_read_alone_are_those_of_all_answers(made):
    found = scores(first_rounds(made.course).reverse())
    assert found == results.scores(read(made))
    expected = results.items(read(made))
    assert results.items_of(found) == expected
    for pk, item in expected.items():
        assert results.items_of(found, [pk]) == {pk: item}


def test_without_times_all_but_the_seconds_is_the_same(made):
    """Also where several students share a ballot."""

    def timeless(ballot):
        return ballot and dataclasses.replace(ballot, seconds=None)

    def expected(one):
        answers = tuple(
            dataclasses.replace(given, first=timeless(given.first), second=timeless(given.second))
            for given in one.answers
        )
        return dataclasses.replace(one, answers=answers)

    rounds = first_rounds(made.course)
    assert list(posed(rounds, messages=True, times=False)) == [expected(one) for one in read(made)]
    (outside,) = released(made.course, messages=True)
    assert list(released(made.course, messages=True, times=False)) == [expected(outside)]


def test_figures_of_what_was_released_stand_apart(made):
    (one,) = released(made.course, messages=True)
    found = results.figures(one)
    assert (found.voters, found.right, found.flows) == ((2, 1), (1, 1), (("A", "B", 1),))
    assert (found.partners, found.talked, found.seconds) == (2, 1, (30.0, 60.0))
    assert found.moves == {"right_right": 0, "right_wrong": 0, "wrong_right": 1, "wrong_wrong": 0}


@pytest.mark.parametrize("rules", MARKS)
def test_marks(made, rules):
    chosen, expected = MARKS[rules]
    made.set_rules(**chosen)
    found = {one.enrollment.user_id: one.mark for one in marks.of(made.course)}
    told = {
        name: (found[user.pk].reached, found[user.pk].possible, found[user.pk].mark)
        for name, user in made.students.items()
    }
    assert list(told) == list(NAMES)
    assert told == {
        name: (reached, possible, Decimal(mark))
        for name, (reached, possible, mark) in expected.items()
    }
