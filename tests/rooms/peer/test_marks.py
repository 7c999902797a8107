"""Marks of a small class that is written out here, with all points counted by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from rooms.peer.answers import AnswerKey
from rooms.peer.content import Kind
from rooms.peer.marks import Rules, mark, marks
from rooms.peer.posed import Answers, Ballot, Posed

START = datetime(2026, 10, 5, 10, tzinfo=UTC)
KEY = AnswerKey(kind=Kind.SINGLE, letters=("A", "B"), right=("A",))
POLL = AnswerKey(kind=Kind.POLL, letters=("A", "B"))


def ballot(key, choice):
    right = None if key.correct is None else key.is_right(choice)
    return Ballot(choice=choice, right=right, confidence=None, seconds=5.0, has_reason=False)


def answers(key, user, first="", second="", group=None, messages=0):
    return Answers(
        user=user,
        first=ballot(key, first) if first else None,
        second=ballot(key, second) if second else None,
        group=group,
        messages=messages,
    )


def asked(pk, rows, *, session=1, key=KEY, is_twice=True, is_release=False, question=None):
    return Posed(
        pk=pk,
        is_release=is_release,
        question=question or pk,
        version=None,
        slug=f"q{pk}",
        session=None if is_release else session,
        at=START + timedelta(days=pk),
        key=key,
        is_twice=is_twice,
        answers=tuple(answers(key, *row) for row in rows),
    )


# Two classes of two questions each. The last one is a poll without a second vote.
TERM = (
    asked(1, [("ada", "A", "A", 1, 2), ("bea", "B", "A", 1, 0), ("carl", "B", "B", 2, 1)]),
    asked(2, [("ada", "B", "", 1, 1), ("bea", "A", "A", 1, 3)]),
    asked(3, [("ada", "A", "A"), ("carl", "", "A", 3, 1)], session=2),
    asked(4, [("bea", "A"), ("carl", "B")], session=2, key=POLL, is_twice=False),
)
STUDENTS = dict.fromkeys(("ada", "bea", "carl", "dora"))


def of(rules=None, nameless=(), posed=TERM, students=STUDENTS, **more):
    return marks(rules or Rules(), posed, students, nameless, **more)


def points(found):
    return {user: (float(one.reached), float(one.possible)) for user, one in found.items()}


def test_a_vote_in_each_round_and_a_message():
    # By question: ada 3/3, 2/3, 2/2 (no partners), 0/1; bea 2/3, 3/3, 0/2, 1/1;
    # carl 3/3, 0/2, 2/3, 1/1; dora 0/2, 0/2, 0/2, 0/1.
    assert points(of()) == {"ada": (7, 9), "bea": (6, 9), "carl": (6, 9), "dora": (0, 7)}
    found = of()
    assert found["ada"].mark == Decimal("77.78")
    assert found["bea"].mark == Decimal("66.67")
    assert found["dora"].mark == 0
    assert found["ada"].share == 7 / 9
    assert found["ada"].times("second_vote") == (2, 3)
    assert found["carl"].times("message") == (2, 2)


def test_right_answers_count_where_one_is_known():
    # Right: ada first, second; second lost; first, second. bea second; first and second; none.
    rules = Rules(first_vote=0, second_vote=0, message=0, right_first=1, right_second=2)
    assert points(of(rules)) == {"ada": (6, 9), "bea": (5, 9), "carl": (2, 9), "dora": (0, 9)}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # Without its lowest question: ada 7/8, bea 6/7, carl 6/7, dora 0/5.
        ({"dropped": 1}, {"ada": (7, 8), "bea": (6, 7), "carl": (6, 7), "dora": (0, 5)}),
        # The one that stays is the best; of equal ones the last.
        ({"dropped": 99}, {"ada": (2, 2), "bea": (1, 1), "carl": (1, 1), "dora": (0, 1)}),
        # Classes: ada 5/6 and 2/3, bea 5/6 and 1/3, carl 3/5 and 3/4, dora 0/4 and 0/3.
        (
            {"dropped": 1, "drops_sessions": True},
            {"ada": (5, 6), "bea": (5, 6), "carl": (3, 4), "dora": (0, 3)},
        ),
        (
            {"dropped": 5, "drops_sessions": True},
            {"ada": (5, 6), "bea": (5, 6), "carl": (3, 4), "dora": (0, 3)},
        ),
    ],
)
def test_the_lowest_are_dropped_but_never_all(rules, expected):
    assert points(of(Rules(**rules))) == expected


def test_a_part_of_the_points_can_be_enough():
    found = of(Rules(enough=70, full_mark=Decimal("12.50")))
    # 7/9 is more than 70 %; 6/9 of 70 % of 12.50 is 11.9047...
    assert found["ada"].mark == Decimal("12.50")
    assert found["bea"].mark == Decimal("11.90")


def test_half_a_cent_is_rounded_up_once():
    one = asked(1, [("ada", "A", "", 1, 0)], is_twice=False)
    rules = Rules(first_vote=1, message=1, full_mark=Decimal("0.01"))
    # Half of 0.01 is 0.005.
    assert mark(rules, [one], "ada", ()).mark == Decimal("0.01")


def test_a_nameless_class_counts_as_done_without_right_and_wrong():
    rules = Rules(first_vote=1, second_vote=0, message=0, right_first=1)
    ada = of(rules, nameless={1})["ada"]
    assert (ada.reached, ada.possible) == (4, 5)
    assert [part.nameless for part in ada.parts] == [True, True, False, False]
    assert not any("right" in name for part in ada.parts[:2] for name in part.done | part.could)


def test_what_was_missed_before_joining_does_not_count():
    joined = {"carl": START + timedelta(days=3, hours=1), "dora": START + timedelta(days=4)}
    found = of(students=joined)
    # Of question 3 only the second vote and the message count for Carl; the first is no loss.
    assert points(found) == {"carl": (6, 6), "dora": (0, 1)}
    late = of(students={"eva": START + timedelta(days=9)})["eva"]
    assert (late.counts, late.mark, late.parts) == (False, 0, ())


def test_released_questions_count_their_percentage():
    late = asked(9, [("bea", "A", "A"), ("carl", "B")], is_release=True)
    rules = Rules(released=50)
    before = points(of(rules))
    open_ = of(rules, posed=(*TERM, late))
    # Only Bea is through; for the others it does not count yet.
    assert points(open_) == {**before, "bea": (7, 10)}
    assert open_["bea"].parts[-1].reached == Fraction(1)
    due = of(rules, posed=(*TERM, late), due={9: START + timedelta(days=10)})
    assert points(due) == {
        "ada": (7, 10),
        "bea": (7, 10),
        "carl": (6.5, 10),
        "dora": (0, 8),
    }
    joined = {"dora": START + timedelta(days=11)}
    assert (
        of(rules, posed=[late], students=joined, due={9: START + timedelta(days=10)})["dora"].parts
        == ()
    )
    assert points(of(posed=(*TERM, late))) == points(of())


def test_who_answered_in_class_owes_no_second_time():
    again = asked(9, [], is_release=True, question=1)
    due = {9: START + timedelta(days=10)}
    found = of(Rules(released=100), posed=(again, *TERM), due=due)
    assert points(found) == {"ada": (7, 9), "bea": (6, 9), "carl": (6, 9), "dora": (0, 9)}


def test_dropped_classes_leave_released_questions():
    late = asked(9, [("dora", "A", "A")], is_release=True)
    rules = Rules(released=100, dropped=9, drops_sessions=True)
    assert points(of(rules, posed=(*TERM, late)))["dora"] == (2, 5)
