"""The page of the questions of a course, and the page of one question."""

import html
import json
import re
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from rooms.actions import question_edits as edits
from rooms.actions.session import control
from rooms.models import Course, Enrollment, Question
from rooms.peer.content import ChoiceContent, Kind, QuestionContent
from rooms.wire.commands import StartQuestion
from tests.rooms.cast import make_question
from tests.rooms.school import EVERYBODY

QUESTIONS = "/courses/physics/questions/"
LIFT = QuestionContent(
    title="The lift",
    prompt="Which force?",
    choices=(ChoiceContent("rope", is_correct=True), ChoiceContent("weight")),
    tags=("forces", "week 3"),
)


@pytest.fixture
def people(school):
    """A client of each of the cast, by name."""
    clients = {name: Client() for name in EVERYBODY}
    for name, client in clients.items():
        client.force_login(school.person(name))
    return clients


@pytest.fixture
def ines(people):
    return people["ines"]


@pytest.fixture
def questions(school):
    for slug in ("force", "work"):
        make_question(school.course, slug)
    return edits.create_question(
        user=school.ines, course="physics", content=LIFT, is_draft=False
    ).slug


def shown(answer):
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def listed(answer):
    return re.findall(r'<li class="question-row" id="question-([\w-]+)"', shown(answer))


def slugs(course="physics"):
    found = Question.objects.filter(course__slug=course).order_by("quick", "position", "slug")
    return list(found.values_list("slug", flat=True))


@pytest.mark.parametrize(
    "path",
    [QUESTIONS, f"{QUESTIONS}force/", f"{QUESTIONS}preview/phone/", f"{QUESTIONS}preview/hall/"],
)
def test_the_pages_are_for_those_who_lead(people, questions, path):
    anybody = Client().get(path)
    assert (anybody.status_code, anybody.url) == (302, f"/accounts/login/?next={path}")
    statuses = {name: client.get(path).status_code for name, client in people.items()}
    assert statuses == {**dict.fromkeys(EVERYBODY, 404), "tess": 200, "ines": 200}


def test_what_is_not_there_is_not_found(ines, questions):
    for path in (f"{QUESTIONS}nothing/", f"{QUESTIONS}preview/watch/"):
        assert ines.get(path).status_code == 404
    assert ines.post(QUESTIONS, {"do": "new"}).status_code == 404


def test_the_list_tells_what_matters(school, ines, questions):
    edits.create_question(
        user=school.ines, course="physics", content=QuestionContent(), is_draft=True
    )
    control(user=school.ines, course="physics", command=StartQuestion(uuid="1", question="force"))
    page = shown(ines.get(QUESTIONS))
    rows = dict(re.findall(r'id="question-([\w-]+)"(.*?)</li>', page, re.DOTALL))
    assert list(rows) == ["force", "work", "the-lift", "question"]
    assert "asked once" in rows["force"]
    assert "asked now" in rows["force"]
    assert "cannot be deleted" in rows["force"]
    assert "The lift" in rows["the-lift"]
    assert "?tag=week%203" in rows["the-lift"]
    assert ">Draft<" in rows["question"]
    for marked in ("asked now", ">Draft<"):
        assert marked not in rows["work"]


def test_the_list_is_narrowed_by_text_and_tag(ines, questions):
    assert listed(ines.get(QUESTIONS, {"q": "ROPE"})) == ["the-lift"]
    assert listed(ines.get(QUESTIONS, {"q": "what is"})) == ["force", "work"]
    assert listed(ines.get(QUESTIONS, {"tag": "forces"})) == ["the-lift"]
    assert listed(ines.get(QUESTIONS, {"tag": "force", "q": "\0"})) == []
    assert "No question has these words" in shown(ines.get(QUESTIONS, {"q": "zebra"}))


def test_a_new_question_is_a_draft_that_one_writes(ines, questions):
    answer = ines.post(QUESTIONS, {"new": "1"})
    assert answer.url == f"{QUESTIONS}question/"
    page = ines.get(answer.url)
    body = json.loads(
        re.search(r'data-question="(.*?)"', page.content.decode())[1].replace("&quot;", '"')
    )
    assert (body["question"], body["draft"], body["edit"]) == ("question", True, 0)
    assert "frame-src 'self'" in page["Content-Security-Policy"]


