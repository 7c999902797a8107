"""Posting messages: each is stored and committed before any of its recipients sees it."""

import asyncio
import time
import uuid

import pytest
from django.db import connection, transaction

from rooms.models import Message, Room
from tests.client import barrier
from tests.pace import patient
from tests.rooms.cast import body, frames_of, store

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
            "timestamp": pytest.approx(time.time(), abs=patient(5)),
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
        ("\n \t\r\n  padded \n", "  padded"),
        ("    def f():\n        return 1\n", "    def f():\n        return 1"),
        ("\u00a0\u2028\u2003x\u3000", "\u2003x"),
        ("two\n\nlines\tand a tab", "two\n\nlines\tand a tab"),
        ("a" * 4000, "a" * 4000),
        ("\n" + "👋" * 4000 + "  ", "👋" * 4000),
        ("\u202eright to left\u200b", "\u202eright to left\u200b\u202c"),
        ("<b>& 'quotes' \\n", "<b>& 'quotes' \\n"),
        ("\x01x\x7f", "\x01x\x7f"),
        ("\u0301", "\u0301"),
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
        ("\u200b\u200b\u200b", "empty_text"),
        ("\u3164 \u2800\ufe0f\x01", "empty_text"),
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
    """Only the commit of the transaction fails, by a deferred trigger of the test."""
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
            f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON peerchat_rooms_message "
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
