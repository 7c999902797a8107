"""Posting messages, and the guarantees: committed first, gapless, in order, each once."""

import asyncio
import json
import time
import uuid

import pytest
from django.db import connection, transaction

from rooms.models import Membership, Message, Room
from tests.client import barrier
from tests.rooms.cast import body, in_thread, store


def frames_of(client, room):
    """The frames of a room's messages as a client got them, in the order of arrival."""
    return [
        frame
        for frame in client.raw
        if b'"action":"new_message"' in frame and f'"room":"{room}"'.encode() in frame
    ]


def seqs_of(client, room):
    return [json.loads(frame)["message"]["seq"] for frame in frames_of(client, room)]


# --- new_message ---------------------------------------------------------------------------------


async def test_new_message(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    reply = await ada.command("new_message", room=cast.room, text="Hello, world", uuid="first")
    stored = Message.objects.get(room=cast.room)
    assert (stored.sender, stored.uuid, stored.text) == (cast.ada.user, "first", "Hello, world")
    assert reply == {
        "action": "new_message",
        "uuid": "first",
        "status": "success",
        "room": cast.room,
        "message": {
            "id": str(stored.id),
            "seq": 1,
            "room": cast.room,
            "user": cast.ada.body,
            "timestamp": pytest.approx(time.time(), abs=5),
            "text": "Hello, world",
            "kind": "text",
        },
    }
    assert reply["message"] == body(stored)
    assert await bea.message("Hello, world") == reply


async def test_the_senders_frame_is_everyones(cast):
    ada, bea, carl = await cast.chat(cast.ada, cast.bea, cast.carl)
    other = await cast.chat(cast.ada)
    ines = await cast.dashboard()
    text = 'Grüße, "привет" 👋 \\ </script>\u2028.'
    await ada.ask("new_message", room=cast.room, text=text)
    everyone = (ada, other, bea, carl, ines)
    for client in everyone[1:]:
        await client.message(text)
    [[first], *others] = [frames_of(client, cast.room) for client in everyone]
    assert others == [[first]] * 4


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("  padded\n", "padded"),
        ("\u00a0\u2003x\u3000", "x"),
        ("two\n\nlines\tand a tab", "two\n\nlines\tand a tab"),
        ("a" * 4000, "a" * 4000),
        ("  " + "👋" * 4000 + "  ", "👋" * 4000),
        ("\u202eright to left \u200b", "\u202eright to left \u200b"),
        ("<b>& 'quotes' \\n", "<b>& 'quotes' \\n"),
        ("\x01\x7f", "\x01\x7f"),
    ],
)
async def test_a_text_is_trimmed_and_else_kept(cast, sent, stored):
    ada = await cast.chat(cast.ada)
    reply = await ada.ask("new_message", room=cast.room, text=sent)
    assert reply["message"]["text"] == stored
    assert Message.objects.get(room=cast.room).text == stored


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_text"),
        (" \n\t\u2003 ", "empty_text"),
        ("a" * 4001, "text_too_long"),
        ("👋" * 4001, "text_too_long"),
        ("nul \x00 nul", "invalid_message_format"),
        ("\x00", "invalid_message_format"),
    ],
)
@pytest.mark.parametrize("action", ["new_message", "private_message"])
async def test_texts_that_are_refused(cast, action, text, code):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    where = {"room": cast.room} if action == "new_message" else {"to": cast.bea.name}
    assert await ada.fail(action, text=text, **where) == {"error_code": code}
    assert Message.objects.filter(sender=cast.ada.user).count() == 0
    assert Room.objects.filter(course=cast.course).count() == 1
    await barrier(ada, cast.room, bea)
    assert bea.unread() == []


