"""Files of questions over HTTP: the same as on the page."""

import base64

import pytest

from rooms.models import Question
from tests.rooms.question_files import GIFT, moodle, picture
from tests.rooms.school import make_school

IMPORT, EXPORT = "courses/physics/questions/import/", "courses/physics/questions/export/"


@pytest.fixture
def school(transactional_db):
    return make_school()


@pytest.fixture
def ines(school, api):
    return api(school.ines)


def test_a_plan_and_then_its_import(school, ines):
    status, plan = ines.post(IMPORT, {"text": GIFT})
    assert (status, plan["applied"], plan["format"], plan["added"]) == (200, False, "gift", [])
    outcomes = [one["outcome"] for one in plan["questions"]]
    assert outcomes == ["new", "refused", "new", "new", "repeated"]
    assert plan["questions"][1] == {
        "number": 2,
        "line": 4,
        "name": "Long",
        "outcome": "refused",
        "message": "This is an essay, for which there is no kind of question here.",
        "notes": [],
    }
    assert not Question.objects.exists()
    _, done = ines.post(IMPORT, {"text": GIFT, "apply": True, "questions": [1, 2]})
    assert [one["outcome"] for one in done["questions"]] == ["new", "refused"]
    assert done["applied"]
    assert done["added"] == [one.slug for one in Question.objects.all()] == ["force"]
    _, again = ines.post(IMPORT, {"text": GIFT, "apply": True})
    assert again["questions"][0]["outcome"] == "here"
    assert len(again["added"]) == 2
    _, again = ines.post(IMPORT, {"text": GIFT, "apply": True})
    assert again["added"] == []


def test_any_file_in_base64(school, ines):
    data = base64.b64encode(moodle(picture(size=300))).decode()
    body = {"data": data, "name": "quiz.xml", "apply": True}
    status, done = ines.post(IMPORT, body)
    assert (status, done["format"], len(done["added"])) == (200, "moodle", 1)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "either `text` or `data`"),
        ({"text": "a", "data": "YQ=="}, "either `text` or `data`"),
        ({"data": "!"}, "body is not valid"),
        ({"text": GIFT, "format": "excel"}, "body is not valid"),
        ({"text": GIFT, "questions": [0]}, "body is not valid"),
        ({"text": "<quiz>", "format": "moodle"}, ""),
    ],
)
def test_what_cannot_be_read_is_refused(ines, body, why):
    status, told = ines.post(IMPORT, {**body, "apply": True})
    assert (status, told["error_code"]) == (400, "invalid_message_format")
    assert why in told["error_message"]
    assert not Question.objects.exists()


def test_it_is_for_those_who_lead(school, api):
    for who in ("ada", "ivan", "zoe"):
        caller = api(school.person(who))
        assert caller.refused(IMPORT, {"text": GIFT}) == (403, "permission_denied")
        assert caller.get(EXPORT)[0] == 403
    assert api(school.tess).post(IMPORT, {"text": GIFT})[0] == 200


def test_files_have_a_rate(ines, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "IMPORT_BURST": 1}
    assert ines.post(IMPORT, {"text": GIFT})[0] == 200
    assert ines.refused(IMPORT, {"text": GIFT}) == (429, "rate_limited")


def test_an_export_is_a_file(ines):
    _, done = ines.post(IMPORT, {"text": GIFT, "apply": True})
    for format_ in ("yaml", "gift", "moodle"):
        answer = ines.client.get(f"/api/{EXPORT}", {"format": format_})
        assert answer.status_code == 200
        body = {"data": base64.b64encode(answer.content).decode()}
        assert {one["outcome"] for one in ines.post(IMPORT, body)[1]["questions"]} == {"here"}
    two = {"format": "gift", "questions": ",".join(done["added"][:2])}
    text = ines.client.get(f"/api/{EXPORT}", two).content.decode()
    assert len(ines.post(IMPORT, {"text": text})[1]["questions"]) == 2
    assert ines.get(EXPORT, format="excel")[0] == 400
    assert ines.get(EXPORT, questions="none")[0] == 400
