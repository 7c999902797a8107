"""Rooms: their lists, their members and their messages."""

import time
from datetime import UTC, datetime

import pytest

from rooms.models import Membership, Message, Room
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import body, online, store

NOWHERE = "00000000-0000-4000-8000-000000000000"
NO_ROOM = {"error_code": "invalid_room_id"}


def info(room, cast, *, members, kind="open", title="Help", last_seq=0, last_read_seq=0):
    """A room as `list_rooms` and `room_added` have it."""
    return {
        "room": str(room),
        "kind": kind,
        "title": title,
        "course": cast.course.slug,
        "members": members,
        "last_seq": last_seq,
        "last_read_seq": last_read_seq,
    }


# --- welcome -------------------------------------------------------------------------------------


async def test_welcome(cast):
    client = await cast.connect("/ws/chat/", token=cast.ada.token)
    welcome = await client.event("welcome")
    assert (await online(welcome.pop("conn_id"))).user == cast.ada.user
    assert welcome == {
        "action": "welcome",
        "user": cast.ada.body,
        "courses": [
            {
                "course": cast.course.slug,
                "title": "Physics",
                "role": "student",
                "room": cast.room,
            }
        ],
        "limits": {
            "text": 4000,
            "rationale": 1000,
            "frame": 65536,
            "rooms": 200,
            "resume": 500,
            "page": 100,
        },
        "server_time": pytest.approx(time.time(), abs=patient(5)),
    }


@pytest.mark.parametrize(("who", "role"), [("ines", "instructor"), ("tess", "assistant")])
async def test_welcome_of_a_dashboard(cast, who, role):
    person = cast.person(who)
    client = await cast.connect(f"/ws/instructor/{cast.course.slug}/", token=person.token)
    welcome = await client.event("welcome")
    del welcome["conn_id"], welcome["limits"], welcome["server_time"]
    assert welcome == {
        "action": "welcome",
        "user": person.body,
        "courses": [
            {"course": cast.course.slug, "title": "Physics", "role": role, "room": cast.room}
        ],
    }


async def test_welcome_of_a_stranger_names_no_course(cast):
    client = await cast.connect("/ws/chat/", token=cast.zoe.token)
    assert (await client.event("welcome"))["courses"] == []


async def test_conn_id_is_the_sockets_own(cast):
    sockets = [await cast.connect("/ws/chat/", token=cast.ada.token) for _ in range(2)]
    ids = {(await client.event("welcome"))["conn_id"] for client in sockets}
    assert len(ids) == 2


async def test_ping(cast):
    ada = await cast.chat(cast.ada)
    assert await ada.ask("ping") == {"time": pytest.approx(time.time(), abs=patient(5))}


async def test_ping_of_a_dashboard(cast):
    ines = await cast.dashboard()
    assert await ines.ask("ping") == {"time": pytest.approx(time.time(), abs=patient(5))}


# --- list_rooms ----------------------------------------------------------------------------------


