"""The guarantees of messages: numbers without gaps, in order, each once, also after a drop."""

import asyncio
import json
import uuid

import pytest

from rooms.models import Membership, Message, Room
from tests.client import barrier
from tests.rooms.cast import body, frames_of, in_thread, seqs_of, store

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
    """After the number in `room_added`, every message comes exactly once and in order.

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
    again = await ada.command("new_message", room=cast.room, text="\nonce ", uuid="same")
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
    # Each client got its reply: the same frame as the event, and possibly besides it.
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
    """The answer to `resume` and the events after it have every message exactly once."""
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
