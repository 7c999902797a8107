"""Versions of questions: edits of a question do not change it where it was already asked."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from peerchat import api
from rooms.actions.questions import begin_edit
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Choice, Course, Message, Question, QuestionVersion, Round, Vote
from rooms.queries import classroom, courses, results
from rooms.wire.commands import NextQuestion, Reveal, StartQuestion, StartRevote, StopVote
from rooms.wire.errors import InvalidChoice
from tests.rooms.cast import make_question

COURSE = "physics"
ASKED = {letter: f"choice {letter}" for letter in "ABCD"}
EDITED = {"A": "no force", "B": "choice B", "C": "choice C", "E": "another"}


@pytest.fixture
def question(school):
    return make_question(school.course, "force")


def take(school, *commands):
    """Take steps of a class; those that start a question are given by its slug."""
    for command in commands:
        fields = {"question": "force"} if command is StartQuestion else {}
        number = Message.objects.count()
        control(user=school.ines, course=COURSE, command=command(uuid=f"step {number}", **fields))


def edit(question):
    """Change the wording, a choice, the set of choices and the key, by the ORM alone."""
    Question.objects.filter(pk=question.pk).update(prompt="What is a force?")
    question.choices.filter(letter="D").delete()
    question.choices.filter(letter="A").update(text="no force")
    question.choices.update(is_correct=False)
    Choice.objects.create(question=question, letter="E", text="another", is_correct=True)


def vote(user, choice):
    return cast_vote(ballot=Ballot(user, COURSE, choice))


def shown(user):
    """The prompt and the choices that a snapshot has, without its time."""
    question = classroom.snapshot(user, COURSE).question
    return question.prompt, {choice.choice: choice.text for choice in question.choices}


def test_an_edit_during_a_vote_changes_nothing_of_what_was_asked(school, question):
    take(school, StartQuestion)
    before = classroom.snapshot(school.ada, COURSE)
    vote(school.ada, "D")
    edit(question)
    for user in (school.ada, school.ines):
        assert shown(user) == ("What is force?", ASKED)
    assert classroom.snapshot(school.bea, COURSE).revision == before.revision
    vote(school.bea, "D")
    vote(school.carl, "B")
    with pytest.raises(InvalidChoice):
        vote(school.carl, "E")
    figures = results.figures(school.course)
    assert figures.histograms == [{"A": 0, "B": 1, "C": 0, "D": 2}, {}]
    assert figures.correct == "B"

    take(school, StopVote, StartRevote)
    assert shown(school.ada) == ("What is force?", ASKED)
    vote(school.ada, "B")
    vote(school.bea, "D")
    take(school, StopVote, Reveal)
    after = classroom.snapshot(school.ada, COURSE)
    assert (after.question, after.correct) == (before.question, "B")
    assert after.histograms == [
        {"A": 0, "B": 1, "C": 0, "D": 2},
        {"A": 0, "B": 1, "C": 0, "D": 1},
    ]
    figures = results.figures(school.course)
    assert figures.gain == 0.5
    told = Message.objects.exclude(control=None).values_list("control__question", flat=True)
    assert [body["prompt"] for body in told] == ["What is force?"] * 5


def test_the_next_asking_has_the_new_wording_and_what_was_before_keeps_its_own(school, question):
    take(school, StartQuestion)
    vote(school.ada, "D")
    take(school, StopVote, Reveal)
    edit(question)
    take(school, StartQuestion)
    assert shown(school.ada) == ("What is a force?", EDITED)
    vote(school.ada, "E")
    with pytest.raises(InvalidChoice):
        vote(school.ada, "D")
    assert results.figures(school.course).correct == "E"
    (session,) = results.class_sessions(school.course)
    new, old = session.last_rounds
    assert [round_.asked.number for round_ in (old, new)] == [1, 2]
    assert (old.asked.prompt, old.asked.letters, old.asked.correct) == (
        "What is force?",
        list("ABCD"),
        "B",
    )
    assert dict(Vote.objects.values_list("round", "choice")) == {old.pk: "D", new.pk: "E"}


def test_results_are_those_of_the_version_that_was_revealed(school, question):
    def read(user=school.ada):
        return api.read_results(user=user, course=COURSE, question="force")

    take(school, StartQuestion)
    vote(school.ada, "D")
    take(school, StopVote, Reveal)
    before = read()
    edit(question)
    assert read() == read(school.ines) == before
    assert before.prompt == "What is force?"
    assert [(one.letter, one.is_correct, one.votes) for one in before.choices] == [
        ("A", False, (0, 0)),
        ("B", True, (0, 0)),
        ("C", False, (0, 0)),
        ("D", False, (1, 0)),
    ]
    # The new version is asked, and left without a reveal.
    take(school, StartQuestion, StopVote, NextQuestion)
    assert read() == before
    take(school, StartQuestion, StopVote, Reveal)
    after = read()
    assert after.prompt == "What is a force?"
    assert {one.letter: one.text for one in after.choices} == EDITED
    assert [one.letter for one in after.choices if one.is_correct] == ["E"]


def test_students_see_the_questions_that_were_revealed_and_leaders_the_next_ones(school, question):
    def seen(user):
        enrollment = school.enrollment(user)
        versions = courses.versions_for(enrollment, courses.questions_for(enrollment))
        prompts = [one.prompt for one in api.get_questions(user=user, course=COURSE)]
        assert prompts == [version.prompt for version in versions]
        return [(version.prompt, version.correct) for version in versions]

    asked, edited = [("What is force?", "B")], [("What is a force?", "E")]
    take(school, StartQuestion, StopVote, Reveal)
    edit(question)
    assert (seen(school.ada), seen(school.ines)) == (asked, edited)
    take(school, StartQuestion)
    assert (seen(school.ada), seen(school.ines)) == ([], edited)
    take(school, StopVote, NextQuestion)
    assert seen(school.ada) == asked
    take(school, StartQuestion, StopVote, Reveal)
    assert seen(school.ada) == edited


def test_a_question_has_a_version_for_each_wording_that_was_asked(school, question):
    def ask():
        take(school, StartQuestion, StopVote, NextQuestion)
        return Round.objects.latest("pk").version.number

    assert [ask(), ask()] == [1, 1]
    question.choices.filter(letter="A").update(text="a push")
    question.choices.filter(letter="A").update(text="a pull")
    assert ask() == 2
    question.choices.filter(letter="A").update(text="choice A")
    assert ask() == 1
    question.choices.update(is_correct=False)
    assert ask() == 3
    assert question.versions.count() == 3


def test_rounds_that_have_no_version_yet_get_theirs_before_an_edit(school, question):
    """A worker of the release before stores rounds without a version."""
    take(school, StartQuestion)
    Round.objects.update(version=None)
    QuestionVersion.objects.all().delete()
    assert shown(school.ada) == ("What is force?", ASKED)
    assert vote(school.ada, "D")
    unsaved = Question.objects.get(pk=question.pk)
    unsaved.prompt = "What is a force?"
    begin_edit(question=unsaved)
    unsaved.save()
    edit(question)
    assert shown(school.bea) == ("What is force?", ASKED)
    assert Round.objects.get().version.number == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_no_class_asks_a_question_while_it_is_edited(school, question):
    refused = []

    def try_to_lock():
        try:
            with transaction.atomic():
                Course.objects.select_for_update(no_key=True, nowait=True).get(slug=COURSE)
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        begin_edit(question=question)
        other = threading.Thread(target=try_to_lock)
        other.start()
        other.join()
    assert len(refused) == 1
