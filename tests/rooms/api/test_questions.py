"""Preparing questions over HTTP."""

import pytest
from django.utils import timezone

from rooms.actions.session import control
from rooms.models import Course, Enrollment, Question
from rooms.wire.commands import StartQuestion
from tests.rooms.api.conftest import refusal

QUESTIONS = "courses/physics/questions/"
LIFT = {
    "kind": "several",
    "title": "The lift",
    "prompt": "What *holds*?",
    "choices": [
        {"text": "A", "correct": True, "feedback": "yes"},
        {"text": "B", "correct": True, "feedback": ""},
        {"text": "C", "correct": False, "feedback": ""},
    ],
    "number": None,
    "tolerance": 0.0,
    "unit": "",
    "accepted": [],
    "explanation": "Because.",
    "follow_up": "And then?",
    "tags": ["forces"],
    "draft": False,
}
MADE = {
    **LIFT,
    "question": "the-lift",
    "edit": 0,
    "quick": False,
    "asked": 0,
    "asked_now": False,
    "twin_of": None,
    "problems": [],
}


def test_a_question_from_nothing_to_its_end(school, api):
    ines, tess = api(school.ines), api(school.tess)
    status, empty = ines.post(QUESTIONS, {})
    assert status == 201
    assert (empty["question"], empty["draft"]) == ("question", True)
    assert empty["problems"][0] == {
        "field": "prompt",
        "flaw": "no_prompt",
        "index": None,
        "limit": None,
        "message": "Write the question.",
    }
    expected = {**MADE, "edit": 1}
    assert ines.put(f"{QUESTIONS}question/", {**LIFT, "edit": 0}) == (200, expected)
    # The same again changes nothing, although `edit` is another by now.
    assert ines.put(f"{QUESTIONS}question/", {**LIFT, "edit": 0}) == (200, expected)
    assert tess.get(f"{QUESTIONS}the-lift/") == (200, expected)
    status, refused = tess.put(f"{QUESTIONS}the-lift/", {**LIFT, "prompt": "Mine", "edit": 0})
    assert refusal(status, refused) == (409, "edit_conflict")
    assert refused["current"] == expected
    changed = {**LIFT, "draft": True, "edit": 1, "question": "lift"}
    status, saved = tess.put(f"{QUESTIONS}the-lift/", changed)
    assert (status, saved) == (200, {**expected, "edit": 2, "draft": True, "question": "lift"})
    assert ines.delete(f"{QUESTIONS}the-lift/") == (204, None)
    assert refusal(*ines.get(f"{QUESTIONS}lift/")) == (400, "invalid_message_format")


def test_what_a_class_is_asked_is_told_and_not_deleted(school, api, questions):
    control(user=school.ines, course="physics", command=StartQuestion(uuid="1", question="force"))
    ines = api(school.ines)
    shown = ines.get(f"{QUESTIONS}force/")[1]
    assert (shown["asked"], shown["asked_now"]) == (1, True)
    assert refusal(*ines.delete(f"{QUESTIONS}force/")) == (409, "illegal_transition")
    assert ines.get(f"{QUESTIONS}work/")[1]["asked"] == 0


def test_the_order_and_copies(school, api, questions):
    ines = api(school.ines)
    assert ines.post(f"{QUESTIONS}order/", {"questions": ["work", "force"]}) == (204, None)
    listed = ines.get(QUESTIONS)[1]["results"]
    assert [one["question"] for one in listed] == ["work", "force"]
    Enrollment.objects.create(course=school.other_course, user=school.ines, role="instructor")
    body = {"questions": ["force"], "course": "chemistry"}
    copied = {"course": "chemistry", "questions": ["force"]}
    assert ines.post(f"{QUESTIONS}copy/", body) == (201, copied)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "essay"},
        {"prompt": 1},
        {"choices": [{"text": "A", "letter": "A"}]},
        {"number": "9.81"},
        {"prompt": "x" * 10_001},
        {"prompt": "\0"},
        {"choices": [{"text": "x"}] * 27},
        {"tolerance": -1, "kind": "number"},
        {"unknown": 1},
    ],
)
def test_what_makes_no_question(school, api, body):
    assert api(school.ines).refused(QUESTIONS, body) == (400, "invalid_message_format")
    assert not Question.objects.exists()


def test_a_refusal_names_the_fields(school, api):
    body = {"choices": [{"text": "A"}, {"text": "B", "feedback": "x" * 501}], "title": "x" * 201}
    _, refused = api(school.ines).post(QUESTIONS, body)
    told = {(one["field"], one["index"]): one["message"] for one in refused["problems"]}
    assert told == {
        ("title", None): "The title has more than 200 characters.",
        ("feedback", 1): "The feedback on choice B has more than 500 characters.",
    }


def test_the_preview_stores_nothing_and_has_no_answer_in_the_question(school, api):
    status, shown = api(school.ines).post(f"{QUESTIONS}preview/", LIFT)
    assert status == 200
    assert shown["question"]["prompt"] == "What *holds*?"
    assert [one["choice"] for one in shown["question"]["choices"]] == ["A", "B", "C"]
    assert "correct" not in shown["question"]
    assert not Question.objects.exists()


CALLS = [
    ("post", "", {}),
    ("get", "force/", None),
    ("put", "force/", {**LIFT, "edit": 0}),
    ("post", "order/", {"questions": ["work", "force"]}),
    ("post", "copy/", {"questions": ["force"], "course": "physics"}),
    ("post", "preview/", {}),
    ("delete", "work/", None),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_only_those_who_lead_may(school, api, questions, call):
    method, path, body = call
    given = (f"{QUESTIONS}{path}",) if body is None else (f"{QUESTIONS}{path}", body)
    before = list(Question.objects.order_by("pk").values())
    for name in ("ada", "ivan", "zoe"):
        answer = getattr(api(school.person(name)), method)(*given)
        assert refusal(*answer) == (403, "permission_denied")
    assert list(Question.objects.order_by("pk").values()) == before
    assert getattr(api(school.tess), method)(*given)[0] < 300
    if method != "get" and path != "preview/":
        Course.objects.update(archived_at=timezone.now())
        answer = getattr(api(school.ines), method)(*given)
        assert refusal(*answer) == (403, "course_archived")
