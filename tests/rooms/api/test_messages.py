"""Rooms and their messages over HTTP."""

import pytest
from django.conf import settings

from rooms.models import Membership, Message, Room, UseLog
from tests.rooms.api.conftest import refusal
from tests.rooms.cast import body
from tests.rooms.school import post


@pytest.fixture
def path(school):
    return f"rooms/{school.room.id}/messages/"


def test_posting(school, api, path):
    status, answer = api(school.ada).post(path, {"text": "\n hello\n", "uuid": "one"})
    message = Message.objects.get()
    assert (status, answer) == (201, body(message))
    assert (message.text, message.uuid, message.sender) == (" hello", "one", school.ada)
    assert UseLog.objects.get().act == "to:*: hello"


def test_the_same_uuid_is_stored_once(school, api, path):
    ada = api(school.ada)
    _, first = ada.post(path, {"text": "hello", "uuid": "one"})
    assert ada.post(path, {"text": "hello", "uuid": "one"}) == (200, first)
    assert ada.refused(path, {"text": "other", "uuid": "one"}) == (409, "uuid_reused")
    assert api(school.bea).post(path, {"text": "hello", "uuid": "one"})[0] == 201
    assert Message.objects.count() == 2


def test_without_a_uuid_each_is_another(school, api, path):
    ada = api(school.ada)
    assert [ada.post(path, {"text": "hello"})[0] for _ in range(2)] == [201, 201]


def test_a_reply(school, api, path):
    first = post(school.bea, school.room, "question")
    status, answer = api(school.ada).post(path, {"text": "answer", "reply_to": str(first.id)})
    assert (status, answer["reply_to"]) == (201, str(first.id))


def test_posting_as_fast_as_on_the_socket_and_no_faster(school, api, path):
    ada = api(school.ada)
    burst = settings.PEERCHAT["MESSAGE_BURST"]
    statuses = [ada.post(path, {"text": "hello"})[0] for _ in range(2 * burst)]
    assert statuses[:burst] == [201] * burst
    assert 429 in statuses
    assert api(school.bea).post(path, {"text": "hello"})[0] == 201


def test_too_fast_says_when_to_come_back(school, api, path, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "MESSAGE_BURST", 1)
    monkeypatch.setitem(settings.PEERCHAT, "MESSAGE_RATE", 0.1)
    ada = api(school.ada)
    assert ada.post(path, {"text": "hello"})[0] == 201
    response = ada.client.post(f"/api/{path}", {"text": "hello"})
    assert response.status_code == 429
    assert response.json()["error_code"] == "rate_limited"
    assert 9 < response.json()["retry_after"] <= 10
    assert response["Retry-After"] == "10"


@pytest.mark.parametrize("who", ["ivan", "zoe"])
def test_rooms_of_others_are_like_those_that_are_not(school, api, path, who):
    stranger = api(school.person(who))
    nowhere = "rooms/11111111-1111-1111-1111-111111111111/messages/"
    assert stranger.get(path) == stranger.get(nowhere)
    assert refusal(*stranger.get(path)) == (404, "invalid_room_id")
    assert stranger.post(path, {"text": "a"}) == stranger.post(nowhere, {"text": "a"})
    assert stranger.refused(path, {"text": "a"}) == (404, "invalid_room_id")
    assert not Message.objects.exists()


@pytest.fixture
def ten(school):
    return [body(post(school.ada, school.room, f"message {n}")) for n in range(1, 11)]


def test_the_newest_oldest_first(school, api, path, ten):
    host = "http://testserver/api/"
    assert api(school.bea).get(path, limit=3) == (
        200,
        {
            "room": str(school.room.id),
            "last_seq": 10,
            "last_read_seq": 0,
            "next": None,
            "previous": f"{host}{path}?before=8&limit=3",
            "results": ten[7:],
        },
    )


def seqs(answer):
    status, page = answer
    assert status == 200
    return [message["seq"] for message in page["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, range(1, 11)),
        ({"after": 0}, range(1, 11)),
        ({"after": 0, "limit": 4}, range(1, 5)),
        ({"after": 8}, (9, 10)),
        ({"after": 10}, ()),
        ({"after": 1000}, ()),
        ({"before": 4}, (1, 2, 3)),
        ({"before": 9, "limit": 2}, (7, 8)),
        ({"before": 1}, ()),
        ({"before": 0}, ()),
        ({"after": 3, "before": 7}, (4, 5, 6)),
        ({"after": 3, "before": 7, "limit": 2}, (4, 5)),
        ({"after": 7, "before": 3}, ()),
        # No wait: a message is there already, or these parameters do not wait.
        ({"after": 9, "wait": 25}, (10,)),
        ({"after": 10, "wait": 25}, ()),
        ({"wait": 25, "limit": 1}, (10,)),
    ],
)
def test_pages(school, api, path, ten, query, expected):
    assert seqs(api(school.bea).get(path, **query)) == list(expected)


