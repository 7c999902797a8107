"""Figures whose votes are counted anew are those that are read as a whole."""

import pytest

from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Question
from rooms.queries import results
from tests.rooms.kinds import KINDS, store
from tests.rooms.queries.test_steps import COURSE, give
from tests.rooms.queries.test_steps import school as school


def vote(users, answers):
    for user, answer in zip(users, answers, strict=False):
        cast_vote(ballot=Ballot(user, COURSE, answer))


@pytest.mark.parametrize("kind", KINDS)
def test_the_votes_are_those_of_now(school, kind, django_assert_max_num_queries):
    asked = KINDS[kind]
    store(school.course, "asked", asked.content)
    users = school.ada, school.bea, school.carl
    give(school, "start_question", question="asked")
    before = results.counted(school.course)
    vote(users[:2], asked.answers)
    with django_assert_max_num_queries(3):
        now = results.recounted(before)
    assert now.body == results.figures(school.course) != before.body
    assert now.body.votes == [2, 0]
    vote(users, asked.answers[1:])
    assert results.recounted(now).body == results.figures(school.course)
    assert results.recounted(before).body.votes == [3, 0]
    # In the second vote, those of the first stay.
    give(school, "stop_vote")
    give(school, "make_partners")
    give(school, "enable_chat")
    give(school, "start_revote")
    again = results.counted(school.course)
    vote(users, asked.answers)
    assert results.recounted(again).body == results.figures(school.course)
    assert results.recounted(again).body.votes == [3, 3]


@pytest.mark.parametrize("change", ["stop_vote", "count_down_and_stop", "show_bars", "reveal"])
def test_after_anything_else_all_is_read(school, change):
    assert results.recounted(results.counted(school.course)) is None
    give(school, "start_question", question="force")
    before = results.counted(school.course)
    vote([school.ada], "A")
    assert results.recounted(before) is not None
    if change == "reveal":
        give(school, "stop_vote")
    give(
        school,
        change,
        **{"count_down_and_stop": {"seconds": 30}, "show_bars": {"shown": True}}.get(change, {}),
    )
    assert results.recounted(before) is None
    if change not in ("count_down_and_stop", "show_bars"):
        # Of a closed vote nothing is ever counted anew.
        assert results.recounted(results.counted(school.course)) is None


def test_of_another_class_nothing_is_counted(school):
    give(school, "start_question", question="force")
    before = results.counted(school.course)
    vote([school.ada], "A")
    give(school, "stop_vote")
    give(school, "reveal")
    assert Question.objects.filter(slug="work").exists()
    give(school, "next_question", question="work")
    assert results.recounted(before) is None
    assert results.recounted(results.counted(school.course)).body.votes == [0, 0]
