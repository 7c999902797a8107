import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.peer.pairing import Group, Move, Student, reseat, seat

answers = st.sampled_from(["A", "B", "C", "D", None])


# A seat for a late student


def group(text, away=""):
    members = [Student(f"{text}{i}", letter) for i, letter in enumerate(text)]
    absent = [Student(f"away{i}", letter, online=False) for i, letter in enumerate(away)]
    return Group((*members, *absent))


@pytest.mark.parametrize(
    ("groups", "limit", "index"),
    [
        ([], 3, None),
        ([group("AA")], 3, 0),
        ([group("AAA"), group("AA")], 4, 1),  # the smallest
        ([group("AA"), group("AB")], 3, 1),  # the one who differs
        ([group("AB"), group("BB")], 3, 0),  # the first of equals
        ([group("BBB"), group("AA")], 3, 1),  # within the limit
        ([group("", "BB"), group("AA")], 3, 1),  # with somebody who is here
        ([group("BB"), group("A", "B")], 3, 1),  # with one whose partner has gone
        ([group("BBBB"), group("AAA")], 3, 1),  # all full: the smallest
        ([group("", "BB"), group("BBB")], 3, 1),  # over the limit rather than alone
        ([group("", "BBB"), group("", "AA")], 3, 1),
    ],
)
def test_seat(groups, limit, index):
    assert seat(groups, Student("late", "A"), limit=limit) == index


def test_seat_puts_one_without_an_answer_with_those_who_have_one():
    groups = [Group((Student("x", None), Student("y", None))), group("AA")]
    assert seat(groups, Student("late", None), limit=3) == 1


def test_seating_a_whole_row_of_late_students_spreads_them():
    groups = [group("AB"), group("AB"), group("AB")]
    for late in range(6):
        newcomer = Student(f"late{late}", "A")
        index = seat(groups, newcomer, limit=3)
        assert index is not None
        groups[index] = Group((*groups[index].members, newcomer))
    assert [len(grown.members) for grown in groups] == [4, 4, 4]


def test_somebody_online_wins_over_whoever_was_there_until_now():
    lately = Group((Student("lately", "B", online=False, lately=True),))
    assert seat([lately, group("AAAA")], Student("late", "A"), limit=3) == 1
    assert seat([group("", "B"), lately], Student("late", "A"), limit=3) == 1


def test_one_who_waits_alone_wins_over_the_limit():
    groups = [group("AB"), group("B", "BBB")]
    assert seat(groups, Student("late", "A"), limit=3) == 1


# Nobody stays alone

LIMIT = 3


@st.composite
def discussions(draw):
    """Groups of a class that discusses, and those who are online without one."""
    state = st.sampled_from([(True, False), (False, True), (False, False)])
    rows = draw(st.lists(st.lists(st.tuples(answers, state), max_size=5), min_size=1, max_size=12))
    keys = itertools.count()
    groups = [
        Group(
            tuple(
                Student(next(keys), answer, online=online, lately=lately)
                for answer, (online, lately) in row
            )
        )
        for row in rows
    ]
    late = [Student(next(keys), answer) for answer in draw(st.lists(answers, max_size=4))]
    return groups, late


def after(groups, late, moves):
    """Return the groups after the moves."""
    everybody = {one.key: one for group in groups for one in group.members}
    everybody |= {one.key: one for one in late}
    places = [[one.key for one in group.members] for group in groups]
    for move in moves:
        if move.source is not None:
            places[move.source].remove(move.key)
        places[move.target].append(move.key)
    return [Group(tuple(everybody[key] for key in place)) for place in places]


def without_company(groups, *, now):
    """Return the students who are online, and whose partners are all away.

    Unless `now`, a partner who left a moment ago still counts as present.
    """
    return {
        one.key
        for group in groups
        for one in group.members
        if one.online
        and not any(
            other.online or (other.lately and not now)
            for other in group.members
            if other.key != one.key
        )
    }


@given(discussions())
def test_nobody_is_alone_after_the_moves_who_need_not_be(class_):
    groups, late = class_
    alone = without_company(groups, now=False)
    ended = after(groups, late, reseat(groups, late, limit=LIMIT))
    online = sum(group.online_count for group in ended)
    if online > 1:
        # Each student who was alone or late now has a partner who is online at this moment.
        concerned = alone | {one.key for one in late}
        assert not concerned & without_company(ended, now=True)
        assert not without_company(ended, now=False)


@given(discussions())
def test_no_move_takes_company_from_anybody(class_):
    groups, late = class_
    ended = after(groups, late, reseat(groups, late, limit=LIMIT))
    assert without_company(ended, now=True) <= without_company(groups, now=True) | {
        one.key for one in late
    }


@given(discussions())
def test_only_those_are_moved_who_are_alone_or_late_and_once(class_):
    groups, late = class_
    moves = reseat(groups, late, limit=LIMIT)
    movers = [move.key for move in moves]
    assert len(set(movers)) == len(movers)
    newcomers = {one.key for one in late}
    assert {move.key for move in moves if move.source is None} == newcomers
    assert set(movers) - newcomers <= without_company(groups, now=False)
    ended = after(groups, late, moves)
    # After these moves no others are needed.
    assert reseat(ended, [], limit=LIMIT) == []


def lost(text, present=""):
    """Return a group in which the students of `text` are gone."""
    return group(present, text)


def test_two_who_are_alone_get_each_other():
    groups = [lost("B", "A"), group("AB"), lost("BBB", "C")]
    assert reseat(groups, [], limit=LIMIT) == [Move("A0", 0, 2)]


def test_of_three_pairs_the_one_alone_goes_to_the_pair_that_is_online():
    """L1 and L2 have left, and then L2's partner, only a moment ago."""
    lately = Student("P", "A", online=False, lately=True)
    groups = [lost("B", "A"), Group((lately, Student("L2", "B", online=False))), group("AB")]
    assert reseat(groups, [], limit=LIMIT) == [Move("A0", 0, 2)]


def test_whoever_is_alone_waits_a_moment_for_a_partner():
    gone = Student("gone", "B", online=False, lately=True)
    groups = [Group((Student("a", "A"), gone)), group("AB")]
    assert reseat(groups, [], limit=LIMIT) == []


def test_whoever_has_nobody_to_go_to_stays():
    assert reseat([lost("B", "A"), lost("BB")], [], limit=LIMIT) == []


def test_a_late_student_goes_to_one_who_is_alone_who_then_stays():
    groups = [group("AB"), lost("B", "A")]
    assert reseat(groups, [Student("late", "A")], limit=LIMIT) == [Move("late", None, 1)]


def test_two_late_students_where_nobody_is_online_get_each_other():
    late = [Student("x", "A"), Student("y", "B")]
    moves = reseat([lost("AB"), lost("AB")], late, limit=LIMIT)
    assert moves == [Move("x", None, 0), Move("y", None, 0)]


def test_a_late_student_waits_where_there_are_no_groups():
    assert reseat([], [Student("late", "A")], limit=LIMIT) == []
