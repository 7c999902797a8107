"""Quick questions, and right answers that are given before, during or after the vote, or never."""

import pytest

from peerchat import api
from rooms.actions.quick import keep_question
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Message, Question, QuestionVersion, RightAnswer, Round, UseLog
from rooms.queries import classroom, courses, results
from rooms.wire.commands import (
    MakePartners,
    NextQuestion,
    QuickQuestion,
    Reopen,
    Reveal,
    SetCorrect,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import (
    IllegalTransition,
    InvalidChoice,
    InvalidMessageFormat,
    PermissionDenied,
    TextTooLong,
    UuidReused,
)
from tests.rooms.cast import make_question

COURSE = "physics"
COUNT = iter(range(1_000_000))


def take(school, kind, *, user=None, uuid=None, **fields):
    """Give a command of the instructor and return what it answers."""
    command = kind(uuid=uuid or f"step {next(COUNT)}", **fields)
    return control(user=user or school.ines, course=COURSE, command=command)


def vote(school, **choices):
    for name, choice in choices.items():
        cast_vote(ballot=Ballot(school.person(name), COURSE, choice))


def state(user):
    return classroom.snapshot(user, COURSE)


def figures(school):
    return results.figures(school.course)


def shown(user):
    question = state(user).question
    return question.prompt, {one.choice: one.text for one in question.choices}


LETTERS = dict.fromkeys("ABCD", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("", LETTERS)),
        ({"choices": 2}, ("", {"A": "", "B": ""})),
        ({"choices": 26, "correct": "Z"}, ("", {chr(65 + n): "" for n in range(26)})),
        (
            {"choices": [" up", "\u200b"], "prompt": "Where to?\n"},
            ("Where to?", {"A": " up", "B": ""}),
        ),
        ({"prompt": "\u2800"}, ("", LETTERS)),
    ],
)
def test_a_quick_question_is_made_and_asked_at_once(school, given, expected):
    make_question(school.course, "force")
    moved = take(school, QuickQuestion, **given)
    assert (moved.phase, moved.epoch, moved.question) == ("vote", 1, "quick-1")
    assert shown(school.ada) == expected
    made = Question.objects.get(slug="quick-1")
    assert made.quick
    assert [one.slug for one in school.course.questions.all()] == ["force", "quick-1"]
    assert figures(school).correct == given.get("correct")
    assert figures(school).may_set_correct
    vote(school, ada="B")
    assert state(school.ada).votes[0].choice == "B"
    assert UseLog.objects.filter(act="quick_question", div_id="quick-1").count() == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"correct": "E"}, InvalidChoice),
        ({"choices": 2, "correct": "C"}, InvalidChoice),
        ({"prompt": "x" * 4001}, TextTooLong),
        ({"choices": ["up", "x" * 501]}, TextTooLong),
        ({"epoch": 7}, IllegalTransition),
        ({"user": "ada"}, PermissionDenied),
    ],
)
def test_one_that_is_refused_leaves_nothing(school, given, error):
    if "user" in given:
        given = {"user": school.person(given["user"])}
    with pytest.raises(error):
        take(school, QuickQuestion, **given)
    assert (Question.objects.count(), Round.objects.count(), Message.objects.count()) == (0, 0, 0)


def test_the_slug_is_one_that_no_question_of_the_course_ever_had(school):
    make_question(school.course, "quick-fix")
    take(school, QuickQuestion)
    renamed = Question.objects.get(slug="quick-1")
    renamed.slug = "levers"
    renamed.save()
    make_question(school.course, "quick-7")
    take(school, StopVote)
    take(school, Reveal)
    assert take(school, QuickQuestion).question == "quick-8"


def test_a_repeated_command_asks_once(school):
    first = take(school, QuickQuestion, uuid="same", correct="B")
    assert take(school, QuickQuestion, uuid="same", correct="B") == first
    assert Question.objects.count() == 1
    with pytest.raises(UuidReused):
        take(school, StopVote, uuid="same")
    with pytest.raises(UuidReused):
        take(school, SetCorrect, uuid="same", choice="B")


