"""The pages: their visitors and their contents."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rooms.models import ClassSession, Membership, Round
from tests.rooms.cast import make_question
from tests.rooms.school import EVERYBODY

COURSE = "/courses/physics/"
DASHBOARD = "/courses/physics/instructor/"


@pytest.fixture
def questions(school):
    """A question that has been asked and one that has not."""
    school.course.title = "Physics <101>"
    school.course.save()
    now = timezone.now()
    session = ClassSession.objects.create(
        course=school.course, started_at=now, changed_at=now, controller=school.ines
    )
    lift, _ = (make_question(school.course, slug) for slug in ("lift", "moon"))
    school.course.questions.update(prompt="What of the <lift>?")
    Round.objects.create(session=session, question=lift, number=1, opened_at=now)


@pytest.fixture
def people(school, questions):
    """A client of each of the cast, by name, and of `nobody`, who is not logged in."""
    clients = {"nobody": Client()}
    for name in EVERYBODY:
        clients[name] = Client()
        clients[name].force_login(school.person(name))
    return clients


@pytest.mark.parametrize("path", ["/", COURSE, DASHBOARD])
def test_pages_ask_for_a_login_and_come_back(people, path):
    answer = people["nobody"].get(path)
    assert (answer.status_code, answer.url) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize(
    ("path", "seen_by"),
    [(COURSE, {"ada", "bea", "carl", "tess", "ines"}), (DASHBOARD, {"tess", "ines"})],
)
def test_a_page_that_is_not_ones_own_does_not_exist(people, path, seen_by):
    status = {name: people[name].get(path).status_code for name in people if name != "nobody"}
    assert status == {name: 200 if name in seen_by else 404 for name in status}


def test_a_course_that_does_not_exist_looks_like_one_of_others(people):
    theirs, none = (
        re.sub(
            r'csrfmiddlewaretoken[^>]*| nonce=[^>]*|name="next" value="[^>]*',
            "",
            people["zoe"].get(path).content.decode(),
        )
        for path in (COURSE, "/courses/none/")
    )
    assert none == theirs
    assert "This page does not exist" in none


def test_addresses_of_a_former_slug_lead_to_those_of_today(people, school):
    school.course.slug = "physics-1"
    school.course.save()
    for path, inner in ((COURSE, ""), (DASHBOARD, "instructor/")):
        answer = people["ines"].get(path)
        assert (answer.status_code, answer.url) == (302, f"/courses/physics-1/{inner}")
        assert people["ines"].get(answer.url).status_code == 200
        assert people["zoe"].get(path).status_code == 404
    assert people["ada"].get("/api/courses/physics/state/").json()["course"] == "physics-1"


@pytest.mark.parametrize("path", ["/", COURSE, DASHBOARD])
def test_pages_are_only_read_and_never_kept(people, path):
    answer = people["ines"].get(path)
    assert "no-store" in answer["Cache-Control"]
    assert people["ines"].head(path).status_code == 200
    assert people["ines"].post(path).status_code == 405


@pytest.mark.parametrize("path", ["/", COURSE, DASHBOARD, "/accounts/login/", "/nowhere/"])
def test_pages_need_nothing_that_the_policy_forbids(people, path):
    for name in ("nobody", "ines"):
        page = people[name].get(path, follow=True).content.decode()
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
        assert not any(scripts)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_the_list_of_courses_tells_the_role(people):
    page = people["ada"].get("/").content.decode()
    assert "Physics &lt;101&gt;" in page
    assert "You are a student here" in page
    assert DASHBOARD not in page
    for name, role in (("tess", "an assistant"), ("ines", "the instructor")):
        page = people[name].get("/").content.decode()
        assert f"You are {role} here" in page
        assert DASHBOARD in page


def test_the_list_of_courses_may_be_empty(people):
    page = people["zoe"].get("/").content.decode()
    assert 'data-testid="no-courses"' in page
    assert "<strong><bdi>zoe</bdi></strong>" in page


def test_the_course_page_knows_who_and_where(people, school):
    membership = Membership.objects.get(user=school.ada, room=school.room)
    Membership.objects.filter(pk=membership.pk).update(last_read_seq=7)
    page = people["ada"].get(COURSE).content.decode()
    given = {
        "course": "physics",
        "title": "Physics &lt;101&gt;",
        "room": str(membership.room_id),
        "username": "ada",
        "display-name": "Ada",
        "last-read": "7",
        "login-url": "/accounts/login/",
    }
    found = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', page.partition("<peer-app")[2]))
    assert {name: found[name] for name in given} == given


def test_students_are_told_no_answers(people):
    page = people["ada"].get(COURSE).content.decode()
    assert "data-correct" not in page
    assert "What of the" not in page


def test_the_dashboard_has_every_question_with_its_answer(people):
    page = people["ines"].get(DASHBOARD).content.decode()
    items = re.findall(r'<li class="question-item"([^>]*)>', page)
    assert len(items) == 2
    assert page.count("data-right") == 2
    assert "data-asked" in items[0]
    assert "data-asked" not in items[1]
    assert "What of the &lt;lift&gt;?" in page
    assert 'data-testid="no-questions" hidden>' in page


def test_the_dashboard_says_when_there_are_no_questions(people):
    page = people["ivan"].get("/courses/chemistry/instructor/").content.decode()
    assert 'data-testid="no-questions">' in page


def test_the_dashboard_asks_the_database_as_often_for_many_questions(
    people, django_assert_num_queries
):
    people["ines"].get(DASHBOARD)
    # session, user, enrolment, place, join code, numbers of people, try-out, questions, choices
    with django_assert_num_queries(9):
        people["ines"].get(DASHBOARD)


def test_the_login_page_goes_on_to_where_one_was(people):
    page = people["nobody"].get("/accounts/login/", {"next": COURSE}).content.decode()
    assert f'name="next" value="{COURSE}"' in page
    wrong = people["nobody"].post("/accounts/login/", {"username": "<ada>", "password": "x"})
    assert 'role="alert"' in wrong.content.decode()
    assert 'value="&lt;ada&gt;"' in wrong.content.decode()


def test_urls_have_names():
    assert reverse("peerchat:courses") == "/"
    assert reverse("peerchat:course", args=["physics"]) == COURSE
    assert reverse("peerchat:instructor", args=["physics"]) == DASHBOARD
