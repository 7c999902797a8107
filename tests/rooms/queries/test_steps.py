"""The next step that the figures name, as the class goes on."""

import uuid

import pytest
from django.utils import timezone

from rooms.actions import session
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import ClassSession, ClassSettings, Connection, Question, Worker
from rooms.queries import results
from rooms.wire import commands
from rooms.wire.figures import NextStepBody
from tests.rooms.cast import make_question
from tests.rooms.kinds import KINDS, store

COURSE = "physics"


@pytest.fixture
def school(school):
    """A course with two questions, whose students are online."""
    for position, slug in enumerate(("force", "work")):
        question = make_question(school.course, slug)
        Question.objects.filter(pk=question.pk).update(position=position)
    worker = Worker.objects.create(seen_at=timezone.now())
    for user in (school.ada, school.bea, school.carl):
        Connection.objects.create(
            id=uuid.uuid4(), user=user, worker=worker, opened_at=timezone.now()
        )
    return school


def give(school, action, **fields):
    kind = next(k for k in commands.CONTROL_COMMANDS if k.__struct_config__.tag == action)
    command = kind(uuid=uuid.uuid4().hex, **fields)
    return session.control(user=school.ines, course=COURSE, command=command)


def vote(school, choices):
    for user, choice in zip((school.ada, school.bea, school.carl), choices, strict=False):
        cast_vote(ballot=Ballot(user, COURSE, choice))


def told(school):
    """Return the next step, which is always that of the current epoch."""
    found = results.figures(school.course).next
    now = ClassSession.objects.filter(ended_at=None).first()
    assert isinstance(found, NextStepBody)
    assert found.epoch == (now.epoch if now else 0)
    return found


def step(school):
    found = told(school)
    return found.step, found.why


def test_the_steps_of_a_question(school):
    assert told(school) == NextStepBody(
        step="start_question", why="ready", epoch=0, question="force"
    )
    give(school, "start_question", question="force")
    assert step(school) == ("count_down_and_stop", "nobody_yet")
    vote(school, "AB")
    assert step(school) == ("count_down_and_stop", "voting")
    vote(school, "ABB")
    assert step(school) == ("count_down_and_stop", "all_voted")
    give(school, "count_down_and_stop")
    assert step(school) == ("stop_vote", "closing")
    give(school, "extend")
    assert step(school) == ("count_down_and_stop", "all_voted")
    give(school, "stop_vote")
    assert told(school) == NextStepBody(step="make_partners", why="some_right", epoch=4, percent=67)
    ClassSettings.objects.create(course=school.course, least_right=20, most_right=60)
    assert step(school) == ("reveal", "many_right")
    ClassSettings.objects.update(least_right=80, most_right=90)
    assert step(school) == ("start_revote", "few_right")
    give(school, "make_partners")
    assert step(school) == ("enable_discussion", "partners_made")
    give(school, "enable_chat")
    assert step(school) == ("start_revote", "discussing")
    give(school, "start_revote")
    vote(school, "BBB")
    give(school, "stop_vote")
    assert told(school) == NextStepBody(
        step="reveal", why="compared", epoch=7, percent=100, before=67
    )
    give(school, "reveal")
    assert told(school) == NextStepBody(step="start_question", why="more", epoch=8, question="work")


def test_what_is_asked_next(school):
    force = school.course.questions.get(slug="force")
    twin = make_question(school.course, "force-twin")
    Question.objects.filter(pk=twin.pk).update(twin_of=force)
    work = Question.objects.filter(slug="work")
    work.update(is_draft=True)
    give(school, "start_question", question="force")
    give(school, "stop_vote")
    give(school, "reveal")
    assert (told(school).why, told(school).question) == ("twin", "force-twin")
    Question.objects.filter(pk=twin.pk).update(is_draft=True)
    assert step(school) == ("next_question", "last")
    work.update(is_draft=False)
    assert (told(school).why, told(school).question) == ("more", "work")
    work.update(quick=True)
    give(school, "next_question")
    assert step(school) == ("quick_question", "nothing_prepared")
    # After a class, every question may be asked again.
    ClassSession.objects.update(ended_at=timezone.now())
    found = results.figures(school.course).next
    assert (found.question, found.epoch) == ("force", 4)


@pytest.mark.parametrize(
    ("kind", "answers", "expected"),
    [
        ("poll", "AAB", ("make_partners", "divided", 67)),
        ("poll", "AAA", ("reveal", "agreed", 100)),
        # Spellings of the same answer agree.
        ("text", ("Same", "same.", "SAME"), ("reveal", "agreed", 100)),
        ("text", ("one", "two", "three"), ("make_partners", "divided", 33)),
    ],
)
def test_without_a_right_answer(school, kind, answers, expected):
    question = store(school.course, "open", KINDS[kind].content)
    Question.objects.filter(pk=question.pk).update(accepted=[])
    give(school, "start_question", question="open") if kind == "poll" else _pose(school, question)
    vote(school, answers)
    give(school, "stop_vote")
    found = told(school)
    assert (found.step, found.why, found.percent) == expected


def _pose(school, question):
    """Ask a short text without a right answer, as a question from before there were drafts."""
    give(school, "start_question", question="force")
    round_ = ClassSession.objects.get().current_round
    round_.question, round_.version = question, None
    round_.save()