def test_frames_are_for_the_page_around_them_alone(ines, questions):
    frame = ines.get(f"{QUESTIONS}preview/phone/")
    assert "frame-ancestors 'self'" in frame["Content-Security-Policy"]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


def test_questions_move_also_without_a_script(ines, questions):
    assert ines.post(QUESTIONS, {"up": "the-lift"}).url == f"{QUESTIONS}#question-the-lift"
    assert slugs() == ["force", "the-lift", "work"]
    ines.post(QUESTIONS, {"down": "force"})
    ines.post(QUESTIONS, {"down": "work"})
    ines.post(QUESTIONS, {"up": "nothing"})
    assert slugs() == ["the-lift", "force", "work"]
    # Among those that one sees.
    ines.post(f"{QUESTIONS}?q=what+is", {"up": "work"})
    assert slugs() == ["the-lift", "work", "force"]


def test_a_copy_stands_below_its_original(ines, questions):
    assert ines.post(QUESTIONS, {"duplicate": "force"}).url == f"{QUESTIONS}what-is-force/"
    assert slugs() == ["force", "what-is-force", "work", "the-lift"]


def test_questions_are_deleted_and_those_that_were_asked_stay(school, ines, questions):
    control(user=school.ines, course="physics", command=StartQuestion(uuid="1", question="force"))
    assert ines.post(QUESTIONS, {"delete": "work"}).status_code == 302
    refused = ines.post(QUESTIONS, {"delete": "force"})
    assert refused.status_code == 400
    assert "its answers belong to it" in html.unescape(refused.content.decode())
    assert slugs() == ["force", "the-lift"]


def test_chosen_questions_are_copied_to_another_course_of_mine(school, ines, questions):
    assert 'name="target"' not in shown(ines.get(QUESTIONS))
    Enrollment.objects.create(course=school.other_course, user=school.ines, role="assistant")
    assert '<option value="chemistry">Chemistry</option>' in shown(ines.get(QUESTIONS))
    chosen = {"copy": "1", "target": "chemistry", "question": ["the-lift", "force"]}
    told = ines.post(QUESTIONS, chosen, follow=True)
    assert "2 questions are copied to Chemistry." in shown(told)
    assert slugs("chemistry") == ["the-lift", "force"]
    nothing = ines.post(QUESTIONS, {"copy": "1", "target": "chemistry"})
    assert (nothing.status_code, b"Choose the questions to copy." in nothing.content) == (400, True)
    assert ines.post(QUESTIONS, {**chosen, "target": "nowhere"}).status_code == 404


def test_quick_questions_come_last_and_can_be_kept(school, ines, questions):
    Question.objects.filter(slug="force").update(quick=True)
    page = shown(ines.get(QUESTIONS))
    assert re.findall(r'id="question-([\w-]+)"', page)[-1] == "force"
    ines.post(QUESTIONS, {"keep": "force"})
    assert not Question.objects.get(slug="force").quick


def test_a_question_under_a_former_address_is_found(school, ines, questions):
    edits.save_question(
        user=school.ines,
        course="physics",
        question="the-lift",
        edit=0,
        content=replace(LIFT, kind=Kind.POLL),
        is_draft=True,
        slug="lift",
    )
    assert ines.get(f"{QUESTIONS}the-lift/").url == f"{QUESTIONS}lift/"


def test_an_archived_course_is_only_read(school, ines, questions):
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    page = shown(ines.get(QUESTIONS))
    assert 'name="new"' not in page
    assert 'name="delete"' not in page
    assert "data-archived" in shown(ines.get(f"{QUESTIONS}force/"))
    for do in ("new", "duplicate", "delete", "up"):
        refused = ines.post(QUESTIONS, {do: "work"})
        assert refused.status_code == 400, do
    assert slugs() == ["force", "work", "the-lift"]


def test_long_lists_have_pages(school, ines):
    contents = [replace(LIFT, title=f"Number {n}") for n in range(201)]
    edits.store_contents(school.course, contents, drafts=[False] * 201)
    assert len(listed(ines.get(QUESTIONS))) == 200
    assert listed(ines.get(QUESTIONS, {"page": "2", "q": "force"})) == ["number-200"]
    ines.post(f"{QUESTIONS}?page=2", {"up": "number-200"})
    assert slugs()[-2:] == ["number-200", "number-199"]
