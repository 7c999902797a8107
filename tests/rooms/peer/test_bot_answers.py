import pytest

from rooms.peer import bots
from rooms.peer.answers import AnswerKey
from rooms.peer.bot_answers import MOST, options
from rooms.peer.content import Kind

WORDS = ("It depends", "nothing", "both", "yes")
JUDGES = [
    AnswerKey(Kind.SINGLE, tuple("ABC"), ("B",)),
    AnswerKey(Kind.POLL, tuple("ABC")),
    AnswerKey(Kind.SEVERAL, tuple("ABCD"), tuple("AC")),
    AnswerKey(Kind.SEVERAL, tuple("AB"), tuple("A")),
    AnswerKey(Kind.SEVERAL, tuple("ABCD")),
    AnswerKey(Kind.NUMBER, number=9.81, tolerance=0.1, unit="m/s²"),
    AnswerKey(Kind.NUMBER, number=0),
    AnswerKey(Kind.NUMBER, number=1e90, tolerance=5e90),
    AnswerKey(Kind.NUMBER, number=1e100),
    AnswerKey(Kind.NUMBER, number=5, tolerance=1000),
    AnswerKey(Kind.NUMBER),
    AnswerKey(Kind.TEXT, accepted=("Both!", "mitochondria")),
    AnswerKey(Kind.TEXT),
]


@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_answers_that_students_may_give(judge):
    for key in ("a", "b", "c"):
        found = options(key, judge, WORDS)
        assert found == options(key, judge, WORDS)
        assert len(found) == len(set(found)) <= max(MOST, len(judge.letters))
        assert all(judge.canonical(answer) == answer for answer in found)
        right = [answer for answer in found if judge.is_right(answer)]
        assert right == ([] if judge.correct is None else [judge.correct])
        assert len(found) - len(right) >= 2 or judge.letters == ("A", "B")
        votes = bots.first_votes(key, 30, found, judge.correct)
        assert {vote.choice for vote in votes.values()} <= set(found)
