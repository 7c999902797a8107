"""Questions outside class over HTTP."""

import json

import pytest
from django.test import Client

from rooms.models import ClassSettings, Release, Take
from tests.rooms.cast import make_question
from tests.rooms.outside import answer, release

API = "/api/courses/physics/"


def client(school, name):
    made = Client()
    made.force_login(school.person(name))

    def ask(method, path, body=None):
        data = {} if body is None else {"data": json.dumps(body)}
        found = getattr(made, method)(f"{API}{path}", content_type="application/json", **data)
        return found.status_code, found.json() if found.content else None

    return ask


@pytest.fixture
def question(school):
    return make_question(school.course, "force")


def test_a_lecturer_releases_changes_and_withdraws(school, question):
    tess, ada = client(school, "tess"), client(school, "ada")
    wanted = {
        "uuid": "one",
        "question": "force",
        "due_at": 4e9,
        "seeds": [{"choice": "A", "text": "So"}],
    }
    assert tess("post", "releases/", wanted)[0] == 400
    wanted["due_at"] = None
    status, made = tess("post", "releases/", wanted)
    assert status == 201
    assert tess("post", "releases/", wanted) == (201, made)
    (one,) = made["releases"]
    assert (one["question"], one["begun"], one["withdrawn"]) == ("force", 0, False)
    assert tess("post", "releases/", {**wanted, "uuid": "two"})[0] == 400
    assert tess("post", "releases/", {"uuid": "three"})[0] == 400
    assert ada("get", "releases/")[0] == 403
    path = f"releases/{one['release']}/"
    assert tess("get", path)[1]["seeds"] == [{"choice": "A", "text": "So"}]
    assert tess("patch", path, {"seeds": [], "withdrawn": True})[1]["withdrawn"] is True
    assert tess("get", "releases/")[1]["results"][0]["withdrawn"] is True
    assert ada("get", "outside/")[1]["results"] == []
    assert client(school, "ivan")("patch", path, {})[0] == 403


def test_a_student_passes_step_by_step(school, question):
    of = release(school, seeds=[("B", "The third law")])
    ada = client(school, "ada")
    path = f"outside/{of.pk}/"
    assert ada("get", "outside/")[1]["results"][0]["state"] == "new"
    before = ada("get", path)[1]
    assert (before["question"], before["result"]) == (None, None)
    assert ada("post", f"{path}first/", {"choice": "A"})[0] == 409
    assert ada("post", path)[1]["question"]["prompt"] == "What is force?"
    status, between = ada("post", f"{path}first/", {"choice": "A", "confidence": 2})
    assert (status, between["state"], between["first"]["right"]) == (200, "between", None)
    (reason,) = between["reasons"]
    assert (reason["choice"], reason["text"]) == ("B", "The third law")
    assert ada("post", f"{path}second/", {"choice": "B"})[1]["result"] is None
    done = ada("post", f"{path}convinced/", {"convinced": "reason", "reason": reason["reason"]})[1]
    assert done["result"]["correct"] == "B"
    assert (done["first"]["right"], done["second"]["right"]) == (False, True)
    assert done["reasons"][0]["picked"] is True
    assert client(school, "tess")("post", path)[0] == 403
    assert client(school, "zoe")("get", path)[0] == 403


def test_partners_over_http(school, question):
    ClassSettings.objects.create(course=school.course, pairs_at_night=True)
    of = release(school)
    for name, choice in (("ada", "A"), ("bea", "B")):
        answer(school, name, of, choice)
    path = f"outside/{of.pk}/partner/"
    ada, bea = client(school, "ada"), client(school, "bea")
    assert ada("post", path) == (200, {"talk": None})
    talk = bea("post", path)[1]["talk"]
    assert (talk["partner"], talk["answer"], talk["messages"]) == ("Ada", "A", [])
    assert ada("get", f"outside/{of.pk}/")[1]["talk"]["room"] == talk["room"]
    assert ada("delete", path)[0] == 204
    assert bea("post", path)[1]["talk"]["ended"] is True
    assert not Take.objects.exclude(waiting_since=None).exists()
    assert client(school, "carl")("post", path)[0] == 409


def test_reminders(school, question):
    school.ada.email = "ada@example.org"
    school.ada.save()
    assert client(school, "ada")("post", "reminders/", {"wanted": True}) == (200, {"wanted": True})
    assert client(school, "carl")("post", "reminders/", {"wanted": True})[0] == 403
    assert Release.objects.count() == 0
