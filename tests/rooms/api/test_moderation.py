"""Rooms over HTTP: making, joining, topics, reading; moderation, mentions, the search."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions import moderation, rooms
from rooms.api.export import Pseudonyms
from rooms.models import Enrollment, Message, Room, UseLog
from tests.rooms.api.conftest import refusal
from tests.rooms.cast import body
from tests.rooms.school import post

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def room(school):
    """An open room, made by ada, with her and bea in it."""
    return school.make_room(school.ada, school.bea, created_by=school.ada, topic="Forces")


def details(room, **fields):
    return {
        "room": str(room.id),
        "kind": "open",
        "title": "Help",
        "course": "physics",
        "members": 2,
        "last_seq": 0,
        "last_read_seq": 0,
        "joined": True,
        "unread": 0,
        "topic": "Forces",
        "slow_seconds": 0,
        "created_by": "ada",
    } | fields


# --- rooms ---------------------------------------------------------------------------------------


def test_a_room_is_shown_to_whom_it_concerns(school, api, room):
    post(school.ada, room, "Hello")
    seen = {
        "ada": details(room, last_seq=1, last_read_seq=1),
        "bea": details(room, last_seq=1, unread=1),
        "carl": details(room, last_seq=1, joined=False),
        "ines": details(room, last_seq=1, joined=False),
    }
    for who, expected in seen.items():
        caller = api(school.person(who))
        assert caller.get(f"rooms/{room.id}/") == (200, expected)
        assert caller.get("rooms/")[1]["results"][1:] == [expected]
    for who in ("ivan", "zoe"):
        assert refusal(*api(school.person(who)).get(f"rooms/{room.id}/")) == (
            404,
            "invalid_room_id",
        )
    assert refusal(*api(school.ada).get("rooms/x/")) == (404, "invalid_room_id")
    assert refusal(*api().get(f"rooms/{room.id}/")) == (401, "authentication_required")


def test_making_a_room(school, api):
    wanted = {"course": "physics", "title": "Night owls", "topic": "After 10 pm"}
    status, made = api(school.carl).post("rooms/", wanted)
    room = Room.objects.get(kind="open")
    assert (status, made) == (
        201,
        details(room, title="Night owls", topic="After 10 pm", members=1, created_by="carl"),
    )
    assert api(school.ivan).refused("rooms/", wanted) == (403, "permission_denied")
    for wrong in (
        wanted | {"title": ""},
        wanted | {"title": "x" * 201},
        wanted | {"topic": "x" * 501},
        wanted | {"kind": "course"},
        {"course": "physics"},
    ):
        assert api(school.carl).refused("rooms/", wrong) == (400, "invalid_message_format")
    assert api(school.carl).refused("rooms/", wanted | {"title": " "}) == (400, "empty_text")


def test_changing_a_room(school, api, room):
    path = f"rooms/{room.id}/"
    assert api(school.ada).patch(path, {"topic": "Work"}) == (200, details(room, topic="Work"))
    assert api(school.ines).patch(path, {"slow_seconds": 30}) == (
        200,
        details(room, topic="Work", slow_seconds=30, joined=False),
    )
    assert api(school.ada).patch(path, {})[0] == 200
    assert refusal(*api(school.bea).patch(path, {"topic": "x"})) == (403, "permission_denied")
    assert refusal(*api(school.ivan).patch(path, {"topic": "x"})) == (404, "invalid_room_id")
    for wrong in ({"topic": None}, {"slow_seconds": -1}, {"slow_seconds": 3601}, {"title": "x"}):
        assert refusal(*api(school.ines).patch(path, wrong)) == (400, "invalid_message_format")


def test_changes_are_made_together_or_not_at_all(school, api, room):
    both = {"topic": "Work", "slow_seconds": 30}
    assert refusal(*api(school.ada).patch(f"rooms/{room.id}/", both)) == (403, "permission_denied")
    room.refresh_from_db()
    assert (room.topic, room.slow_seconds) == ("Forces", 0)


def test_archiving_a_room(school, api, room):
    path = f"rooms/{room.id}/"
    assert refusal(*api(school.bea).delete(path)) == (403, "permission_denied")
    assert refusal(*api(school.zoe).delete(path)) == (404, "invalid_room_id")
    assert api(school.ada).delete(path) == (204, None)
    assert refusal(*api(school.ada).get(path)) == (404, "invalid_room_id")
    assert refusal(*api(school.ada).delete(path)) == (404, "invalid_room_id")


def test_joining_and_leaving(school, api, room):
    carl = api(school.carl)
    assert carl.post(f"rooms/{room.id}/join/") == (200, details(room, members=3))
    assert carl.post(f"rooms/{room.id}/join/")[0] == 200
    assert carl.post(f"rooms/{room.id}/leave/") == (204, None)
    assert carl.refused(f"rooms/{room.id}/leave/", None) == (404, "invalid_room_id")
    assert carl.refused(f"rooms/{school.room.id}/leave/", None) == (403, "permission_denied")
    assert api(school.ivan).refused(f"rooms/{room.id}/join/", None) == (404, "invalid_room_id")
    assert api(school.ada).refused("rooms/x/join/", None) == (404, "invalid_room_id")


def test_reading(school, api, room):
    for text in "12":
        post(school.ada, room, text)
    path = f"rooms/{room.id}/read/"
    bea = api(school.bea)
    assert bea.post(path, {"seq": 1}) == (200, {"room": str(room.id), "seq": 1})
    assert bea.get(f"rooms/{room.id}/")[1]["unread"] == 1
    assert bea.post(path, {"seq": 9}) == (200, {"room": str(room.id), "seq": 2})
    assert bea.get(f"rooms/{room.id}/")[1]["unread"] == 0
    assert bea.refused(path, {"seq": -1}) == (400, "invalid_message_format")
    assert api(school.carl).refused(path, {"seq": 1}) == (404, "invalid_room_id")


def test_who_is_in_a_room(school, api, room):
    status, shown = api(school.carl).get(f"rooms/{room.id}/users/")
    assert (status, shown) == (
        200,
        {
            "users": [
                {"username": name, "display_name": name.title(), "online": False}
                for name in ("ada", "bea")
            ]
        },
    )
    assert refusal(*api(school.zoe).get(f"rooms/{room.id}/users/")) == (404, "invalid_room_id")


def test_direct_messages(school, api):
    again = {"text": "\nHello ", "uuid": "u"}
    ada = api(school.ada)
    status, sent = ada.post("direct/bea/messages/", again)
    message = Message.objects.get()
    assert (status, sent) == (201, body(message))
    assert (message.text, message.room.kind) == ("Hello", "direct")
    assert ada.post("direct/bea/messages/", again) == (200, sent)
    assert ada.refused("direct/bea/messages/", again | {"text": "x"}) == (409, "uuid_reused")
    for other in ("ada", "ivan", "nobody"):
        refused = ada.refused(f"direct/{other}/messages/", {"text": "x"})
        assert refused == (403, "permission_denied")
    for wrong in ({"text": "x", "to": "carl"}, {}, {"text": "x", "reply_to": "y"}):
        assert ada.refused("direct/bea/messages/", wrong) == (400, "invalid_message_format")
    assert ada.refused("direct/a%00/messages/", {"text": "x"}) == (400, "invalid_message_format")


# --- moderation ----------------------------------------------------------------------------------


def test_removing_a_message(school, api, room):
    for text in "123":
        post(school.ada, room, text)
    path = f"rooms/{room.id}/messages/"
    assert api(school.ada).delete(f"{path}1/") == (204, None)
    assert api(school.tess).delete(f"{path}2/") == (204, None)
    assert api(school.tess).delete(f"{path}2/") == (204, None)
    assert refusal(*api(school.bea).delete(f"{path}3/")) == (403, "permission_denied")
    assert refusal(*api(school.carl).delete(f"{path}3/")) == (403, "permission_denied")
    assert refusal(*api(school.ivan).delete(f"{path}3/")) == (404, "invalid_room_id")
    for nothing in (0, 4, 10**40):
        refused = refusal(*api(school.ada).delete(f"{path}{nothing}/"))
        assert refused == (404, "invalid_message_format")
    assert refusal(*api(school.ada).delete(f"{path}x/")) == (404, "unknown_action")
    shown = api(school.bea).get(path)[1]["results"]
    assert [(one["seq"], one["text"]) for one in shown] == [(1, ""), (2, ""), (3, "3")]


def test_muting(school, api):
    tess, path = api(school.tess), "courses/physics/mutes/"
    status, muted = tess.post(path, {"username": "bea", "seconds": 60})
    until = Enrollment.objects.get(user=school.bea).muted_until
    assert (status, muted) == (
        201,
        {"username": "bea", "display_name": "Bea", "until": until.timestamp()},
    )
    ended = Enrollment.objects.get(user=school.ada)
    ended.muted_until = timezone.now() - timedelta(seconds=1)
    ended.save()
    assert tess.get(path) == (200, {"next": None, "previous": None, "results": [muted]})
    status, refused = api(school.bea).post(f"rooms/{school.room.id}/messages/", {"text": "But"})
    assert (status, refused["error_code"]) == (403, "permission_denied")
    assert refused["until"] == until.timestamp()
    assert tess.delete(f"{path}bea/") == (204, None)
    assert tess.get(path)[1]["results"] == []
    assert api(school.bea).post(f"rooms/{school.room.id}/messages/", {"text": "But"})[0] == 201


@pytest.mark.parametrize("who", ["ada", "bea", "ivan", "zoe"])
def test_others_do_not_mute(school, api, who):
    caller, path = api(school.person(who)), "courses/physics/mutes/"
    for status, refused in (
        caller.get(path),
        caller.post(path, {"username": "bea", "seconds": 60}),
        caller.delete(f"{path}bea/"),
    ):
        assert refusal(status, refused) == (403, "permission_denied")


def test_mutes_that_are_not_valid(school, api):
    ines, path = api(school.ines), "courses/physics/mutes/"
    for wrong in (
        {"username": "bea"},
        {"username": "bea", "seconds": 0},
        {"username": "bea", "seconds": moderation.MUTE_LIMIT + 1},
        {"username": "tess", "seconds": 60},
        {"username": "a\0", "seconds": 60},
    ):
        assert ines.refused(path, wrong) == (400, "invalid_message_format")
    for nobody in ("nobody", "a%00b", "x" * 151):
        assert refusal(*ines.delete(f"{path}{nobody}/")) == (400, "invalid_message_format")


def test_a_slow_room_says_when(school, api, room):
    moderation.set_slow_mode(user=school.ines, room=str(room.id), seconds=60)
    ada = api(school.ada)
    assert ada.post(f"rooms/{room.id}/messages/", {"text": "1"})[0] == 201
    response = ada.client.post(f"/api/rooms/{room.id}/messages/", {"text": "2"})
    assert refusal(response.status_code, response.json()) == (429, "rate_limited")
    assert response.headers["Retry-After"] == "60"


# --- mentions and search -------------------------------------------------------------------------


def test_mentions(school, api, room):
    first, second = (post(school.ada, room, f"@bea {n}") for n in "12")
    rooms.mark_read(user=school.bea, room=str(room.id), seq=1)
    shown = [
        {"message": body(second), "unread": True},
        {"message": body(first), "unread": False},
    ]
    bea = api(school.bea)
    assert bea.get("mentions/") == (200, {"next": None, "previous": None, "results": shown})
    status, page = bea.get("mentions/", limit=1)
    assert (status, page["results"]) == (200, shown[:1])
    assert bea.client.get(page["next"]).json()["results"] == shown[1:]
    assert api(school.ada).get("mentions/")[1]["results"] == []


def test_searching(school, api, room):
    first, second = (post(school.ada, room, f"a word {n}") for n in "12")
    post(school.ada, school.room, "a word elsewhere")
    bea = api(school.bea)
    here = {"q": "word", "room": str(room.id)}
    assert bea.get("search/", **here) == (200, {"results": [body(second), body(first)]})
    assert bea.get("search/", **here, limit=1) == (200, {"results": [body(second)]})
    assert len(bea.get("search/", q="word", course="physics")[1]["results"]) == 3
    assert bea.get("search/", q="nowhere") == (200, {"results": []})
    for query, refused in (
        ({"q": ""}, (400, "invalid_message_format")),
        ({}, (400, "invalid_message_format")),
        ({"q": "x" * 201}, (400, "invalid_message_format")),
        ({"q": "a\0"}, (400, "invalid_message_format")),
        ({"q": "x", "limit": 101}, (400, "invalid_message_format")),
        ({"q": "x", "other": 1}, (400, "invalid_message_format")),
        ({"q": "x", "room": NOWHERE}, (404, "invalid_room_id")),
        ({"q": "x", "course": "chemistry"}, (403, "permission_denied")),
    ):
        assert refusal(*bea.get("search/", **query)) == refused


def test_searches_are_limited(school, api, settings):
    settings.PEERCHAT = settings.PEERCHAT | {"SEARCH_BURST": 1, "SEARCH_RATE": 0.01}
    bea = api(school.bea)
    assert bea.get("search/", q="x")[0] == 200
    assert refusal(*bea.get("search/", q="x")) == (429, "rate_limited")


def test_the_use_log_names_nobody_who_was_moderated(school, room):
    moderation.mute(user=school.ines, course="physics", username="bea", seconds=60)
    moderation.unmute(user=school.ines, course="physics", username="bea")
    post(school.ada, room, "Nonsense")
    moderation.remove_message(user=school.ines, room=str(room.id), seq=1)
    names = Pseudonyms(school.course)
    told = [names.act(row.event, row.act) for row in UseLog.objects.filter(event="moderate")]
    bea = names.name("bea")
    assert told == [f"mute:{bea}:60", f"unmute:{bea}", f"remove:{room.id}:1"]
