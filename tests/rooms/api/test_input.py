"""Requests that are refused before anything happens: addresses, methods, bodies, queries."""

import pytest

from rooms.models import Message
from tests.rooms.api.conftest import refusal


@pytest.mark.parametrize("path", ["nothing/", "courses", "courses/physics/none/", "rooms/x/y/"])
def test_other_addresses(db, api, path):
    assert refusal(*api().get(path)) == (404, "unknown_action")
    assert api().refused(path, {}) == (404, "unknown_action")


def test_other_methods(school, api):
    client = api(school.ada).client
    for method in ("put", "patch", "delete", "options"):
        response = getattr(client, method)("/api/courses/")
        assert refusal(response.status_code, response.json()) == (405, "unknown_action")


def test_head_is_like_get(school, api):
    response = api(school.ada).client.head("/api/courses/")
    assert (response.status_code, response.content) == (200, b"")


BODIES = [
    ("", "invalid_message_format"),
    ("{", "invalid_json"),
    ('{"text": NaN}', "invalid_json"),
    ('{"text": "\\ud800"}', "invalid_json"),
    ("[" * 100_000, "invalid_json"),
    ("[]", "invalid_message_format"),
    ("null", "invalid_message_format"),
    ('"text"', "invalid_message_format"),
    ("{}", "invalid_message_format"),
    ('{"text": 5}', "invalid_message_format"),
    ('{"text": "a\\u0000b"}', "invalid_message_format"),
    ('{"text": "a", "uuid": ""}', "invalid_message_format"),
    ('{"text": "a", "room": "b"}', "invalid_message_format"),
    ('{"text": "a", "action": "new_message"}', "invalid_message_format"),
    ('{"text": "a", "user": "ines"}', "invalid_message_format"),
    ('{"text": "a", "timestamp": 5}', "invalid_message_format"),
    ('{"text": " \\n"}', "empty_text"),
    ('{"text": "' + "a" * 4001 + '"}', "text_too_long"),
]


def test_bodies(school, api):
    path = f"/api/rooms/{school.room.id}/messages/"
    client = api(school.ada).client
    for raw, code in BODIES:
        response = client.post(path, raw, content_type="application/json")
        answer = refusal(response.status_code, response.json())
        assert answer == (400, code), raw[:100]
        assert not Message.objects.exists(), raw[:100]


def test_an_unknown_field_is_named(school, api):
    path = f"rooms/{school.room.id}/messages/"
    _, body = api(school.ada).post(path, {"text": "a", "from": "ines"})
    assert "`from`" in body["error_message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_other_kinds_of_body(school, api, kind):
    path = f"/api/rooms/{school.room.id}/messages/"
    response = api(school.ada).client.generic("POST", path, '{"text": "a"}', content_type=kind)
    assert refusal(response.status_code, response.json()) == (415, "invalid_message_format")


def test_the_charset_may_be_named(school, api):
    response = api(school.ada).client.post(
        f"/api/rooms/{school.room.id}/messages/",
        '{"text": "hé"}',
        content_type="application/json; charset=utf-8",
    )
    assert response.status_code == 201
    assert response.json()["text"] == "hé"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_there_is_one_format(school, api, accept):
    response = api(school.ada).client.get("/api/courses/", headers={"Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def answers(client, paths):
    """Return how each of these requests is refused, by its path."""
    found = {}
    for path in paths:
        response = client.get(f"/api/{path}")
        found[path] = refusal(response.status_code, response.json())
    return found


LISTS = (
    *("courses/", "rooms/"),
    *(f"courses/physics/{of}/" for of in ("questions", "sessions", "votes")),
)
OF_LISTS = [
    "limit=0",
    "limit=501",
    "limit=ten",
    "limit=",
    "limit=1&limit=2",
    "offset=-1",
    "offset=1e9",
    "offset=99999999999999999999",
    "page=2",
    "limit=%00",
]


def test_queries_of_lists(school, api):
    paths = [f"{path}?{query}" for path in LISTS for query in OF_LISTS]
    assert answers(api(school.ada).client, paths) == dict.fromkeys(
        paths, (400, "invalid_message_format")
    )


OF_MESSAGES = [
    "after=-1",
    "after=x",
    "before=1.5",
    "before=null",
    "limit=101",
    "limit=0",
    "wait=-1",
    "wait=26",
    "wait=nan",
    "wait=inf",
    "until=1",
    "since=-1",
    "since=now",
    f"after={2**63}",
]


def test_queries_of_messages(school, api):
    paths = [f"rooms/{school.room.id}/messages/?{query}" for query in OF_MESSAGES]
    assert answers(api(school.ada).client, paths) == dict.fromkeys(
        paths, (400, "invalid_message_format")
    )


@pytest.mark.parametrize("room", ["x", "%00", "..", "é", "0" * 300])
def test_rooms_that_are_none(school, api, room):
    caller = api(school.ada)
    assert refusal(*caller.get(f"rooms/{room}/messages/")) == (404, "invalid_room_id")
