"""Joining and people over HTTP."""

import time

import pytest
from django.utils import timezone

from accounts.models import Token, User
from rooms.actions import joining
from rooms.models import Course, Enrollment, Exclusion, Guest, JoinCode
from tests.rooms.api.conftest import refusal

JOINING = "courses/physics/joining/"
PEOPLE = "courses/physics/people/"


@pytest.fixture
def code(school):
    return joining.open_joining(user=school.ines, course="physics")


def test_leaders_open_close_and_renew(school, api):
    ines = api(school.ines)
    nothing = {"open": False, "code": None, "address": None, "open_until": None, "names": None}
    counts = {"students": 3, "guests": 0, "online": 0}
    assert ines.get(JOINING) == (200, nothing | counts)
    status, opened = ines.post(JOINING, {"open": True, "seconds": 60, "names": "real"})
    assert status == 200
    code = JoinCode.objects.get()
    assert opened == counts | {
        "open": True,
        "code": code.code,
        "address": f"http://testserver/join/{code.code}/",
        "open_until": code.open_until.timestamp(),
        "names": "real",
    }
    assert 0 < opened["open_until"] - time.time() <= 60
    assert api(school.tess).get(JOINING) == (200, opened)
    renewed = ines.post(JOINING, {"renew": True})[1]
    assert renewed["open"]
    assert renewed["code"] != code.code
    closed = ines.post(JOINING, {"open": False})[1]
    assert (closed["open"], closed["code"]) == (False, renewed["code"])
    for body in ({"seconds": 1}, {"names": "none"}, {"open": 1}, {"close": True}):
        assert ines.refused(JOINING, body) == (400, "invalid_message_format")


def test_nobody_else_may(school, api, code):
    for name in ("ada", "ivan", "zoe"):
        caller = api(school.person(name))
        for path in (JOINING, PEOPLE):
            assert refusal(*caller.get(path)) == (403, "permission_denied")
        for path, body in (
            (JOINING, {"open": False}),
            ("courses/physics/merges/", {"username": "bea", "into": "carl"}),
        ):
            assert caller.refused(path, body) == (403, "permission_denied")
        assert refusal(*caller.delete(f"{PEOPLE}bea/")) == (403, "permission_denied")
    assert JoinCode.objects.get().is_open
    assert school.enrollment(school.bea)
    assert api().get(JOINING)[0] == 401


def test_a_program_joins_as_a_guest(school, api, code):
    body = {"code": code.code.lower(), "name": " Lola ", "device": "d" * 40}
    status, place = api().post("join/", body)
    guest = Guest.objects.get().user
    token = place.pop("token")
    assert place.pop("expires") > time.time() + 80 * 86_400
    assert (status, place) == (
        201,
        {
            "course": "physics",
            "title": "Physics",
            "role": "student",
            "username": guest.username,
            "display_name": "Lola",
        },
    )
    caller = api()
    caller.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert caller.get("courses/")[1]["results"][0]["course"] == "physics"
    # The answer was lost: the same device is the same guest.
    assert api().post("join/", body)[1]["username"] == guest.username
    assert api().post("join/", body | {"device": "e" * 40})[1]["username"] != guest.username
    assert Guest.objects.count() == 2


def test_a_user_joins_as_themselves(school, api, code):
    status, place = api(school.zoe).post("join/", {"code": code.code})
    assert (status, place["token"], place["username"]) == (201, None, "zoe")
    assert school.enrollment(school.zoe).role == "student"
    assert api(school.ines).post("join/", {"code": code.code})[1]["role"] == "instructor"
    assert not Guest.objects.exists()


def test_what_is_no_code_and_no_name(school, api, code):
    for wrong in ("AAAAAA", "1", "\u200b"):
        body = {"code": wrong, "name": "Lola"}
        assert api().refused("join/", body) == (404, "invalid_message_format")
    for name in (None, "", "\u202eevil", "x" * 61):
        body = {"code": code.code, "name": name}
        assert api().refused("join/", body) == (400, "invalid_message_format")
    for body in ({"name": "Lola"}, {"code": code.code, "name": "L", "device": "short"}):
        assert api().refused("join/", body) == (400, "invalid_message_format")
    assert not Guest.objects.exists()


def test_the_list_of_people(school, api, code):
    guest = joining.join_as_guest(code=code, name="Lola", device="d" * 40)
    ines = api(school.ines)
    status, found = ines.get(PEOPLE, limit=2)
    assert status == 200
    assert found["results"][0] == {
        "username": guest.username,
        "display_name": "Lola",
        "role": "student",
        "guest": True,
        "online": False,
        "joined_at": Enrollment.objects.get(user=guest).joined_at.timestamp(),
    }
    assert "offset=2" in found["next"]
    assert [one["username"] for one in ines.get(PEOPLE, q="LOL")[1]["results"]] == [guest.username]
    assert ines.get(PEOPLE, q="nobody")[1]["results"] == []


def test_removing_and_merging(school, api, code):
    lola, otto = (
        joining.join_as_guest(code=code, name=name, device=name[0] * 40)
        for name in ("Lola", "Otto")
    )
    ines = api(school.ines)
    merge = {"username": lola.username, "into": "ada"}
    assert ines.post("courses/physics/merges/", merge) == (204, None)
    assert not User.objects.filter(pk=lola.pk).exists()
    assert ines.refused("courses/physics/merges/", merge) == (400, "invalid_message_format")
    assert ines.delete(f"{PEOPLE}{otto.username}/") == (204, None)
    assert refusal(*ines.delete(f"{PEOPLE}{otto.username}/")) == (400, "invalid_message_format")
    body = {"code": code.code, "name": "Otto", "device": "O" * 40}
    assert api().refused("join/", body) == (403, "permission_denied")
    assert Exclusion.objects.get().user == otto
    assert not Token.objects.filter(user=otto, revoked_at=None).exists()
    Course.objects.update(archived_at=timezone.now())
    assert ines.refused(JOINING, {"open": True}) == (403, "course_archived")
    assert refusal(*ines.delete(f"{PEOPLE}bea/")) == (403, "course_archived")
