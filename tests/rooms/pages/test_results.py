"""The pages of the results."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from rooms.actions.question_edits import copy_into
from rooms.actions.questions import version_of
from rooms.models import (
    AuditEntry,
    Choice,
    ClassSession,
    Conviction,
    Enrollment,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    TryOut,
    Vote,
)
from tests.rooms.school import EVERYBODY

PAGE = "/courses/physics/results/"
QUESTION = f"{PAGE}questions/force/"


def ask(school, question, *, now=None):
    """A class in which Ada and Bea talked: Bea was right, and convinced Ada by her reason."""
    now = now or timezone.now()
    session = ClassSession.objects.create(
        course=question.course, controller=school.ines, started_at=now, changed_at=now, ended_at=now
    )
    shared = {"session": session, "question": question, "version": version_of(question)}
    first = Round.objects.create(**shared, number=1, opened_at=now, closed_at=now)
    second = Round.objects.create(**shared, number=2, first=first, opened_at=now, closed_at=now)
    room = Room.objects.create(course=question.course, kind="partners")
    group = PartnerGroup.objects.create(
        round=first,
        number=1,
        room=room,
        formed_at=now,
        method="different_answers",
        size=2,
        voters=2,
        is_mixed=True,
        right=1,
    )
    for user, before, after in ((school.ada, "A", "B"), (school.bea, "B", "B")):
        Partner.objects.create(group=group, round=first, user=user)
        vote = Vote.objects.create(
            round=first,
            user=user,
            choice=before,
            confidence=4,
            rationale=f"<i>{user.get_username()}'s reason",
            cast_at=now,
        )
        Vote.objects.create(round=second, user=user, choice=after, cast_at=now)
    Conviction.objects.create(round=second, user=school.ada, by="reason", vote=vote, said_at=now)
    return session


@pytest.fixture
def force(school):
    question = Question.objects.create(course=school.course, slug="force", prompt="Which force?")
    for letter in "AB":
        Choice.objects.create(
            question=question,
            letter=letter,
            text=f"{letter} < C $F_{letter}$",
            is_correct=letter == "B",
        )
    return question


@pytest.fixture
def asked(school, force):
    return ask(school, force)


@pytest.fixture
def tess(school):
    client = Client()
    client.force_login(school.tess)
    return client


def text(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_those_who_lead_the_course_see_them(school, asked):
    pages = (PAGE, f"{PAGE}summary/", f"{PAGE}sessions/{asked.pk}/", QUESTION)
    for name in EVERYBODY:
        client = Client()
        client.force_login(school.person(name))
        status = 200 if name in ("tess", "ines") else 404
        assert {client.get(page).status_code for page in pages} == {status}


def test_the_course(school, asked, tess):
    page = text(tess, PAGE)
    assert "2 of 3 students" in page
    assert "50 % → 100 %" in page
    assert f'href="{QUESTION}"' in page
    assert f'href="{PAGE}sessions/{asked.pk}/"' in page
    assert "Which force?" in page


def test_a_term(school, asked, tess):
    today = timezone.localdate()
    assert "Which force?" in text(tess, PAGE, since=today, until=today)
    for elsewhere in (
        {"since": today + timedelta(days=1)},
        {"until": today - timedelta(days=1)},
    ):
        assert "no-results" in text(tess, PAGE, **elsewhere)
    for odd in ("yesterday", "0001-01-01", "9999-12-31"):
        for name in ("since", "until"):
            text(tess, PAGE, **{name: odd})
            text(tess, f"{PAGE}summary/", **{name: odd})


def test_a_class_and_its_summary(school, asked, tess):
    page = text(tess, f"{PAGE}sessions/{asked.pk}/")
    assert 'data-testid="flow"' in page
    assert "B &lt; C" in page
    assert page.count(">F_B</span></peer-rich>") == 1
    summary = text(tess, f"{PAGE}summary/", session=asked.pk)
    assert "50 % → 100 %" in summary
    for wrong in (asked.pk + 1, "x", "", "9" * 5000):
        assert tess.get(f"{PAGE}summary/", {"session": wrong}).status_code == 404


def test_a_question(school, asked, tess):
    Enrollment.objects.filter(user=school.bea).update(shares_reasons_since=timezone.now())
    page = text(tess, QUESTION)
    for part in ("votes", "flow-table", "reasons", "arguments", "yields", "item"):
        assert f'data-testid="{part}"' in page
    assert "convinced 1 student" in page
    assert "&lt;i&gt;bea" in page
    assert f"{PAGE}questions/none/" not in page
    assert tess.get(f"{PAGE}questions/none/").status_code == 404


def test_a_number_is_told_even_if_nobody_knew_it(school, tess):
    question = Question.objects.create(
        course=school.course, slug="fall", kind="number", number=98.125, tolerance=0.25, unit="m/s²"
    )
    session = ask(school, question)
    Vote.objects.update(choice="9")
    for page in (f"{PAGE}questions/fall/", f"{PAGE}sessions/{session.pk}/"):
        assert text(tess, page).count("Right: 98.125 ± 0.25 m/s²") == 1


def test_names_stand_with_reasons_when_asked_for_and_that_is_noted(school, asked, tess):
    assert "Bea</bdi>" not in text(tess, QUESTION)
    assert not AuditEntry.objects.exists()
    page = text(tess, QUESTION, names=1, choice="B")
    assert "Bea</bdi>" in page
    assert "&lt;i&gt;ada" not in page
    (entry,) = AuditEntry.objects.all()
    assert (entry.actor, entry.act, entry.course) == (school.tess, "results.view", school.course)


def test_a_nameless_class_has_no_names(school, asked, tess):
    ClassSession.objects.update(has_pseudonyms=True, lecturers_know=False)
    page = text(tess, QUESTION, names=1)
    assert "Bea</bdi>" not in page
    assert "show-names" not in page
    assert "&lt;i&gt;bea" in page
    assert not AuditEntry.objects.exists()


def test_earlier_terms_of_courses_that_one_leads(school, asked, force, tess):
    (copy,) = copy_into(school.other_course, [force])
    force.refresh_from_db()
    assert copy.lineage == force.lineage is not None
    ask(school, copy)
    assert "earlier-title" not in text(tess, QUESTION)
    Enrollment.objects.create(course=school.other_course, user=school.tess, role="assistant")
    assert f"/courses/{school.other_course.slug}/results/questions/force/" in text(tess, QUESTION)


def test_copies_of_a_try_out_have_no_lineage(school, force):
    now = timezone.now()
    TryOut.objects.create(
        course=school.other_course, slot=0, language="en", started_at=now, ends_at=now
    )
    (copy,) = copy_into(school.other_course, [force])
    force.refresh_from_db()
    assert (copy.lineage, force.lineage) == (None, None)


def test_questions_come_in_pages(school, force, tess, django_assert_max_num_queries):
    now = timezone.now()
    for number in range(32):
        question = Question.objects.create(
            course=school.course, slug=f"q{number:02}", prompt=f"Question {number:02}?"
        )
        Choice.objects.create(question=question, letter="A", text="A")
        ask(school, question, now=now - timedelta(days=number))
    with django_assert_max_num_queries(40):
        first = text(tess, PAGE)
    assert ("Question 00?" in first, "Question 31?" in first) == (True, False)
    second = text(tess, PAGE, page=2)
    assert ("Question 00?" in second, "Question 31?" in second) == (False, True)
    for odd in ("0", "99", "x", "9" * 5000):
        text(tess, PAGE, page=odd)