@pytest.mark.parametrize(("way", "start"), [("next", {"after": 0}), ("previous", {})])
def test_following_the_links_gives_everything_once(school, api, path, ten, way, start):
    bea = api(school.bea)
    found = []
    _, page = bea.get(path, limit=3, **start)
    while True:
        found = found + page["results"] if way == "next" else page["results"] + found
        if page[way] is None:
            break
        page = bea.client.get(page[way]).json()
    assert found == ten


def test_a_page_without_messages_still_has_its_neighbours(school, api, path, ten):
    bea = api(school.bea)
    _, end = bea.get(path, after=10)
    assert end["next"] is None
    assert seqs((200, bea.client.get(end["previous"]).json())) == list(range(1, 11))


def test_a_room_without_messages(school, api, path):
    assert api(school.bea).get(path) == (
        200,
        {
            "room": str(school.room.id),
            "last_seq": 0,
            "last_read_seq": 0,
            "next": None,
            "previous": None,
            "results": [],
        },
    )


def test_the_list_of_rooms(school, api):
    open_room = school.make_room(school.bea)
    school.make_room(school.bea, school.carl, kind="direct")
    status, answer = api(school.ada).get("rooms/")
    assert status == 200
    assert answer == {
        "next": None,
        "previous": None,
        "results": [
            {
                "room": str(school.room.id),
                "kind": "course",
                "title": "Physics",
                "course": "physics",
                "members": 5,
                "last_seq": 0,
                "last_read_seq": 0,
                "joined": True,
                "unread": 0,
                "topic": "",
                "slow_seconds": 0,
                "created_by": None,
            },
            {
                "room": str(open_room.id),
                "kind": "open",
                "title": "Help",
                "course": "physics",
                "members": 1,
                "last_seq": 0,
                "last_read_seq": 0,
                "joined": False,
                "unread": 0,
                "topic": "",
                "slow_seconds": 0,
                "created_by": None,
            },
        ],
    }
    _, first = api(school.ada).get("rooms/", limit=1)
    assert first["results"] == answer["results"][:1]
    assert api(school.ada).client.get(first["next"]).json() == {
        "next": None,
        "previous": "http://testserver/api/rooms/?limit=1&offset=0",
        "results": answer["results"][1:],
    }


def test_making_a_room(school, api):
    ada = api(school.ada)
    wanted = {"course": "physics", "title": "Reading group", "topic": "Chapter 3"}
    status, answer = ada.post("rooms/", wanted)
    room = Room.objects.get(kind=Room.Kind.OPEN)
    assert (status, answer) == (
        201,
        {
            "room": str(room.id),
            "kind": "open",
            "title": "Reading group",
            "course": "physics",
            "members": 1,
            "last_seq": 0,
            "last_read_seq": 0,
            "joined": True,
            "unread": 0,
            "topic": "Chapter 3",
            "slow_seconds": 0,
            "created_by": "ada",
        },
    )
    assert room.topic == "Chapter 3"
    assert Membership.objects.get(room=room).user == school.ada
    assert answer in ada.get("rooms/")[1]["results"]


@pytest.mark.parametrize(
    ("who", "body", "expected"),
    [
        ("ada", {"title": "x"}, (400, "invalid_message_format")),
        ("ada", {"course": "physics", "title": ""}, (400, "invalid_message_format")),
        ("ada", {"course": "physics", "title": " "}, (400, "empty_text")),
        ("ada", {"course": "physics", "title": "x" * 201}, (400, "invalid_message_format")),
        ("ada", {"course": "physics", "title": "a\0"}, (400, "invalid_message_format")),
        (
            "ada",
            {"course": "physics", "title": "x", "kind": "course"},
            (400, "invalid_message_format"),
        ),
        ("zoe", {"course": "physics", "title": "x"}, (403, "permission_denied")),
        ("ivan", {"course": "physics", "title": "x"}, (403, "permission_denied")),
        ("ada", {"course": "nothing", "title": "x"}, (403, "permission_denied")),
    ],
)
def test_rooms_that_are_not_made(school, api, who, body, expected):
    assert api(school.person(who)).refused("rooms/", body) == expected
    assert not Room.objects.filter(kind=Room.Kind.OPEN).exists()