def test_without_a_right_answer_everything_runs_but_what_counts_right_answers(school):
    take(school, QuickQuestion)
    vote(school, ada="A", bea="B", carl="B")
    take(school, StopVote)
    assert take(school, MakePartners).groups == 1
    take(school, StartRevote)
    vote(school, ada="B", bea="B")
    take(school, StopVote)
    take(school, Reveal)
    now = figures(school)
    assert (now.correct, now.transitions, now.gain, now.may_set_correct) == (None, None, None, True)
    assert now.histograms == [{"A": 1, "B": 2, "C": 0, "D": 0}, {"A": 0, "B": 2, "C": 0, "D": 0}]
    seen = state(school.ada)
    assert (seen.correct, seen.histograms) == (None, now.histograms)
    found = api.read_results(user=school.ada, course=COURSE, question="quick-1")
    assert (found.correct, found.votes) == (None, (3, 2))
    enrollment = school.enrollment(school.ada)
    versions = courses.versions_for(enrollment, courses.questions_for(enrollment))
    assert [one.correct for one in versions] == [None]


WHEN = ("start", "vote", "vote_closed", "revote", "revote_closed", "revealed")


@pytest.mark.parametrize("when", WHEN)
def test_the_right_answer_counts_whenever_it_is_given(school, when):
    """What everybody sees in the end is the same, and before the reveal there is nothing of it."""

    def mark(now):
        if now == when:
            take(school, SetCorrect, choice="B", question="quick-1")
        if now in WHEN[1:-1]:
            for user in (school.ada, school.ines):
                assert not isinstance(state(user).correct, str)
            heard = [message.control for message in Message.objects.exclude(control=None)]
            assert all("correct" not in fields for fields in heard)

    take(school, QuickQuestion, **({"correct": "B"} if when == "start" else {}))
    mark("vote")
    vote(school, ada="A", bea="A", carl="B")
    take(school, StopVote)
    mark("vote_closed")
    take(school, StartRevote)
    mark("revote")
    vote(school, ada="B", bea="A", carl="B")
    take(school, StopVote)
    mark("revote_closed")
    before = take(school, Reveal)
    mark("revealed")

    seen = state(school.ada)
    assert (seen.phase, seen.message, seen.correct) == ("revealed", "reveal", "B")
    assert seen.epoch == before.epoch + (when == "revealed")
    told = Message.objects.filter(text="reveal").last().control
    assert (told["correct"], told["epoch"]) == ("B", seen.epoch)
    now = figures(school)
    assert (now.correct, now.gain) == ("B", 0.5)
    assert (now.transitions.wrong_right, now.transitions.wrong_wrong) == (1, 1)
    found = api.read_results(user=school.bea, course=COURSE, question="quick-1")
    assert (found.correct, found.votes) == ("B", (3, 3))
    assert Question.objects.get().choices.get(is_correct=True).letter == "B"
    assert RightAnswer.objects.get().given_by == school.ines


def test_it_can_be_changed_and_taken_back_as_long_as_the_question_is_current(school):
    take(school, QuickQuestion, correct="A")
    take(school, StopVote)
    take(school, Reveal)
    for choice in ("B", None, "C", "C"):
        before = state(school.ada)
        moved = take(school, SetCorrect, choice=choice)
        seen = state(school.ada)
        assert (moved.phase, moved.epoch) == ("revealed", before.epoch + 1)
        assert (seen.correct, seen.epoch) == (choice, moved.epoch)
        assert seen.revision > before.revision
        assert figures(school).correct == choice
    take(school, NextQuestion)
    with pytest.raises(IllegalTransition):
        take(school, SetCorrect, choice="A")


def test_a_repeated_right_answer_has_no_effect_on_a_later_one(school):
    take(school, QuickQuestion)
    take(school, SetCorrect, choice="A", uuid="first")
    take(school, SetCorrect, choice="B")
    take(school, SetCorrect, choice="A", uuid="first", epoch=1)
    assert figures(school).correct == "B"
    with pytest.raises(UuidReused):
        take(school, SetCorrect, choice="C", uuid="first")
    take(school, StopVote)
    take(school, Reveal)
    moved = take(school, SetCorrect, choice="D", uuid="late", epoch=3)
    assert take(school, SetCorrect, choice="D", uuid="late", epoch=3) == moved
    assert take(school, SetCorrect, choice="A", uuid="first").epoch == moved.epoch
    assert state(school.ada).correct == "D"
    with pytest.raises(UuidReused):
        take(school, Reopen, uuid="late")