async def test_list_rooms(cast):
    mine = cast.open_room(cast.ada, cast.bea, title="Mine")
    theirs = cast.open_room(cast.bea, title="Theirs")
    cast.open_room(cast.ada, title="Archived")
    Room.objects.filter(course=cast.course, title="Archived").update(
        archived_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    Room.objects.create(course=cast.other_course, kind=Room.Kind.OPEN, title="Elsewhere")
    store(mine, cast.bea, "one", "two", "three")
    Membership.objects.filter(room=mine, user=cast.ada.user).update(last_read_seq=2)
    ada = await cast.chat(cast.ada)
    assert await ada.ask("list_rooms") == {
        "rooms": [
            info(cast.room, cast, kind="course", title="Physics", members=5),
            info(mine.id, cast, title="Mine", members=2, last_seq=3, last_read_seq=2),
            info(theirs.id, cast, title="Theirs", members=1),
        ]
    }


async def test_list_rooms_of_a_stranger(cast):
    zoe = await cast.chat(cast.zoe)
    assert await zoe.ask("list_rooms") == {"rooms": []}


async def test_a_direct_room_is_called_by_the_other_side(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    sent = await ada.ask("private_message", to=cast.bea.name, text="psst")
    titles = {}
    for name, client in (("ada", ada), ("bea", bea)):
        rooms = (await client.ask("list_rooms"))["rooms"]
        titles[name] = [one["title"] for one in rooms if one["room"] == sent["room"]]
    assert titles == {"ada": ["Bea"], "bea": ["Ada"]}


# --- join_room, leave_room -----------------------------------------------------------------------


async def test_join_room(cast):
    room = cast.open_room(cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    assert await ada.ask("join_room", room=str(room.id)) == {"room": str(room.id)}
    assert await ada.event("room_added") == {
        "action": "room_added",
        **info(room.id, cast, members=2),
    }
    await bea.ask("new_message", room=str(room.id), text="hello")
    await ada.message("hello")
    await barrier(ada, cast.room, bea)
    assert bea.unread() == []


async def test_all_sockets_of_a_user_join(cast):
    room = cast.open_room()
    here = await cast.chat(cast.ada, worker=0)
    there = await cast.chat(cast.ada, worker=1)
    await here.ask("join_room", room=str(room.id))
    added = await there.event("room_added")
    assert added == await here.event("room_added")
    assert added == {"action": "room_added", **info(room.id, cast, members=1)}


async def test_joining_again_changes_nothing(cast):
    room = cast.open_room(cast.ada)
    ada = await cast.chat(cast.ada)
    assert await ada.ask("join_room", room=str(room.id)) == {"room": str(room.id)}
    assert await ada.settled() == []
    assert Membership.objects.filter(room=room).count() == 1


async def test_leave_room(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    other = await cast.chat(cast.ada)
    assert await ada.ask("leave_room", room=str(room.id)) == {"room": str(room.id)}
    gone = {"action": "room_removed", "room": str(room.id)}
    assert await ada.event("room_removed") == gone
    assert await other.event("room_removed") == gone
    await bea.ask("new_message", room=str(room.id), text="just us now")
    await barrier(bea, cast.room, ada, other)
    assert (ada.unread(), other.unread()) == ([], [])
    assert await ada.fail("new_message", room=str(room.id), text="me too") == NO_ROOM


async def test_the_courses_room_cannot_be_left(cast):
    ada = await cast.chat(cast.ada)
    assert await ada.fail("leave_room", room=cast.room) == {"error_code": "permission_denied"}
    assert Membership.objects.filter(room=cast.room, user=cast.ada.user).exists()


async def test_a_direct_room_cannot_be_left(cast):
    ada = await cast.chat(cast.ada)
    sent = await ada.ask("private_message", to=cast.bea.name, text="psst")
    assert await ada.fail("leave_room", room=sent["room"]) == {"error_code": "permission_denied"}


# --- rooms that are not one's own ----------------------------------------------------------------

ROOM_COMMANDS = {
    "join_room": {},
    "leave_room": {},
    "list_users": {},
    "select_room": {},
    "history": {"before": 10},
    "new_message": {"text": "let me in"},
    "typing": {},
    "mark_read": {"seq": 1},
}


@pytest.mark.parametrize("action", ROOM_COMMANDS)
async def test_a_room_of_others_is_answered_like_one_that_does_not_exist(cast, action):
    elsewhere = Room.objects.create(course=cast.other_course, kind=Room.Kind.OPEN, title="There")
    archived = cast.open_room(cast.ada, title="Archived")
    Room.objects.filter(pk=archived.pk).update(archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    bea = await cast.chat(cast.bea)
    direct = (await bea.ask("private_message", to=cast.carl.name, text="psst"))["room"]
    ada = await cast.chat(cast.ada)
    answers = {}
    for name, room in (
        ("none", NOWHERE),
        ("not an id", "lobby"),
        ("empty", ""),
        ("of another course", str(elsewhere.id)),
        ("of two others", direct),
        ("archived", str(archived.id)),
    ):
        reply = await ada.command(action, room=room, **ROOM_COMMANDS[action])
        del reply["uuid"]
        answers[name] = reply
    expected = {
        "action": action,
        "status": "error",
        "error_message": "There is no such room.",
        "error_code": "invalid_room_id",
    }
    assert answers == dict.fromkeys(answers, expected)
    assert await ada.settled() == []
    assert Message.objects.filter(sender=cast.ada.user).count() == 0


@pytest.mark.parametrize(
    "action", sorted(ROOM_COMMANDS.keys() - {"join_room", "list_users", "leave_room"})
)
async def test_an_open_room_must_be_joined_first(cast, action):
    room = cast.open_room(cast.bea)
    ada = await cast.chat(cast.ada)
    assert await ada.fail(action, room=str(room.id), **ROOM_COMMANDS[action]) == NO_ROOM


# --- list_users ----------------------------------------------------------------------------------


async def test_list_users(cast):
    ada, _ = await cast.chat(cast.ada, cast.ines)
    assert await ada.ask("list_users", room=cast.room) == {
        "users": [
            {**cast.ada.body, "online": True},
            {**cast.bea.body, "online": False},
            {**cast.carl.body, "online": False},
            {**cast.ines.body, "online": True},
            {**cast.tess.body, "online": False},
        ]
    }


async def test_list_users_of_a_room_one_may_join(cast):
    room = cast.open_room(cast.bea)
    ada = await cast.chat(cast.ada)
    assert await ada.ask("list_users", room=str(room.id)) == {
        "users": [{**cast.bea.body, "online": False}]
    }


# --- select_room, history, mark_read -------------------------------------------------------------


async def test_select_room(cast):
    room = cast.open_room(cast.ada)
    messages = store(room, cast.bea, *(f"text {n}" for n in range(1, 31)))
    ada = await cast.chat(cast.ada)
    assert await ada.ask("select_room", room=str(room.id)) == {
        "room": str(room.id),
        "room_messages": [body(message) for message in messages[-20:]],
        "last_seq": 30,
    }


@pytest.mark.parametrize("limit", [1, 100])
async def test_select_room_with_a_limit(cast, limit):
    room = cast.open_room(cast.ada)
    store(room, cast.bea, *(f"text {n}" for n in range(1, 121)))
    ada = await cast.chat(cast.ada)
    reply = await ada.ask("select_room", room=str(room.id), limit=limit)
    assert [one["seq"] for one in reply["room_messages"]] == list(range(121 - limit, 121))
    assert reply["last_seq"] == 120


async def test_select_an_empty_room(cast):
    room = cast.open_room(cast.ada)
    ada = await cast.chat(cast.ada)
    assert await ada.ask("select_room", room=str(room.id)) == {
        "room": str(room.id),
        "room_messages": [],
        "last_seq": 0,
    }


@pytest.mark.parametrize(
    ("before", "limit", "seqs", "more"),
    [
        (31, 20, range(11, 31), True),
        (11, 20, range(1, 11), False),
        (3, 1, [2], True),
        (2, 20, [1], False),
        (1, 20, [], False),
        (0, 20, [], False),
        (2**53 - 1, 3, [28, 29, 30], True),
    ],
)
async def test_history(cast, before, limit, seqs, more):
    room = cast.open_room(cast.ada)
    messages = store(room, cast.bea, *(f"text {n}" for n in range(1, 31)))
    ada = await cast.chat(cast.ada)
    assert await ada.ask("history", room=str(room.id), before=before, limit=limit) == {
        "room": str(room.id),
        "room_messages": [body(messages[seq - 1]) for seq in seqs],
        "more": more,
    }


async def test_history_has_20_where_nothing_is_said(cast):
    room = cast.open_room(cast.ada)
    store(room, cast.bea, *(f"text {n}" for n in range(1, 31)))
    ada = await cast.chat(cast.ada)
    reply = await ada.ask("history", room=str(room.id), before=30)
    assert [one["seq"] for one in reply["room_messages"]] == list(range(10, 30))


@pytest.mark.parametrize(("action", "more"), [("select_room", {}), ("history", {"before": 5})])
@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_limits_beyond_a_page_are_refused(cast, action, more, limit):
    ada = await cast.chat(cast.ada)
    assert await ada.fail(action, room=cast.room, limit=limit, **more) == {
        "error_code": "invalid_message_format"
    }


async def test_mark_read_goes_forward_and_not_beyond_the_newest(cast):
    room = cast.open_room(cast.ada)
    store(room, cast.bea, *"abcde")
    ada = await cast.chat(cast.ada)
    stands = []
    for seq in (3, 2, 0, 99):
        reply = await ada.ask("mark_read", room=str(room.id), seq=seq)
        assert reply["room"] == str(room.id)
        assert set(reply) == {"room", "seq"}
        stands.append(reply["seq"])
    assert stands == [3, 3, 3, 5]
    assert Membership.objects.get(room=room, user=cast.ada.user).last_read_seq == 5


# --- typing --------------------------------------------------------------------------------------


async def test_typing_reaches_the_others_and_not_oneself(cast):
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    other = await cast.chat(cast.ada)
    await ada.post("typing", room=cast.room)
    event = {"action": "typing", "room": cast.room, "user": cast.ada.body}
    assert await bea.event("typing") == event
    assert await carl.event("typing") == event
    await barrier(ada, cast.room, bea, carl, other)
    assert [one.unread() for one in (ada, other, bea, carl)] == [[], [], [], []]


async def test_typing_comes_at_most_once_in_three_seconds(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for _ in range(5):
        await ada.post("typing", room=cast.room)
    # Another spelling is the same room.
    await ada.post("typing", room=cast.room.upper())
    await ada.post("typing", room=cast.room.replace("-", ""))
    await ada.post("typing", room=str(room.id))
    await barrier(ada, cast.room, bea)
    assert [frame["room"] for frame in bea.unread()] == [cast.room, str(room.id)]
    assert await ada.settled() == []


async def test_typing_names_the_room_as_everybody_does(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.post("typing", room=cast.room.upper())
    assert (await bea.event("typing"))["room"] == cast.room


# --- private_message -----------------------------------------------------------------------------


async def test_private_message(cast):
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    name = await ada.post("private_message", to=cast.bea.name, text="\npsst ")
    event = await ada.message("psst")
    stored = Message.objects.get(sender=cast.ada.user)
    assert event == {
        "action": "new_message",
        "uuid": name,
        "status": "success",
        "room": str(stored.room_id),
        "message": body(stored),
    }
    assert await bea.message("psst") == event
    added = info(stored.room_id, cast, kind="direct", title="Bea", members=2)
    assert await ada.event("room_added") == {"action": "room_added", **added}
    assert await bea.event("room_added") == {"action": "room_added", **added, "title": "Ada"}
    await barrier(ada, cast.room, bea, carl)
    assert [one.unread() for one in (ada, bea, carl)] == [[], [], []]


async def test_the_room_comes_before_its_first_message(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.ask("private_message", to=cast.bea.name, text="psst")
    await bea.message("psst")
    for client in (ada, bea):
        frames = [
            frame.split(b'"action":"', 1)[1].split(b'"', 1)[0]
            for frame in client.raw
            if b'"presence"' not in frame
        ]
        assert frames == [b"welcome", b"room_added", b"new_message"]


async def test_both_write_in_one_direct_room(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    first = await ada.ask("private_message", to=cast.bea.name, text="psst")
    second = await bea.ask("private_message", to=cast.ada.name, text="yes?")
    third = await bea.ask("new_message", room=first["room"], text="hello?")
    assert [one["message"]["seq"] for one in (first, second, third)] == [1, 2, 3]
    assert Room.objects.filter(course=cast.course, kind=Room.Kind.DIRECT).count() == 1


async def test_both_begin_at_once(cast):
    for _ in range(5):
        one, other = cast.student("one"), cast.student("other")
        cast.tag += "x"
        here = await cast.chat(one, worker=0)
        there = await cast.chat(other, worker=1)
        await here.post("private_message", to=other.name, text="hi")
        await there.post("private_message", to=one.name, text="hello")
        for client in (here, there):
            await client.message("hi")
            await client.message("hello")
        assert Room.objects.filter(pair__contains=str(one.user.pk)).count() == 1


@pytest.mark.parametrize("to", ["zoe", "ivan", "ada", "nobody"])
async def test_private_messages_only_to_people_of_ones_courses(cast, to):
    ada = await cast.chat(cast.ada)
    name = cast.person(to).name if to != "nobody" else "nobody-at-all"
    reply = await ada.command("private_message", to=name, text="psst")
    assert (reply["error_code"], reply["error_message"]) == (
        "permission_denied",
        "You share no course with a user of that name.",
    )
    assert Room.objects.filter(kind=Room.Kind.DIRECT, memberships__user=cast.ada.user).count() == 0
