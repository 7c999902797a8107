"""Releasing questions."""

import uuid

import pytest
from django.utils import timezone

from rooms.actions import question_edits, releases
from rooms.actions.releases import Terms
from rooms.models import AuditEntry, ClassSession, Question, Release, Round, Seed
from rooms.wire.errors import (
    CourseArchived,
    NoSuchRelease,
    PermissionDenied,
    QuestionNotReady,
    QuestionWasAsked,
    ReleaseRefused,
)
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, release, terms
from tests.rooms.term import ask, hold


@pytest.fixture
def question(school):
    return make_question(school.course, "force")


def change(school, of, **changes):
    return releases.change_release(user=school.ines, course="physics", release=of.pk, **changes)


def test_a_question_is_released_once_as_it_is_now(school, question):
    name = uuid.uuid4()
    common = {"user": school.tess, "course": "physics", "question": "force", "terms": terms()}
    made = releases.release_question(name=name, seeds=[("B", "So "), ("C", " ")], **common)
    again = releases.release_question(name=name, seeds=[("B", "Else")], **common)
    assert again == made
    assert list(Seed.objects.values_list("choice", "text")) == [("B", "So")]
    assert made.version.prompt == "What is force?"
    assert AuditEntry.objects.get().act == "release.make"
    with pytest.raises(ReleaseRefused, match="released already"):
        releases.release_question(name=uuid.uuid4(), **common)
    with pytest.raises(QuestionWasAsked):
        question_edits.delete_question(user=school.ines, course="physics", question="force")


def test_no_release_while_the_class_is_at_the_question(school, question):
    """Its page shows the result to whoever opens it, as long as it is there."""
    first = ask(hold(school, ended=False), "force", {school.ada: "B"})
    ClassSession.objects.update(phase="revealed", current_round=first)
    with pytest.raises(ReleaseRefused, match="gone on or ended"):
        release(school)
    ClassSession.objects.update(ended_at=timezone.now())
    assert release(school).question == question


@pytest.mark.parametrize(
    "options",
    [
        {"due": -DAY, "opens": -2 * DAY},
        {"due": -DAY},
        {"due": None, "reveals": "when_due"},
        {"reveals": "never"},
        {"due": 3000 * DAY},
        {"opens": -3000 * DAY},
        {"seeds": [("Z", "No such answer")]},
        {"seeds": [("A", str(number)) for number in range(27)]},
    ],
)
def test_what_cannot_be_is_refused(school, question, options):
    with pytest.raises(ReleaseRefused):
        release(school, **options)
    assert not Release.objects.exists()


def test_the_form_of_another_course_is_refused(school, question):
    made = release(school)
    make_question(school.other_course, "force")
    with pytest.raises(ReleaseRefused):
        releases.release_question(
            user=school.ivan,
            course="chemistry",
            question="force",
            name=made.name,
            terms=terms(),
        )


def test_a_question_is_not_open_twice_by_a_new_end(school, question):
    over = release(school, opens=-2 * DAY)
    Release.objects.update(due_at=timezone.now() - DAY)
    again = release(school)
    with pytest.raises(ReleaseRefused, match="released already"):
        change(school, over, terms=terms())
    change(school, again, withdrawn=True)
    change(school, over, terms=terms())
    with pytest.raises(ReleaseRefused, match="released already"):
        change(school, again, withdrawn=False)


def test_polls_drafts_and_bare_letters_are_not_released(school, question):
    Question.objects.update(kind="poll")
    question.choices.update(is_correct=False)
    with pytest.raises(ReleaseRefused):
        release(school)
    Question.objects.update(kind="single", is_draft=True)
    with pytest.raises(QuestionNotReady):
        release(school)
    Question.objects.update(is_draft=False, prompt="", quick=True)
    with pytest.raises(ReleaseRefused):
        release(school)


def test_only_those_who_lead_the_course_release(school, question):
    for user in (school.ada, school.ivan):
        with pytest.raises(PermissionDenied):
            releases.release_question(
                user=user,
                course="physics",
                question="force",
                name=uuid.uuid4(),
                terms=terms(),
            )
    of = release(school)
    with pytest.raises(PermissionDenied):
        releases.change_release(user=school.ada, course="physics", release=of.pk, withdrawn=True)
    with pytest.raises(NoSuchRelease):
        releases.change_release(user=school.ivan, course="chemistry", release=of.pk)
    school.course.archived_at = timezone.now()
    school.course.save()
    with pytest.raises(CourseArchived):
        change(school, of, withdrawn=True)


def test_a_class_is_released_as_a_whole(school, question):
    now = timezone.now()
    questions = [question, make_question(school.course, "work"), make_question(school.course, "p")]
    Question.objects.filter(slug="p").update(kind="poll")
    session = ClassSession.objects.create(
        course=school.course, started_at=now, changed_at=now, controller=school.ines
    )
    for one in questions:
        Round.objects.create(session=session, question=one, number=1, opened_at=now, closed_at=now)
    common = {
        "user": school.ines,
        "course": "physics",
        "session": session.pk,
        "terms": terms(),
    }
    name = uuid.uuid4()
    with pytest.raises(ReleaseRefused, match="over"):
        releases.release_session(name=name, **common)
    ClassSession.objects.update(ended_at=now)
    made = releases.release_session(name=name, **common)
    assert [one.question.slug for one in made] == ["force", "work"]
    assert {one.session for one in made} == {session}
    assert releases.release_session(name=name, **common) == made
    with pytest.raises(ReleaseRefused, match="no question"):
        releases.release_session(name=uuid.uuid4(), **common)


def test_a_release_is_changed_withdrawn_and_put_back(school, question):
    of = release(school, seeds=[("A", "One"), ("B", "Two")])
    kept = Seed.objects.get(choice="A")
    later = Terms(of.opens_at, of.due_at + DAY, "when_due")
    changed = change(school, of, terms=later, seeds=[("A", "One"), ("C", "Three")])
    assert (changed.due_at, changed.reveals) == (later.due_at, "when_due")
    assert kept in Seed.objects.all()
    assert set(Seed.objects.values_list("choice", flat=True)) == {"A", "C"}
    assert change(school, of, withdrawn=True).withdrawn_at is not None
    newer = release(school)
    with pytest.raises(ReleaseRefused):
        change(school, of, withdrawn=False)
    change(school, newer, withdrawn=True)
    assert change(school, of, withdrawn=False).withdrawn_at is None
    acts = list(AuditEntry.objects.order_by("pk").values_list("detail", flat=True))
    assert acts[1] == "force: terms: reasons"
