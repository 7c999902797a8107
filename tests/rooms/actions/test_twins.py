"""Twin questions: how they are chosen, copied, asked and counted."""

import uuid

import pytest
from msgspec import UNSET

from rooms.actions.course_making import copy_course
from rooms.actions.question_edits import (
    copy_questions,
    create_question,
    duplicate_question,
    save_question,
)
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Enrollment, Question, Round
from rooms.queries import classroom, results
from rooms.wire.commands import NextQuestion, Reveal, StartQuestion, StartRevote, StopVote
from rooms.wire.errors import EditConflict, FlawedQuestion
from rooms.wire.figures import TwinOffer, TwinResult
from tests.rooms.cast import make_question

COURSE = "physics"


@pytest.fixture
def pair(school):
    """A question and its twin, both ready; A is right in the first and B in the second."""
    original = make_question(school.course, "force", correct="A")
    twin = make_question(school.course, "push", correct="B")
    twin.twin_of = original
    twin.save()
    return original, twin


def save(school, slug, twin_of, *, edit=0):
    found = school.course.questions.get(slug=slug)
    return save_question(
        user=school.ines,
        course=COURSE,
        question=slug,
        edit=edit,
        content=found.content,
        is_draft=False,
        twin_of=twin_of,
    )


def test_a_question_is_chosen_as_the_original(school):
    for slug in ("force", "push", "pull"):
        make_question(school.course, slug)
    assert save(school, "push", "force").twin_of.slug == "force"
    assert Question.objects.get(slug="push").edit == 1
    assert save(school, "push", "force", edit=0).edit == 1, "nothing changes"
    with pytest.raises(EditConflict):
        save(school, "push", None, edit=0)
    for slug, original, flaw in (
        ("pull", "pull", "twin_of_itself"),
        ("pull", "push", "twin_of_twin"),
        ("pull", "none", "unknown_twin"),
        ("force", "pull", "has_twins"),
    ):
        with pytest.raises(FlawedQuestion) as refusal:
            save(school, slug, original)
        assert [one["flaw"] for one in refusal.value.extra["problems"]] == [flaw]
        assert "`twin_of`" in refusal.value.message
    assert save(school, "push", None, edit=1).twin_of is None
    made = create_question(
        user=school.ines,
        course=COURSE,
        content=Question.objects.get(slug="pull").content,
        is_draft=False,
        twin_of="force",
    )
    assert made.twin_of.slug == "force"


def test_copies_are_twins_where_both_were_copied(school, pair, monkeypatch):
    make_question(school.course, "other", correct="C")
    Enrollment.objects.create(course=school.other_course, user=school.ines, role="instructor")
    there = {"user": school.ines, "source": COURSE, "target": "chemistry"}
    (alone,) = copy_questions(questions=["push"], **there)
    assert alone.twin_of is None
    copies = copy_questions(questions=["other", "push", "force"], **there)
    assert [one.twin_of for one in copies] == [None, copies[2], None]
    assert Question.objects.get(pk=copies[1].pk).twin_of == copies[2]
    assert duplicate_question(user=school.ines, course=COURSE, question="push").twin_of is None
    monkeypatch.setattr("rooms.permissions.may_make_courses", lambda user: True)
    course = copy_course(user=school.ines, course=COURSE, title="Next term")
    assert course.questions.get(slug="push").twin_of == course.questions.get(slug="force")


def take(school, command, **fields):
    control(user=school.ines, course=COURSE, command=command(uuid=uuid.uuid4().hex, **fields))


def vote(school, **choices):
    for name, choice in choices.items():
        cast_vote(ballot=Ballot(school.person(name), COURSE, choice))


def figures(school):
    return results.figures_for(school.ines, COURSE)


@pytest.mark.parametrize("twice", [True, False])
def test_a_twin_is_offered_after_the_result_and_counted_beside_the_original(school, pair, twice):
    take(school, StartQuestion, question="force")
    vote(school, ada="A", bea="A", carl="B")
    if twice:
        vote(school, ada="B", carl="A")
        take(school, StopVote)
        take(school, StartRevote)
        vote(school, ada="A", bea="A", carl="B")
    take(school, StopVote)
    assert (figures(school).twin, figures(school).twin_of) == (UNSET, UNSET)
    take(school, Reveal)
    assert figures(school).twin == TwinOffer("push", "What is push?")
    assert "push" not in str(classroom.snapshot(school.ada, COURSE))
    Question.objects.filter(slug="push").update(is_draft=True)
    assert figures(school).twin is UNSET
    Question.objects.filter(slug="push").update(is_draft=False)
    take(school, StartQuestion, question="push")
    asked = Round.objects.get(question__slug="push")
    assert asked.twin_of == Round.objects.get(question__slug="force", number=2 if twice else 1)
    assert figures(school).twin_of == TwinResult(question="force")
    vote(school, ada="B", bea="C", carl="B")
    take(school, StopVote)
    take(school, Reveal)
    assert figures(school).twin_of == TwinResult(
        question="force",
        both_right=1,
        right_then_wrong=1,
        wrong_then_right=1,
        both_wrong=0,
        copied=0.5,
    )
    assert figures(school).twin is UNSET
    assert "copied" not in str(classroom.snapshot(school.ada, COURSE))
    take(school, NextQuestion)
    take(school, StartQuestion, question="force")
    take(school, StopVote)
    take(school, Reveal)
    assert figures(school).twin is UNSET, "it was asked in this class"


def test_a_twin_that_is_asked_alone_is_counted_beside_nothing(school, pair):
    take(school, StartQuestion, question="push")
    assert Round.objects.get().twin_of is None
    take(school, StopVote)
    take(school, Reveal)
    assert figures(school).twin_of is UNSET