async def test_reply_to(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    first = await ada.ask("new_message", room=cast.room, text="Why?")
    answer = await bea.ask(
        "new_message", room=cast.room, text="Because.", reply_to=first["message"]["id"]
    )
    assert answer["message"]["reply_to"] == first["message"]["id"]
    assert (await ada.message("Because."))["message"] == answer["message"]
    page = await ada.ask("select_room", room=cast.room)
    assert [one.get("reply_to") for one in page["room_messages"]] == [None, first["message"]["id"]]


@pytest.mark.parametrize("to", ["nothing", "not an id", "elsewhere"])
async def test_reply_to_a_message_that_is_not_in_the_room(cast, to):
    elsewhere = cast.open_room(cast.bea)
    [message] = store(elsewhere, cast.bea, "secret")
    parent = {"nothing": str(uuid.uuid4()), "elsewhere": str(message.id)}.get(to, to)
    ada = await cast.chat(cast.ada)
    assert await ada.fail("new_message", room=cast.room, text="Because.", reply_to=parent) == {
        "error_code": "invalid_message_format"
    }
    assert Message.objects.filter(room=cast.room).count() == 0


async def test_messages_go_to_the_members_of_the_room_alone(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea, carl, zoe = await cast.chat(cast.ada, cast.bea, cast.carl, cast.zoe)
    ivan = await cast.chat(cast.ivan)
    await ada.ask("new_message", room=str(room.id), text="among us")
    await bea.message("among us")
    await barrier(ada, cast.room, carl, bea)
    await zoe.ask("ping")
    await ivan.ask("ping")
    assert [one.unread() for one in (carl, zoe, ivan, bea, ada)] == [[], [], [], [], []]


# --- committed first -----------------------------------------------------------------------------


async def test_what_anybody_sees_is_in_the_database(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    missing = []

    async def look(client):
        for number in range(15):
            frame = await client.message(f"text {number}")
            if not Message.objects.filter(id=frame["message"]["id"]).exists():
                missing.append(number)

    looking = [asyncio.create_task(look(client)) for client in (ada, bea)]
    for number in range(15):
        await ada.post("new_message", room=cast.room, text=f"text {number}")
    await asyncio.gather(*looking)
    assert missing == []


async def test_nobody_sees_a_message_whose_commit_fails(cast):
    """All of the transaction went well but its end: a trigger of the test waits there."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    name = f"at_commit_{cast.tag.replace('-', '_')}"
    text = f"never {cast.tag}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF NEW.text = '{text}' THEN RAISE EXCEPTION 'not today'; END IF; "
            "RETURN NULL; END $$"
        )
        cursor.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON rooms_message "
            f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    try:
        assert await ada.fail("new_message", room=cast.room, text=text) == {
            "error_code": "unavailable"
        }
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP FUNCTION {name} CASCADE")
    sent = await ada.ask("new_message", room=cast.room, text="in its place")
    assert sent["message"]["seq"] == 1
    await bea.message("in its place")
    assert (ada.unread(), bea.unread()) == ([], [])


async def test_what_is_not_stored_yet_is_not_seen(cast):
    """The writer waits for the room's row, which is locked here: nobody hears of the message."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    with transaction.atomic():
        Room.objects.select_for_update().get(pk=cast.room)
        name = await ada.post("new_message", room=cast.room, text="wait for me")
        for client in (ada, bea):
            await client.ask("ping")
            await client.ask("list_rooms")
            assert client.unread() == []
    await ada.reply(name, "new_message")
    await bea.message("wait for me")


# --- numbers and order ---------------------------------------------------------------------------


async def test_numbers_have_no_gaps_with_many_senders_on_two_workers(cast):
    people = [cast.student(f"s{number}") for number in range(12)]
    clients = await cast.chat(*people)
    listener, other = await cast.chat(cast.ada, cast.bea)

    async def talk(client):
        for number in range(18):
            await client.post("new_message", room=cast.room, text=f"text {number}")

    await asyncio.gather(*(talk(client) for client in clients))
    total = 12 * 18
    await listener.take(lambda frame: frame.get("message", {}).get("seq") == total, "the last")
    await barrier(listener, cast.room, other, *clients)
    stored = Message.objects.filter(room=cast.room).order_by("seq")
    assert list(stored.values_list("seq", flat=True)) == list(range(1, total + 2))
    assert Room.objects.get(pk=cast.room).last_seq == total + 1
    expected = frames_of(listener, cast.room)
    assert [json.loads(frame)["message"] for frame in expected] == [
        body(one) for one in stored.select_related("sender")
    ]
    for client in (other, *clients):
        assert frames_of(client, cast.room) == expected


async def test_the_order_of_one_sender_is_kept(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    texts = [f"text {number}" for number in range(20)]
    for text in texts:
        await ada.post("new_message", room=cast.room, text=text)
    await bea.message(texts[-1])
    got = [json.loads(frame)["message"]["text"] for frame in frames_of(bea, cast.room)]
    assert got == texts


async def test_each_room_has_numbers_of_its_own(cast):
    rooms = [cast.open_room(cast.ada, cast.bea, title=f"Room {n}") for n in range(5)]
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for client in (ada, bea):
        for room in rooms * 3:
            await client.post("new_message", room=str(room.id), text="hello")
    await asyncio.gather(*(barrier(client, cast.room, ada, bea) for client in (ada, bea)))
    for room in rooms:
        assert seqs_of(ada, room.id) == list(range(1, 7))
        assert frames_of(ada, room.id) == frames_of(bea, room.id)


async def test_who_joins_while_others_talk_misses_nothing(cast):
    """From the number that `room_added` tells, every message comes, each once and in order.

    Some before it may come as well, from a worker that is behind the database.
    """
    room = cast.open_room(cast.ada)
    ada = await cast.chat(cast.ada)
    talkers = [cast.student(f"t{number}") for number in range(6)]
    Membership.objects.bulk_create(Membership(room=room, user=one.user) for one in talkers)
    talking = await cast.chat(*talkers)
    joining = await cast.chat(*(cast.student(f"s{number}") for number in range(10)))

    async def talk(client):
        for number in range(19):
            await client.post("new_message", room=str(room.id), text=f"text {number}")
            await asyncio.sleep(0.005)

    async def join(client, after):
        await ada.take(
            lambda frame: frame.get("message", {}).get("seq", 0) >= after, f"{after} messages"
        )
        await client.ask("join_room", room=str(room.id))
        return (await client.event("room_added"))["last_seq"]

    talk_all = [asyncio.create_task(talk(client)) for client in talking]
    since = await asyncio.gather(*(join(client, 3 + 8 * n) for n, client in enumerate(joining)))
    await asyncio.gather(*talk_all)
    total = 6 * 19 + 2
    for client in (talking[0], talking[1]):
        await barrier(client, str(room.id), ada, *joining)
    for client, last in zip(joining, since, strict=True):
        seqs = seqs_of(client, room.id)
        assert seqs == list(range(seqs[0], total + 1))
        assert seqs[0] <= last + 1


# --- gaps ----------------------------------------------------------------------------------------


async def test_a_message_that_no_worker_heard_of_comes_before_the_next(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.ask("new_message", room=cast.room, text="first")
    [lost] = store(cast.room, cast.carl, "lost")
    await ada.ask("new_message", room=cast.room, text="third")
    await bea.message("third")
    for client in (ada, bea):
        assert seqs_of(client, cast.room) == [1, 2, 3]
    assert frames_of(ada, cast.room) == frames_of(bea, cast.room)
    assert json.loads(frames_of(bea, cast.room)[1]) == {
        "action": "new_message",
        "uuid": lost.uuid,
        "status": "success",
        "room": cast.room,
        "message": body(lost),
    }


@pytest.mark.parametrize("missing", [2, 700])
async def test_longer_gaps(cast, missing):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    store(room, cast.carl, *(f"lost {number}" for number in range(missing)))
    await ada.ask("new_message", room=str(room.id), text="after")
    await ada.ask("new_message", room=str(room.id), text="and after")
    await bea.message("and after")
    for client in (ada, bea):
        assert seqs_of(client, room.id) == list(range(1, missing + 3))


async def test_a_gap_in_one_room_does_not_hold_up_another(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    store(room, cast.carl, "lost")
    await ada.post("new_message", room=str(room.id), text="after the gap")
    await ada.post("new_message", room=cast.room, text="elsewhere")
    await bea.message("elsewhere")
    await bea.message("after the gap")
    assert seqs_of(bea, room.id) == [1, 2]


# --- each once -----------------------------------------------------------------------------------


async def test_the_same_uuid_is_stored_once(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    first = await ada.command("new_message", room=cast.room, text="once", uuid="same")
    again = await ada.command("new_message", room=cast.room, text=" once ", uuid="same")
    assert again == first
    assert len(set(frames_of(ada, cast.room))) == 1
    await barrier(ada, cast.room, bea)
    assert seqs_of(bea, cast.room) == [1, 2]
    assert Message.objects.filter(room=cast.room, uuid="same").count() == 1


async def test_sent_again_over_another_socket(cast):
    here = await cast.chat(cast.ada, worker=0)
    there = await cast.chat(cast.ada, worker=1)
    first = await here.command("new_message", room=cast.room, text="once", uuid="same")
    assert await there.message("once") == first
    assert await there.command("new_message", room=cast.room, text="once", uuid="same") == first
    await barrier(there, cast.room, here)
    assert here.unread() == []


async def test_sent_over_both_at_once(cast):
    here = await cast.chat(cast.ada, worker=0)
    there = await cast.chat(cast.ada, worker=1)
    for number in range(10):
        text = f"text {number}"
        for client in (here, there):
            await client.post("new_message", room=cast.room, text=text, uuid=text)
    for client in (here, there):
        await barrier(client, cast.room, here, there)
    assert list(
        Message.objects.filter(room=cast.room).order_by("seq").values_list("seq", flat=True)
    ) == list(range(1, 13))
    # Each got its reply, which may have come besides the event, but is the same frame.
    for client in (here, there):
        assert sorted(
            {json.loads(one)["message"]["seq"] for one in client.raw if b'"new_message"' in one}
        ) == list(range(1, 13))
        assert len(set(frames_of(client, cast.room))) == 12


async def test_the_same_uuid_twice_in_one_batch(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for text in ("once", "once", "twice"):
        await ada.post("new_message", room=cast.room, text=text, uuid="same")
    assert [(await ada.reply("same", "new_message"))["status"] for _ in range(3)] == [
        "success",
        "success",
        "error",
    ]
    await barrier(ada, cast.room, bea)
    assert seqs_of(bea, cast.room) == [1, 2]


async def test_the_same_uuid_with_another_text(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.ask("new_message", room=cast.room, text="one thing", uuid="same")
    assert await ada.fail("new_message", room=cast.room, text="another", uuid="same") == {
        "error_code": "uuid_reused"
    }
    await barrier(ada, cast.room, bea)
    assert [one.text for one in Message.objects.filter(room=cast.room, uuid="same")] == [
        "one thing"
    ]
    await bea.message("one thing")
    assert bea.unread() == []


async def test_another_user_and_another_room_may_use_the_uuid(cast):
    room = cast.open_room(cast.ada)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await ada.ask("new_message", room=cast.room, text="mine", uuid="same")
    await bea.post("new_message", room=cast.room, text="hers", uuid="same")
    hers = await bea.message("hers")
    assert (hers["status"], hers["message"]["seq"]) == ("success", 2)
    await ada.post("new_message", room=str(room.id), text="there", uuid="same")
    elsewhere = await ada.message("there")
    assert (elsewhere["status"], elsewhere["message"]["seq"]) == ("success", 1)


async def test_private_messages_are_stored_once(cast):
    ada = await cast.chat(cast.ada)
    first = await ada.command("private_message", to=cast.bea.name, text="psst", uuid="same")
    again = await ada.command("private_message", to=cast.bea.name, text="psst", uuid="same")
    assert again == first
    assert await ada.fail("private_message", to=cast.bea.name, text="hey", uuid="same") == {
        "error_code": "uuid_reused"
    }


async def test_the_uuid_of_a_message_that_an_instructors_command_left_is_the_commands_own(cast):
    ines = await cast.dashboard()
    chat = await cast.chat(cast.ines)
    await ines.ask("start_question", question="force", uuid="same")
    await chat.control("enableVote")
    sent = await chat.ask("new_message", room=cast.room, text="enableVote", uuid="same")
    assert (sent["message"]["kind"], sent["message"]["seq"]) == ("text", 2)


# --- forged fields -------------------------------------------------------------------------------

FORGED = [
    {"user": {"username": "ines", "display_name": "Ines"}},
    {"from": "ines"},
    {"sender": "ines"},
    {"timestamp": 0},
    {"id": "00000000-0000-4000-8000-000000000000"},
    {"seq": 1},
    {"kind": "system"},
    {"status": "success"},
    {"message": {"text": "x"}},
]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
async def test_nothing_in_a_command_sets_who_sent_it_or_when(cast, forged):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    reply = await ada.command("new_message", room=cast.room, text="hello", **forged)
    assert reply["error_code"] == "invalid_message_format"
    assert next(iter(forged)) in reply["error_message"]
    await barrier(ada, cast.room, bea)
    assert Message.objects.filter(room=cast.room).count() == 1


# --- rate limit ----------------------------------------------------------------------------------


async def test_too_many_messages(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    names = [
        await ada.post("new_message", room=cast.room, text=f"text {number}") for number in range(40)
    ]
    replies = [await ada.reply(name, "new_message") for name in names]
    refused = [one for one in replies if one["status"] == "error"]
    # 20 at once, then 5 a second.
    assert 10 <= len(refused) <= 20
    for one in refused:
        assert one["error_code"] == "rate_limited"
        assert 0 < one["retry_after"] <= 0.2
        assert set(one) == {
            "uuid",
            "action",
            "status",
            "error_message",
            "error_code",
            "retry_after",
        }
    await bea.ask("new_message", room=cast.room, text="I am not limited")
    assert Message.objects.filter(room=cast.room, sender=cast.ada.user).count() == 40 - len(refused)


async def test_what_was_refused_may_be_sent_again_in_time(cast):
    ada = await cast.chat(cast.ada)
    wait = None
    for number in range(40):
        reply = await ada.command("new_message", room=cast.room, text="x", uuid=f"n{number}")
        if reply["status"] == "error":
            wait = reply["retry_after"]
            break
    assert wait is not None
    await asyncio.sleep(wait)
    await ada.ask("new_message", room=cast.room, text="x", uuid=f"n{number}")


async def test_the_limit_is_the_users_and_not_the_sockets(cast):
    first = await cast.chat(cast.ada, worker=0)
    second = await cast.chat(cast.ada, worker=0)
    statuses = []
    for client in (first, second):
        names = [await client.post("new_message", room=cast.room, text="x") for _ in range(20)]
        for name in names:
            statuses.append((await client.reply(name, "new_message"))["status"])
    assert statuses.count("error") >= 10


# --- resume --------------------------------------------------------------------------------------


async def resume(client, room, after):
    reply = await client.ask("resume", rooms={str(room): after})
    assert list(reply) == ["rooms"]
    assert list(reply["rooms"]) == [str(room)]
    return reply["rooms"][str(room)]


async def test_resume_yields_exactly_what_was_missed(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for number in range(3):
        await bea.ask("new_message", room=str(room.id), text=f"before {number}")
    await ada.message("before 2")
    ada.abort()
    for number in range(4):
        await bea.ask("new_message", room=str(room.id), text=f"missed {number}")
    back = await cast.chat(cast.ada)
    missed = await resume(back, room.id, 3)
    stored = Message.objects.filter(room=room, seq__gt=3).order_by("seq")
    assert missed == {"messages": [body(one) for one in stored], "last_seq": 7}
    await bea.ask("new_message", room=str(room.id), text="after")
    assert (await back.message("after"))["message"]["seq"] == 8


@pytest.mark.parametrize(
    ("stored", "after", "expected", "reset"),
    [
        (3, 3, [], False),
        (3, 0, [1, 2, 3], False),
        (0, 0, [], False),
        (505, 5, list(range(6, 506)), False),
        (506, 5, list(range(407, 507)), True),
        (3, 4, [1, 2, 3], True),
        (0, 1, [], True),
        (3, 2**53 - 1, [1, 2, 3], True),
    ],
)
async def test_resume_of_one_room(cast, stored, after, expected, reset):
    room = cast.open_room(cast.ada)
    messages = store(room, cast.bea, *(f"text {number}" for number in range(stored)))
    ada = await cast.chat(cast.ada)
    answer = await resume(ada, room.id, after)
    assert answer == {
        "messages": [body(messages[seq - 1]) for seq in expected],
        "last_seq": stored,
        **({"reset": True} if reset else {}),
    }


async def test_resume_of_many_rooms(cast):
    rooms = [cast.open_room(cast.ada, title=f"Room {n}") for n in range(3)]
    messages = [store(room, cast.bea, "one", "two") for room in rooms]
    ada = await cast.chat(cast.ada)
    assert await ada.ask("resume", rooms={str(room.id): n for n, room in enumerate(rooms)}) == {
        "rooms": {
            str(room.id): {"messages": [body(one) for one in messages[n][n:]], "last_seq": 2}
            for n, room in enumerate(rooms)
        }
    }


async def test_resume_of_nothing(cast):
    ada = await cast.chat(cast.ada)
    assert await ada.ask("resume", rooms={}) == {"rooms": {}}


async def test_rooms_of_others_do_not_spoil_a_resume(cast):
    mine = cast.open_room(cast.ada)
    theirs = cast.open_room(cast.bea)
    [message] = store(mine, cast.bea, "hello")
    store(theirs, cast.bea, "secret")
    ada = await cast.chat(cast.ada)
    nowhere = str(uuid.uuid4())
    no_room = {"error_code": "invalid_room_id"}
    assert await ada.ask(
        "resume", rooms={str(mine.id): 0, str(theirs.id): 0, nowhere: 0, "lobby": 5}
    ) == {
        "rooms": {
            str(mine.id): {"messages": [body(message)], "last_seq": 1},
            str(theirs.id): no_room,
            nowhere: no_room,
            "lobby": no_room,
        }
    }


async def test_resume_while_others_talk(cast):
    """What `resume` answers and the events after it are everything, each once."""
    ada, bea = await cast.chat(cast.ada, cast.bea)

    async def talk():
        for number in range(60):
            # Not in this thread: the worker that has the room's lock may be stopped just now.
            await in_thread(store, cast.room, cast.carl, f"text {number}")
            if number % 4 == 0:
                await bea.post("new_message", room=cast.room, text=f"bea {number}")

    talking = asyncio.create_task(talk())
    answers = []
    for _ in range(5):
        back = await cast.chat(cast.ada)
        answer = await resume(back, cast.room, 0)
        answers.append((back, answer))
    await talking
    await barrier(bea, cast.room, ada, *(client for client, _ in answers))
    last = Room.objects.get(pk=cast.room).last_seq
    for client, answer in answers:
        seen = [one["seq"] for one in answer["messages"]]
        assert seen == list(range(1, answer["last_seq"] + 1))
        later = [seq for seq in seqs_of(client, cast.room) if seq > answer["last_seq"]]
        assert later == list(range(answer["last_seq"] + 1, last + 1))


async def test_who_left_the_course_cannot_resume(cast):
    room = cast.room
    ada = await cast.chat(cast.ada)
    await in_thread(Membership.objects.filter(user=cast.ada.user).delete)
    assert await resume(ada, room, 0) == {"error_code": "invalid_room_id"}
