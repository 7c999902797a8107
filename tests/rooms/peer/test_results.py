"""The figures of questions, classes and terms, counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from rooms.peer import flow_shapes
from rooms.peer.answers import REST, AnswerKey
from rooms.peer.content import Kind
from rooms.peer.posed import Answers, Ballot, Posed
from rooms.peer.results import figures, items, term

CHOICE = AnswerKey(kind=Kind.SINGLE, letters=("A", "B", "C"), right=("B",))
POLL = AnswerKey(kind=Kind.POLL, letters=("A", "B"))
START = datetime(2026, 10, 5, 10, tzinfo=UTC)


def ballot(key, choice, confidence=None, seconds=10.0):
    right = None if key.correct is None else key.is_right(choice)
    return Ballot(
        choice=choice, right=right, confidence=confidence, seconds=seconds, has_reason=False
    )


def answers(user, first="", second="", key=CHOICE, sure=(None, None), seconds=(10.0, 20.0), **of):
    return Answers(
        user=user,
        first=ballot(key, first, sure[0], seconds[0]) if first else None,
        second=ballot(key, second, sure[1], seconds[1]) if second else None,
        **of,
    )


def posed(*given, pk=1, question=1, session=1, key=CHOICE, is_twice=True, day=0):
    return Posed(
        pk=pk,
        is_release=False,
        question=question,
        version=None,
        slug=f"q{question}",
        session=session,
        at=START + timedelta(days=day),
        key=key,
        is_twice=is_twice,
        answers=given,
    )


CLASS = posed(
    answers("ada", "A", "B", sure=(5, 5), seconds=(5.0, 8.0), group=1, messages=2),
    answers("bea", "B", "B", sure=(2, 4), seconds=(9.0, 4.0), group=1),
    answers("cem", "A", "C", sure=(4, 1), seconds=(30.0, 6.0), group=2, messages=1),
    answers("dan", "B", sure=(3, None), seconds=(12.0, 0.0), group=2),
    answers("eva", second="B", seconds=(0.0, 10.0)),
    answers("fay", group=3),
)


def test_a_question_counted_by_hand():
    found = figures(CLASS)
    assert found.voters == (4, 4)
    assert found.counts == ({"A": 2, "B": 2}, {"B": 3, "C": 1})
    assert found.right == (2, 3)
    assert found.flows == (("A", "B", 1), ("A", "C", 1), ("B", "B", 1))
    assert found.moves == {"right_right": 1, "right_wrong": 0, "wrong_right": 1, "wrong_wrong": 1}
    # Of three who voted twice, one was right before and two after: (2 - 1) / (3 - 1).
    assert found.gain == 0.5
    assert found.sure == (
        {"sure_right": 0, "sure_wrong": 2, "unsure_right": 2, "unsure_wrong": 0},
        {"sure_right": 2, "sure_wrong": 0, "unsure_right": 0, "unsure_wrong": 1},
    )
    assert found.seconds == (10.5, 7.0)
    assert (found.partners, found.talked) == (5, 2)


def test_without_a_right_answer_nothing_is_right_or_wrong():
    found = figures(posed(answers("ada", "A", "B", key=POLL, sure=(5, 5)), key=POLL))
    assert (found.right, found.moves, found.gain, found.sure) == (None, None, None, (None, None))
    assert found.flows == (("A", "B", 1),)


def test_nobody_voted():
    found = figures(posed(is_twice=False))
    assert (found.voters, found.counts, found.right) == ((0, 0), ({}, {}), (0, 0))
    assert (found.flows, found.moves, found.gain, found.seconds) == ((), None, None, (None, None))


def test_a_term_counted_by_hand():
    later = posed(
        answers("ada", "B"),
        answers("gus", "A"),
        pk=2,
        question=2,
        session=2,
        is_twice=False,
        day=7,
    )
    again = posed(answers("bea", "A", key=POLL), pk=3, question=3, session=2, key=POLL, day=7)
    # In whatever order they come; gus has left the course, fay never voted.
    # Hal came between the classes and ivy after both. Dan voted before he was enrolled.
    joined = dict.fromkeys(["ada", "bea", "cem", "eva", "fay"], CLASS.at)
    joined |= {"hal": later.at, **dict.fromkeys(["dan", "ivy"], later.at + timedelta(seconds=1))}
    found = term([later, CLASS, again], joined)
    assert (found.students, found.took_part) == (7, 5)
    assert [(one.session, one.took_part, one.students) for one in found.sessions] == [
        (1, 5, 6),
        (2, 2, 6),
    ]
    first, second = found.sessions
    assert (first.sums.posed, first.sums.twice, first.sums.gain) == (1, 1, 0.5)
    assert (second.sums.votes, second.sums.judged, second.sums.right) == ((3, 0), (2, 0), (1, 0))
    assert (second.sums.moves, second.sums.gain) == (None, None)
    assert (found.sums.posed, found.sums.votes, found.sums.right) == (3, (7, 4), (3, 3))
    assert (found.sums.gain, found.sums.partners, found.sums.talked) == (0.5, 5, 2)


def test_discrimination_is_the_correlation_with_the_other_questions():
    # Ten students: on question 1, the five best ones of the other two questions are right.
    given = [
        ("B", "B", "B"),
        ("B", "B", "B"),
        ("B", "B", "A"),
        ("B", "A", "B"),
        ("A", "B", "A"),
        ("B", "A", "A"),
        ("A", "A", "A"),
        ("A", "A", "B"),
        ("A", "A", "A"),
        ("A", "A", "A"),
    ]
    many = [
        posed(
            *(answers(user, row[number]) for user, row in enumerate(given)),
            pk=number,
            question=number,
        )
        for number in range(3)
    ]
    found = items(many)
    assert found[0].difficulty == 0.5
    # The rest scores of those who are right are 2, 2, 1, 1, 0 (mean 1.2), of the others 1, 0, 1,
    # 0, 0 (mean 0.4); all have the variance 0.56: (1.2 - 0.4) / sqrt(0.56) * 0.5.
    assert found[0].discrimination == pytest.approx(0.4 / 0.56**0.5)
    assert (
        items([posed(*many[0].answers[:9]), posed(*many[1].answers[:9], question=2)])[1]
        == items([posed(*many[0].answers[:9])])[1]
    )
    assert items(many[:1])[0].discrimination is None


def test_the_first_of_several_times_is_the_one_that_tests():
    again = posed(answers("ada", "B"), answers("bea", "A"), pk=9, day=1)
    found = items([again, posed(answers("ada", "A"))])[1]
    assert (found.times, found.students, found.difficulty) == (2, 2, 0.0)
    poll = items([posed(answers("ada", "A", key=POLL), key=POLL)])[1]
    assert (poll.students, poll.difficulty) == (0, None)


def test_the_diagram_is_as_high_as_the_class():
    found = flow_shapes.drawing(CHOICE, figures(CLASS).flows)
    assert [(bar.answer, bar.students, bar.height) for bar in found.first] == [
        ("A", 2, 120.0),
        ("B", 1, 60.0),
    ]
    assert [(bar.answer, bar.is_right) for bar in found.second] == [("B", True), ("C", False)]
    assert [(one.before, one.after, one.to) for one in found.bands] == [
        ("A", "B", "right"),
        ("A", "C", "wrong"),
        ("B", "B", "right"),
    ]
    assert flow_shapes.drawing(CHOICE, ()) is None


def test_rare_answers_share_a_bar():
    key = AnswerKey(kind=Kind.NUMBER, number=3.0)
    flows = [(str(number), "3", 20 - number) for number in range(12)]
    order = flow_shapes.order(key, flows)
    assert order == [*map(str, range(7)), REST]
    lumped = flow_shapes.lumped(flows, order)
    assert sum(students for _, _, students in lumped) == sum(range(9, 21))
    assert lumped[-1] == (REST, "3", 13 + 12 + 11 + 10 + 9)
