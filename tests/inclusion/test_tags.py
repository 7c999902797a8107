"""The tags, in a page that is not peerchat's."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory

from accounts.models import User
from rooms.actions.peer import take_step
from rooms.models import Choice, Question
from tests.rooms.school import School, make_school

pytestmark = pytest.mark.django_db

PAGE = "{% load peerchat %}<h1>A lesson</h1>{% peerchat course %}{% peerchat_question question %}"


@pytest.fixture
def school() -> School:
    return make_school()


@pytest.fixture
def question(school: School) -> Question:
    question = Question.objects.create(course=school.course, slug="lift", prompt="Why <b>up</b>?")
    Choice.objects.create(question=question, letter="A", text="Because", is_correct=True)
    Choice.objects.create(question=question, letter="B", text="Despite")
    return question


def page(user: User | AnonymousUser, template: str = PAGE, **context: object) -> str:
    request = RequestFactory().get("/lesson/?week=2")
    request.user = user
    return Template(template).render(RequestContext(request, context))


def attributes(html: str, element: str) -> list[dict[str, str]]:
    return [
        dict(re.findall(r'([-a-z]+)="([^"]*)"', tag))
        for tag in re.findall(f"<{element}[^>]*>", html)
    ]


def test_who_is_in_the_course_gets_both_panels_and_one_script(school, question):
    html = page(school.ada, course=school.course, question=question)
    whole, one = attributes(html, "peer-app")
    expected = {
        "class": "page",
        "data-course": "physics",
        "data-title": "Physics",
        "data-room": str(school.room.pk),
        "data-username": "ada",
        "data-display-name": "Ada",
        "data-last-read": "0",
        "data-role": "student",
    }
    # The fallback of the transport posts with it.
    assert whole.pop("data-csrf")
    assert one.pop("data-csrf")
    assert whole == expected
    assert one == {**expected, "data-question": "lift"}
    assert [panel["data-kind"] for panel in attributes(html, "peer-panel")] == [
        "course",
        "question",
    ]
    assert len(attributes(html, "script")) == 1
    assert "<style" not in html
    assert not re.search(r"\sstyle=|\son[a-z]+=", html)


def test_a_course_may_be_named_by_its_slug(school):
    template = "{% load peerchat %}{% peerchat 'physics' scheme='auto' %}"
    (panel,) = attributes(page(school.ada, template), "peer-panel")
    assert panel["data-scheme"] == "auto"


def test_nothing_for_who_is_not_in_the_course(school, question):
    for user in (school.zoe, school.ivan):
        assert page(user, course=school.course, question=question) == "<h1>A lesson</h1>"


def test_nothing_for_a_course_that_does_not_exist(school):
    assert page(school.ada, "{% load peerchat %}{% peerchat 'nowhere' %}") == ""


def test_the_log_in_for_who_is_not_logged_in(school, question):
    html = page(AnonymousUser(), "{% load peerchat %}{% peerchat course %}", course=school.course)
    assert html.strip() == (
        '<p class="peerchat-login"><a href="/accounts/login/?next=/lesson/%3Fweek%3D2">Log in</a> '
        "to take part in the class.</p>"
    )


def test_a_question_that_was_not_asked_is_not_in_the_page(school, question):
    html = page(school.ada, course=school.course, question=question)
    assert "Why" not in html
    assert "Because" not in html


def test_a_question_that_was_revealed_is_there_with_its_answer(school, question):
    for message, shown in (("enableVote", False), ("stopVote", False), ("reveal", True)):
        take_step(user=school.ines, course="physics", message=message, question="lift")
        html = page(school.ada, course=school.course, question=question)
        assert ("Why &lt;b&gt;up&lt;/b&gt;?" in html) == shown
        assert ('<span class="tag good">Correct</span>' in html) == shown
    # Who leads the class may be showing the page to it.
    assert "Because" not in page(school.ines, course=school.course, question=question)


def test_mistakes_of_the_page_are_told(school):
    with pytest.raises(TemplateSyntaxError, match="request"):
        Template("{% load peerchat %}{% peerchat 'physics' %}").render(Context())
    with pytest.raises(TemplateSyntaxError, match="scheme"):
        page(school.ada, "{% load peerchat %}{% peerchat 'physics' scheme='dark' %}")
