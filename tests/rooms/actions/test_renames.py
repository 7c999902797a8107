"""Slugs that change: of courses, and of questions that a class is at."""

import pytest

from peerchat import api
from rooms import permissions
from rooms.actions import renames, session
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import ClassSession, Course, FormerSlug, Message, Question, UseLog, Vote
from rooms.queries import classroom
from rooms.queries.courses import questions_for
from rooms.queries.revealed import revealed_results
from rooms.queries.slugs import find_course
from rooms.wire.commands import NextQuestion, Reveal, StartQuestion, StopVote
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied, RoundClosed
from tests.rooms.cast import make_question


@pytest.fixture
def school(school):
    for slug in ("force", "work"):
        make_question(school.course, slug)
    return school


def give(school, command, course="physics"):
    return session.control(user=school.ines, course=course, command=command)


def rename(item, slug):
    item.slug = slug
    item.save()


def vote(user, choice, *, course="physics", question="force"):
    return cast_vote(ballot=Ballot(user, course, choice, question=question, round=1))


def told(school):
    """The course and the question of each stored transition."""
    stored = Message.objects.filter(kind="control", room__course=school.course).order_by("seq")
    return [
        (fields["course"], fields["question"] and fields["question"]["question"])
        for fields in stored.values_list("control", flat=True)
    ]


def test_a_class_goes_on_under_either_slug_of_its_course(school):
    give(school, StartQuestion(uuid="1", question="force"))
    vote(school.ada, "A")
    rename(school.course, "physics-1")
    vote(school.bea, "B")
    vote(school.carl, "B", course="physics-1")
    give(school, StopVote(uuid="2"))
    assert give(school, Reveal(uuid="3"), "physics-1").phase == "revealed"
    assert Vote.objects.count() == 3
    assert classroom.snapshot(school.ada, "physics").course == "physics-1"
    assert told(school) == [("physics-1", "force")] * 3
    rows = UseLog.objects.filter(event="vote").order_by("pk").values_list("course_id", "in_course")
    assert list(rows) == [
        ("physics", school.course.pk),
        ("physics-1", school.course.pk),
        ("physics-1", school.course.pk),
    ]


def test_strangers_stay_out_under_a_former_slug(school):
    rename(school.course, "physics-1")
    for slug in ("physics", "physics-1", "physics-2"):
        with pytest.raises(PermissionDenied):
            permissions.enrolled(school.zoe, slug)
    with pytest.raises(PermissionDenied):
        vote(school.zoe, "A")


def test_another_course_can_take_a_former_slug(school):
    rename(school.course, "physics-1")
    assert api.get_course(slug="physics") == school.course
    new = Course.objects.create(slug="physics", title="Physics for all")
    assert find_course("physics") == new
    with pytest.raises(PermissionDenied):
        permissions.enrolled(school.ada, "physics")
    with pytest.raises(PermissionDenied):
        vote(school.ada, "A")
    # The former slug of the new course stays with the new course.
    rename(new, "physics-2")
    assert find_course("physics") == new
    with pytest.raises(PermissionDenied):
        permissions.enrolled(school.ada, "physics")


def test_a_course_gets_its_slug_back(school):
    rename(school.course, "physics-1")
    rename(school.course, "physics")
    assert [find_course(slug) for slug in ("physics", "physics-1")] == [school.course] * 2
    assert [former.slug for former in FormerSlug.objects.all()] == ["physics-1"]


def test_the_last_former_slugs_are_kept(school, monkeypatch):
    monkeypatch.setattr(renames, "FORMER_SLUGS", 2)
    question = Question.objects.get(slug="force")
    for number in range(3):
        rename(school.course, f"physics-{number}")
        rename(question, f"force-{number}")
    kept = school.course.former_slugs.values_list("slug", flat=True)
    assert list(kept) == ["physics-1", "physics-0"]
    assert find_course("physics") is None
    question.refresh_from_db()
    assert question.former_slugs == ["force-1", "force-0"]


def test_only_a_changed_slug_is_followed(school, django_assert_num_queries):
    course = Course.objects.get(pk=school.course.pk)
    course.title = "Physics 1"
    course.save(update_fields=["title"])
    course.save()
    assert not FormerSlug.objects.exists()
    course.slug = "physics-1"
    course.save(update_fields=["slug"])
    assert FormerSlug.objects.get().slug == "physics"


def test_a_class_goes_on_when_its_question_gets_another_slug(school):
    give(school, StartQuestion(uuid="1", question="force"))
    vote(school.ada, "A")
    before = ClassSession.objects.get().revision
    rename(Question.objects.get(slug="force"), "newton")
    assert ClassSession.objects.get().revision == before + 1
    vote(school.bea, "B")
    vote(school.carl, "B", question="newton")
    with pytest.raises(RoundClosed):
        vote(school.ada, "B", question="work")
    state = classroom.snapshot(school.ada, "physics")
    assert (state.question.question, state.votes[0].choice) == ("newton", "A")
    give(school, StopVote(uuid="2"))
    give(school, Reveal(uuid="3"))
    assert told(school) == [("physics", "newton")] * 3
    for slug in ("force", "newton"):
        results = revealed_results(school.ada, "physics", slug)
        assert (results.question, results.votes) == ("newton", (3, 0))
    rows = UseLog.objects.filter(event="vote").order_by("pk").values_list("div_id", flat=True)
    assert list(rows) == ["force", "newton", "newton"]
    assert UseLog.objects.filter(event="vote").values("question").distinct().count() == 1


def test_a_question_starts_under_its_former_slug(school):
    question = Question.objects.get(slug="force")
    rename(question, "newton")
    give(school, StartQuestion(uuid="1", question="force"))
    assert ClassSession.objects.get().current_round.question == question
    assert api.get_question(course="physics", slug="force") == question
    give(school, StopVote(uuid="2"))
    with pytest.raises(InvalidMessageFormat):
        give(school, NextQuestion(uuid="3", question="leibniz"))


def test_another_question_takes_a_former_slug_and_nothing_else(school):
    """The reveal of one question must not show the answer of another with its former slug."""
    for command in (
        StartQuestion(uuid="1", question="force"),
        StopVote(uuid="2"),
        Reveal(uuid="3"),
        NextQuestion(uuid="4"),
    ):
        give(school, command)
    question = Question.objects.get(slug="force")
    rename(question, "newton")
    other = make_question(school.course, "force")
    assert list(questions_for(school.enrollment(school.ada))) == [question]
    assert revealed_results(school.ada, "physics", "force") is None
    give(school, StartQuestion(uuid="5", question="force"))
    assert ClassSession.objects.get().current_round.question == other
    question.refresh_from_db()
    assert question.former_slugs == []
