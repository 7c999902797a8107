"""The tags, in a page that is not peerchat's."""

import html as markup
import json
import re

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import resolve_url
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory

from accounts import people
from accounts.people import User
from rooms.actions.peer import take_step
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Choice, Membership, Question
from tests.rooms.school import School, make_school, post

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


def test_who_is_in_the_course_gets_both_panels_and_their_scripts_once(school, question):
    html = page(school.ada, course=school.course, question=question)
    whole, one = attributes(html, "peer-app")
    expected = {
        "class": "page",
        "data-course": "physics",
        "data-title": "Physics",
        "data-room": str(school.room.pk),
        "data-username": people.username(school.ada),
        "data-display-name": "Ada",
        "data-last-read": "0",
        "data-role": "student",
        "data-api": "/api/",
        "data-sockets": "/ws/",
        "data-pictures": "/courses/physics/pictures/",
    }
    # The transport needs the token when it falls back to HTTP.
    assert whole.pop("data-csrf")
    assert one.pop("data-csrf")
    assert whole == expected
    assert one == {**expected, "data-question": "lift"}
    assert [panel["data-kind"] for panel in attributes(html, "peer-panel")] == [
        "course",
        "question",
    ]
    assert [tag.get("type") for tag in attributes(html, "script")] == [None, "module"]
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
    address = f"{resolve_url(settings.LOGIN_URL)}?next=/lesson/%3Fweek%3D2"
    assert html.strip() == (
        f'<p class="peerchat-login"><a href="{address}">Log in</a> to take part in the class.</p>'
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
    # An instructor may be showing the page to the class.
    assert "Because" not in page(school.ines, course=school.course, question=question)
    Question.objects.update(prompt="Why down?")
    question.choices.filter(letter="B").update(text="Otherwise")
    assert steady(page(school.ada, course=school.course, question=question)) == steady(html)


def test_a_revealed_number_is_there_with_its_answer_and_its_explanation(school, question):
    question.choices.all().delete()
    question.kind, question.number, question.tolerance, question.unit = "number", 9.81, 0.05, "m/s²"
    question.explanation = "It **falls** freely."
    question.save()
    shown = ('<p class="right-answer">Right: 9.81 ± 0.05 m/s²</p>', "<strong>falls</strong>")
    for message, revealed in (("enableVote", False), ("stopVote", False), ("reveal", True)):
        take_step(user=school.ines, course="physics", message=message, question="lift")
        html = page(school.ada, course=school.course, question=question)
        assert [words in html for words in shown] == [revealed, revealed]


# --- the lecturer's panel, results, unread messages ----------------------------------------------

MORE = (
    "{% load peerchat %}{% peerchat_lecturer course %}{% peerchat_results question %}"
    "{% peerchat_unread course %}"
)
EVERYTHING = PAGE + MORE.removeprefix("{% load peerchat %}")


def lecture(user: User | AnonymousUser, school: School) -> str:
    return page(user, "{% load peerchat %}{% peerchat_lecturer course %}", course=school.course)


def results(user: User | AnonymousUser, question: Question) -> str:
    return page(user, "{% load peerchat %}{% peerchat_results question %}", question=question)


def unread(user: User | AnonymousUser, arguments: str = "course", **context: object) -> str:
    return page(user, f"{{% load peerchat %}}{{% peerchat_unread {arguments} %}}", **context)


def step(school: School, *messages: str) -> None:
    for message in messages:
        take_step(user=school.ines, course="physics", message=message, question="lift")


def vote(user: User, choice: str) -> None:
    cast_vote(ballot=Ballot(user, "physics", choice))


def steady(html: str) -> str:
    """Return the page without the parts that differ each time it is rendered."""
    return re.sub(r'data-csrf="[^"]*"', "", html)


def test_nothing_of_the_further_tags_for_who_is_not_in_the_course(school, question):
    post(school.ines, school.room, "Hello")
    step(school, "enableVote", "stopVote", "reveal")
    for user in (school.zoe, school.ivan, AnonymousUser()):
        assert page(user, MORE, course=school.course, question=question) == ""


def test_the_dashboard_for_those_who_lead_and_nobody_else(school, question):
    for user in (school.ines, school.tess):
        html = lecture(user, school)
        (panel,) = attributes(html, "peer-panel")
        assert (panel["data-kind"], panel["data-scheme"]) == ("lecturer", "light")
        (dashboard,) = attributes(html, "peer-dashboard")
        assert dashboard["data-course"] == "physics"
        assert dashboard["data-room"] == str(school.room.pk)
        assert dashboard["data-username"] == people.username(user)
        assert dashboard["data-csrf"]
        (item,) = attributes(html, "li class=.question-item. ")
        assert item["data-question"] == "lift"
        assert html.count("data-right") == 1
        assert "peer-lecturer" in html
        assert [tag.get("type") for tag in attributes(html, "script")] == [None, "module"]
        assert not re.search(r"<main|<style|\sstyle=|\son[a-z]+=", html)
    for user in (school.ada, school.zoe, school.ivan, AnonymousUser()):
        assert lecture(user, school) == ""


def test_the_panels_of_a_page_load_each_script_once(school, question):
    html = page(school.ines, EVERYTHING * 2, course=school.course, question=question)
    texts, *modules = attributes(html, "script")
    assert texts["src"].startswith(f"/texts/{settings.LANGUAGE_CODE}/")
    scripts = [tag["src"].rpartition("/")[2] for tag in modules]
    assert sorted(name.partition(".")[0] for name in scripts) == [
        "peer-lecturer",
        "peer-panel",
        "peer-results",
    ]


def test_until_the_reveal_the_page_does_not_depend_on_the_answer_or_the_votes(school, question):
    def source(user: User) -> str:
        return steady(page(user, EVERYTHING, course=school.course, question=question))

    def flip() -> None:
        right, wrong = question.choices.order_by("-is_correct")
        for choice, correct in ((right, False), (wrong, True)):
            choice.is_correct = correct
            choice.save()

    def hides_all() -> None:
        before = source(school.ada)
        for word in ("Why", "Because", "Despite", "Correct", "data-results", "histogram"):
            assert word not in before
        flip()
        assert source(school.ada) == before
        flip()

    hides_all()
    step(school, "enableVote")
    for choices in ("AB", "BB"):
        before = source(school.ada)
        vote(school.ada, choices[0])
        vote(school.bea, choices[1])
        assert source(school.ada) == before
        hides_all()
        step(school, "stopVote")
        hides_all()
        if choices == "AB":
            step(school, "enableRevote")
    # The results are hidden from instructors, too: they may be showing the page to the class.
    assert "data-results" not in results(school.ines, question)
    step(school, "reveal")
    assert "data-results" in source(school.ada)


def test_results_are_there_after_the_reveal(school, question):
    html = results(school.ada, question)
    assert re.search(r"<peer-panel[^>]* hidden>", html)
    step(school, "enableVote")
    vote(school.ada, "A")
    vote(school.bea, "B")
    step(school, "stopVote", "enableRevote")
    vote(school.ada, "A")
    vote(school.bea, "A")
    step(school, "stopVote")
    assert re.search(r"<peer-panel[^>]* hidden>", results(school.ada, question))
    step(school, "reveal")
    for user in (school.ada, school.carl, school.tess, school.ines):
        html = results(user, question)
        assert not re.search(r"<peer-panel[^>]* hidden>", html)
        (shown,) = attributes(html, "peer-results")
        assert (shown["data-course"], shown["data-question"]) == ("physics", "lift")
        assert json.loads(markup.unescape(shown["data-results"])) == {
            "question": "lift",
            "prompt": "Why <b>up</b>?",
            "kind": "single",
            "choices": [
                {"choice": "A", "text": "Because"},
                {"choice": "B", "text": "Despite"},
            ],
            "histograms": [{"A": 1, "B": 1}, {"A": 2, "B": 0}],
            "correct": "A",
        }
        assert "<b>" not in html
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    # The class votes on the question again.
    step(school, "enableNext")
    take_step(user=school.ines, course="physics", message="enableVote", question="lift")
    assert "data-results" not in results(school.ada, question)


def numbers(html: str) -> tuple[str, str, bool]:
    """Return the number at the link, its share of other rooms, and whether it is visible."""
    (link,) = attributes(html, "peer-unread")
    (count,) = re.findall(r'data-part="unread-count">([^<]*)<', html)
    return count, link["data-elsewhere"], 'data-part="unread" hidden' not in html


def test_the_link_counts_what_the_panels_count(school, question):
    assert numbers(unread(school.ada, course=school.course)) == ("0", "0", False)
    post(school.bea, school.room, "one")
    post(school.ada, school.room, "of my own")
    post(school.ines, school.room, "two")
    step(school, "enableVote")  # a message that is no text
    assert numbers(unread(school.ada, course=school.course)) == ("2", "0", True)

    for kind, members in (
        ("open", (school.ada, school.bea)),
        ("direct", (school.ada, school.bea)),
        ("partners", (school.ada, school.bea)),
        ("open", (school.bea,)),
    ):
        post(school.bea, school.make_room(*members, kind=kind), "elsewhere")
    assert numbers(unread(school.ada, course=school.course)) == ("4", "2", True)

    Membership.objects.filter(user=school.ada, room=school.room).update(
        last_read_seq=school.room.last_seq
    )
    assert numbers(unread(school.ada, course=school.course)) == ("2", "2", True)
    Membership.objects.filter(user=school.bea).update(last_read_seq=1_000)
    assert numbers(unread(school.bea, course=school.course)) == ("0", "0", False)


def test_the_link_looks_at_the_newest_messages_only(school):
    for number in range(55):
        post(school.bea, school.room, str(number))
    assert numbers(unread(school.ada, course=school.course))[0] == "50"
    direct = school.make_room(school.ada, school.bea, kind="direct")
    direct.last_seq = 50
    direct.save()
    assert numbers(unread(school.ada, course=school.course)) == ("99+", "50", True)


def test_the_link_leads_where_the_page_says_and_needs_no_script(school):
    html = unread(school.ada, "'physics'")
    (link,) = attributes(html, "a")
    assert link == {"class": "peerchat-unread", "href": "/courses/physics/"}
    assert "Course chat" in html
    assert "<script" not in html
    html = unread(
        school.ada,
        "course href=there text=title",
        course=school.course,
        there='/"there/',
        title="<b>Talk",
    )
    assert 'href="/&quot;there/"' in html
    assert "&lt;b&gt;Talk" in html


def test_mistakes_of_the_page_are_told(school):
    with pytest.raises(TemplateSyntaxError, match="request"):
        Template("{% load peerchat %}{% peerchat 'physics' %}").render(Context())
    with pytest.raises(TemplateSyntaxError, match="scheme"):
        page(school.ada, "{% load peerchat %}{% peerchat 'physics' scheme='dark' %}")
