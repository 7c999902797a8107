"""The yield of pairings, counted by hand."""

import pytest

from rooms.peer.yields import By, Case, yields

RIGHT, WRONG = True, False


def case(question="one", pairs=((WRONG, RIGHT, True), (RIGHT, RIGHT, False)), **facts):
    made = {
        "method": "different_answers",
        "size": 2,
        "voters": 2,
        "is_mixed": True,
        "right": 1,
        "confidence_gap": 3,
        "place": "hall",
        **facts,
    }
    return Case(question=question, pairs=tuple(pairs), **made)


def by(rows, kind):
    return {row.make: row for row in rows if row.by == kind}


def test_a_class_counted_by_hand():
    same = [(WRONG, WRONG, False), (WRONG, WRONG, True)]
    cases = [case(), case(confidence_gap=1), case(pairs=same, is_mixed=False, right=0, place="")]
    rows = yields(cases)
    answers = by(rows, By.ANSWERS)
    assert list(answers) == ["different", "same"]
    mixed = answers["different"]
    assert (mixed.groups, mixed.students, mixed.before, mixed.after) == (2, 4, 0.5, 1.0)
    assert (mixed.changed, mixed.change, mixed.gain) == (0.5, 0.5, 1.0)
    # The differences 1, 0, 1, 0 have the mean 1/2 and the variance 1/3: 1.96 sqrt(1/12).
    assert mixed.margin == pytest.approx(0.5658, abs=1e-4)
    assert (answers["same"].gain, answers["same"].margin) == (0.0, 0.0)
    assert {make: row.groups for make, row in by(rows, By.RIGHT).items()} == {
        "some": 2,
        "nobody": 1,
    }
    # The contrast of confidence is told of groups with different answers only.
    assert {make: row.groups for make, row in by(rows, By.CONFIDENCE).items()} == {
        "contrast": 1,
        "alike": 1,
    }
    assert list(by(rows, By.PLACE)) == ["hall"]
    assert {row.students for row in by(rows, By.SIZE).values()} == {6}
    assert by(rows, By.EXPERIMENT) == {}


def test_an_experiment_needs_both_methods_in_one_class():
    cases = [
        case("first"),
        case("first", method="random", pairs=[(WRONG, WRONG, False)]),
        case("second", method="random"),
        case("first", method="by_hand"),
    ]
    rows = yields(cases)
    assert {make: row.groups for make, row in by(rows, By.METHOD).items()} == {
        "by_hand": 1,
        "different_answers": 1,
        "random": 2,
    }
    compared = by(rows, By.EXPERIMENT)
    assert {make: row.groups for make, row in compared.items()} == {
        "different_answers": 1,
        "random": 1,
    }
    assert compared["random"].margin is None


def test_groups_whose_members_did_not_vote_twice_are_left_out():
    assert yields([case(pairs=[])]) == []
    everybody_right = yields([case(pairs=[(RIGHT, RIGHT, False)], right=2, voters=2)])
    assert by(everybody_right, By.RIGHT)["all"].gain is None
