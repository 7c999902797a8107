"""Log-ins over HTTP, and the credentials that each endpoint requires."""

import time

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Token
from rooms.models import UseLog
from tests.rooms.api.conftest import refusal


@pytest.fixture
def ada(school):
    school.ada.set_password("correct horse")
    school.ada.save()
    return school.ada


def test_a_token_for_a_password(api, ada):
    status, body = api().post("tokens/", {"username": "ada", "password": "correct horse"})
    assert status == 201
    assert body == {
        "token": body["token"],
        "expires": pytest.approx(time.time() + 90 * 86400, abs=60),
    }
    caller = api()
    caller.client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert caller.get("courses/")[0] == 200
    assert UseLog.objects.get(event="login").sid == "ada"


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ada", "password": "wrong"},
        {"username": "nobody", "password": "correct horse"},
    ],
)
def test_wrong_credentials_are_not_told_apart(api, ada, body):
    status, answer = api().post("tokens/", body)
    assert (status, answer) == (
        401,
        {
            "error_code": "authentication_required",
            "error_message": "The username or password is wrong.",
        },
    )
    assert not Token.objects.exists()


def test_an_inactive_user_gets_no_token(api, ada):
    ada.is_active = False
    ada.save()
    body = {"username": "ada", "password": "correct horse"}
    assert api().refused("tokens/", body) == (401, "authentication_required")


def test_tokens_are_not_handed_out_without_end(api, ada, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "TOKEN_BURST", 2)
    right = {"username": "ada", "password": "correct horse"}
    assert [api().post("tokens/", right)[0] for _ in range(3)] == [201, 201, 429]


def test_revoking_the_token_one_came_with(api, school):
    one, other = api(school.ada), api(school.ada)
    response = one.client.delete("/api/tokens/current/")
    assert (response.status_code, response.content) == (204, b"")
    assert refusal(*one.get("courses/")) == (401, "invalid_token")
    assert other.get("courses/")[0] == 200


def test_a_session_has_no_token_to_revoke(school):
    client = Client()
    client.force_login(school.ada)
    response = client.delete("/api/tokens/current/")
    assert refusal(response.status_code, response.json()) == (403, "permission_denied")


PATHS = [
    "courses/",
    "courses/physics/questions/",
    "courses/physics/state/",
    "courses/physics/votes/",
    "courses/physics/partners/",
    "courses/physics/sessions/",
    "courses/physics/uselog/",
    "rooms/",
    "rooms/x/messages/",
]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_credentials(db, api, path):
    response = api().client.get(f"/api/{path}")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error_code"] == "authentication_required"


@pytest.mark.parametrize(
    "path",
    [
        "courses/physics/vote/",
        "courses/physics/control/",
        "rooms/",
        "rooms/x/messages/",
        "peer/messages/",
    ],
)
def test_nobody_writes_without_credentials(db, api, path):
    assert api().refused(path, {}) == (401, "authentication_required")


@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "Bearer pc_wrong", "bearer \x80\xff"])
def test_a_wrong_token_is_refused_whatever_the_session(school, given):
    client = Client()
    client.force_login(school.ada)
    response = client.get("/api/courses/", headers={"Authorization": given})
    assert refusal(response.status_code, response.json()) == (401, "invalid_token")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_session_writes_only_with_its_csrf_token(school):
    client = Client(enforce_csrf_checks=True)
    client.force_login(school.ada)
    assert client.get("/api/courses/").status_code == 200
    body, kind = {"text": "hello"}, "application/json"
    path = f"/api/rooms/{school.room.id}/messages/"
    response = client.post(path, body, content_type=kind)
    assert refusal(response.status_code, response.json()) == (403, "permission_denied")
    client.get("/")
    token = client.cookies["csrftoken"].value
    response = client.post(path, body, content_type=kind, headers={"X-CSRFToken": token})
    assert response.status_code == 201


def test_too_many_wrong_tokens_from_an_address_are_told_to_wait_and_right_ones_are_not(
    api, school, settings
):
    settings.PEERCHAT = {"LOGIN_ADDRESS_BURST": 3, "LOGIN_ADDRESS_RATE": 0.5}
    wrong, right = api(), api(school.ada)
    codes = []
    for number in range(5):
        wrong.client.credentials(HTTP_AUTHORIZATION=f"Bearer pc_wrong{number}")
        codes.append(refusal(*wrong.get("courses/")))
    assert codes == [(401, "invalid_token")] * 3 + [(429, "rate_limited")] * 2
    assert right.get("courses/")[0] == 200