def test_the_uuid_of_a_right_answer_asks_no_question(school):
    take(school, QuickQuestion)
    take(school, SetCorrect, uuid="again", choice="A")
    take(school, StopVote)
    take(school, Reveal)
    for correct in ("A", None):
        with pytest.raises(UuidReused):
            take(school, QuickQuestion, uuid="again", correct=correct)
    assert Question.objects.filter(course=school.course, quick=True).count() == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"choice": "E"}, InvalidChoice),
        ({"choice": "A", "question": "force"}, IllegalTransition),
        ({"choice": "A", "epoch": 7}, IllegalTransition),
        ({"choice": "A", "user": "ada"}, PermissionDenied),
    ],
)
def test_one_that_does_not_fit_changes_nothing(school, fields, error):
    make_question(school.course, "force")
    take(school, QuickQuestion)
    if "user" in fields:
        fields = {**fields, "user": school.person(fields["user"])}
    with pytest.raises(error):
        take(school, SetCorrect, **fields)
    assert figures(school).correct is None
    assert RightAnswer.objects.count() == 0


def test_the_right_answer_of_a_prepared_question_stays(school):
    make_question(school.course, "force")
    with pytest.raises(IllegalTransition):
        take(school, SetCorrect, choice="A")
    take(school, StartQuestion, question="force")
    assert not figures(school).may_set_correct
    with pytest.raises(IllegalTransition, match="prepared"):
        take(school, SetCorrect, choice="A")
    assert figures(school).correct == "B"


def test_what_an_earlier_class_was_told_stays(school):
    take(school, QuickQuestion, correct="A")
    take(school, StopVote)
    take(school, Reveal)
    before = api.read_results(user=school.ada, course=COURSE, question="quick-1")
    take(school, StartQuestion, question="quick-1")
    assert figures(school).correct == "A"
    take(school, SetCorrect, choice="B")
    old, new = Round.objects.order_by("pk")
    assert (old.asked.correct, new.asked.correct) == ("A", "B")
    take(school, StopVote)
    take(school, StartRevote)
    take(school, SetCorrect, choice="C")
    take(school, StopVote)
    take(school, NextQuestion)
    assert [one.asked.correct for one in Round.objects.order_by("pk")] == ["A", "C", "C"]
    assert QuestionVersion.objects.count() == 2
    assert api.read_results(user=school.ada, course=COURSE, question="quick-1") == before
    # The next class gets the last one.
    take(school, StartQuestion, question="quick-1")
    assert figures(school).correct == "C"


def test_a_question_that_was_edited_meanwhile_keeps_its_own_answer(school):
    take(school, QuickQuestion)
    question = Question.objects.get()
    question.choices.filter(letter="A").update(text="up")
    take(school, SetCorrect, choice="B")
    assert figures(school).correct == "B"
    assert not question.choices.filter(is_correct=True).exists()


def test_a_round_of_an_older_worker_gets_its_version_with_the_answer(school):
    take(school, QuickQuestion)
    Round.objects.update(version=None)
    take(school, SetCorrect, choice="B")
    assert Round.objects.get().version.correct == "B"
    assert figures(school).correct == "B"


def test_a_quick_question_can_be_kept(school):
    make_question(school.course, "force")
    take(school, QuickQuestion)
    with pytest.raises(PermissionDenied):
        keep_question(user=school.ada, course=COURSE, question="quick-1")
    with pytest.raises(InvalidMessageFormat):
        keep_question(user=school.ines, course=COURSE, question="quick-2")
    take(school, StopVote)
    take(school, NextQuestion)
    take(school, QuickQuestion)
    for _ in range(2):
        kept = keep_question(user=school.tess, course=COURSE, question="quick-2")
        assert not kept.quick
    order = [one.slug for one in school.course.questions.all()]
    assert order == ["force", "quick-2", "quick-1"]
    # It is still at hand in the class, and can still get its right answer.
    take(school, SetCorrect, choice="D")
    assert figures(school).correct == "D"
