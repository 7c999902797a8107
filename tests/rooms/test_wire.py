"""The bytes on the sockets: frames of all sizes, slow readers, fast senders."""

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from peerchat.server.frames import Frames
from rooms.models import Connection
from tests.client import WITHIN, Client, barrier
from tests.rooms.cast import eventually, store

BIG = "👋" * 4000
"""A text of 16,000 bytes, the largest there is."""


# --- prepared frames -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_prepared_frames_are_read_by_a_strict_client(size):
    protocol = ClientProtocol(parse_uri("ws://localhost/"), max_size=None)
    # Past the handshake.
    protocol.state = type(protocol.state).OPEN
    protocol.parser = protocol.parse()
    next(protocol.parser)
    texts = [b"x" * size, b"next", b"y" * size]
    protocol.receive_data(Frames.prepare(texts))
    events = protocol.events_received()
    assert [(one.opcode, one.data, one.fin) for one in events] == [
        (Opcode.TEXT, text, True) for text in texts
    ]
    assert protocol.parser_exc is None


async def test_texts_of_all_sizes(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for size in (1, 20, 120, 126, 1000, 4000):
        for text in ("x" * size, "ü" * size, "👋" * size):
            await ada.ask("new_message", room=cast.room, text=text)
            await bea.message(text)


async def test_an_answer_of_more_than_a_megabyte(cast):
    room = cast.open_room(cast.ada)
    store(room, cast.bea, *([BIG] * 100))
    ada = await cast.chat(cast.ada)
    page = await ada.ask("select_room", room=str(room.id), limit=100)
    assert [one["text"] for one in page["room_messages"]] == [BIG] * 100
    assert len(ada.raw[-1]) > 1_600_000


async def test_reading_one_byte_at_a_time(cast, raw):
    room = cast.open_room(cast.ada, cast.bea)
    store(room, cast.bea, BIG)
    slow = await raw(cast.ada, buffer=32_768)
    bea = await cast.chat(cast.bea, worker=0)
    slow.command("select_room", room=str(room.id))
    for number in range(15):
        await bea.ask("new_message", room=str(room.id), text=f"{number} " + "👋" * 100 * number)
    last = f'"text":"14 {"👋" * 1400}"'.encode()
    await asyncio.to_thread(
        slow.read_until, lambda: any(last in frame for frame in slow.frames), at_a_time=1
    )
    got = [json.loads(frame) for frame in slow.frames]
    messages = [one["message"] for one in got if one["action"] == "new_message"]
    assert [one["seq"] for one in messages] == list(range(2, 17))
    assert [one["text"] for one in messages] == [
        (f"{number} " + "👋" * 100 * number).strip() for number in range(15)
    ]
    [page] = [one for one in got if one["action"] == "select_room"]
    assert page["room_messages"][0]["text"] == BIG


async def test_a_burst_reaches_a_client_that_reads_now_and_then(cast, raw):
    room = cast.open_room(cast.ada, cast.bea)
    slow = await raw(cast.ada, buffer=4096)
    bea = await cast.chat(cast.bea, worker=0)
    for burst in range(4):
        store(room, cast.carl, *([BIG] * 40))
        await bea.ask("new_message", room=str(room.id), text=f"burst {burst}")
        end = f'"text":"burst {burst}"'.encode()
        await asyncio.to_thread(
            slow.read_until, lambda end=end: any(end in frame for frame in slow.frames)
        )
    got = [json.loads(frame) for frame in slow.frames]
    messages = [one["message"] for one in got if one["action"] == "new_message"]
    assert [one["seq"] for one in messages] == list(range(1, 4 * 41 + 1))


async def test_a_long_gap_of_long_texts_closes_nobody_who_reads(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada, bea = await cast.chat(cast.ada, cast.bea)
    store(room, cast.carl, *([BIG] * 450))
    await ada.post("new_message", room=str(room.id), text="after seven megabytes")
    for client in (ada, bea):
        await client.message("after seven megabytes")
        seqs = [one["message"]["seq"] for one in client.unread()]
        assert seqs == list(range(1, 451))
        await client.ask("ping")


# --- what the protocol offers --------------------------------------------------------------------


async def test_a_ping_of_the_protocol_is_answered_between_frames(cast):
    ada = await cast.chat(cast.ada)
    for _ in range(5):
        await ada.post("list_rooms")
        pong = await ada.socket.ping()
        await asyncio.wait_for(pong, WITHIN)
    assert len(await ada.settled()) == 5


async def test_a_command_in_fragments(cast):
    ada = await cast.chat(cast.ada)
    frame = json.dumps({"uuid": "u", "action": "ping"})
    await ada.socket.send([frame[:5], frame[5:20], "", frame[20:]])
    await ada.reply("u", "ping")


async def test_a_client_that_offers_compression(cast):
    """The offer is declined: the frames are the same bytes for everyone."""
    async with connect(
        f"{cast.hall.site.socket_url}/ws/chat/",
        additional_headers={"Authorization": f"Bearer {cast.ada.token}"},
        proxy=None,
    ) as client:
        assert json.loads(await client.recv())["action"] == "welcome"
        assert client.response.headers.get("Sec-WebSocket-Extensions") is None


async def test_a_client_that_says_goodbye(cast):
    ada = await cast.chat(cast.ada)
    await ada.socket.close(1000, "bye")
    assert ada.socket.close_code == 1000
    row = await eventually(Connection.objects.filter(user=cast.ada.user).first)
    await eventually(lambda: Connection.objects.get(pk=row.pk).closed_at)


async def test_a_client_that_vanishes(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    ada.abort()
    await eventually(
        lambda: Connection.objects.filter(user=cast.ada.user, closed_at__isnull=False).first()
    )
    await bea.ask("new_message", room=cast.room, text="still here")


async def test_sockets_that_open_and_close_in_a_rush_are_all_noted_as_closed(cast):
    people = [cast.student(f"s{number}") for number in range(12)]

    async def reload(person):
        for _ in range(4):
            client = await Client.open(f"{cast.hall.site.socket_url}/ws/chat/", token=person.token)
            await client.event("welcome")
            client.abort()

    async with cast.hall.only(0):
        await asyncio.gather(*map(reload, people))
    users = [person.user for person in people]
    rows = Connection.objects.filter(user__in=users)
    await eventually(lambda: rows.filter(closed_at__isnull=False).count() == 48)


async def test_who_closes_sockets_at_both_workers_at_once_is_seen_to_leave(cast):
    watcher = await cast.chat(cast.ada)
    people = [cast.student(f"s{number}") for number in range(12)]
    names = {person.name for person in people}

    async def until_told(which):
        told = set()
        while told < names:
            event = await watcher.event("presence")
            told |= names.intersection(event.get(which, ()))

    sockets = [await cast.chat(*people, worker=worker) for worker in (0, 1)]
    await until_told("joined")
    for pair in zip(*sockets, strict=True):
        for client in pair:
            client.abort()
    await until_told("left")


async def test_a_client_that_vanishes_in_the_middle_of_a_burst(cast, raw):
    room = cast.open_room(cast.ada, cast.bea, cast.carl)
    bea, carl = await cast.chat(cast.bea, cast.carl, worker=0)
    for _ in range(3):
        gone = await raw(cast.ada, buffer=2048)
        store(room, cast.carl, *([BIG] * 30))
        await bea.post("new_message", room=str(room.id), text="after the burst")
        gone.socket.close()
        await carl.message("after the burst")
    seqs = [one["message"]["seq"] for one in carl.unread()]
    assert seqs == [n for n in range(1, 94) if n % 31]


# --- a client that does not read -----------------------------------------------------------------


async def overwhelmed(cast, slow, fast, load):
    """Put load on an unread socket until it does nothing any more, then read it."""
    for number in range(100):
        await load()
        text = f"probe {number}"
        await asyncio.to_thread(slow.command, "new_message", room=cast.room, text=text)
        try:
            await fast.take(
                lambda frame, text=text: frame.get("message", {}).get("text") == text,
                text,
                within=0.4,
            )
        except AssertionError:
            # The socket was closed, and has ten seconds to notice, or the machine is slow.
            await asyncio.to_thread(_drain, slow)
            if slow.close_code is not None:
                return number
    raise AssertionError("the socket was never closed")


def _drain(slow):
    slow.socket.settimeout(0.5)
    try:
        slow.read_until(lambda: False)
    except TimeoutError:
        pass
    finally:
        slow.socket.settimeout(WITHIN)


async def test_a_socket_that_is_not_read_is_closed_with_4429(cast, raw):
    room = cast.open_room(cast.ada, cast.bea)
    slow = await raw(cast.ada, buffer=16_384)
    fast = await cast.chat(cast.bea, worker=0)
    other = await cast.chat(cast.bea, worker=1)
    rounds = 0

    async def load():
        nonlocal rounds
        rounds += 1
        store(room, cast.carl, *([BIG] * 50))
        await other.post("new_message", room=str(room.id), text=f"round {rounds}")
        await fast.message(f"round {rounds}")

    await overwhelmed(cast, slow, fast, load)
    assert slow.close_code == 4429
    # The frames that it got before were whole and in order; the other sockets got everything.
    seqs = [
        one["message"]["seq"]
        for one in map(json.loads, slow.frames)
        if one["action"] == "new_message" and one["room"] == str(room.id)
    ]
    assert seqs == list(range(1, len(seqs) + 1))
    await other.message(f"round {rounds}")
    for client in (fast, other):
        got = [json.loads(one) for one in client.raw if str(room.id).encode() in one]
        assert [one["message"]["seq"] for one in got if one["action"] == "new_message"] == list(
            range(1, rounds * 51 + 1)
        )


async def test_a_socket_that_asks_and_asks_and_does_not_read_is_closed_with_4429(cast, raw):
    room = cast.open_room(cast.ada)
    store(room, cast.carl, *([BIG] * 100))
    slow = await raw(cast.ada, buffer=16_384)
    fast = await cast.chat(cast.bea, worker=0)

    async def load():
        await asyncio.to_thread(slow.command, "select_room", room=str(room.id), limit=100)

    await overwhelmed(cast, slow, fast, load)
    assert slow.close_code == 4429
    await fast.ask("ping")


async def test_a_long_answer_does_not_make_its_client_a_slow_one(cast, raw):
    room = cast.open_room(cast.ada)
    store(room, cast.carl, *([BIG] * 450))
    slow = await raw(cast.ada, buffer=4096)
    bea = await cast.chat(cast.bea, worker=0)
    # Seven megabytes, then a sign of life, and what others say.
    slow.command("resume", rooms={str(room.id): 0})
    slow.command("ping")
    for number in range(3):
        await bea.ask("new_message", room=cast.room, text=f"text {number}")
    await asyncio.to_thread(
        slow.read_until,
        lambda: (
            sum(b'"action":"resume"' in frame[:200] for frame in slow.frames) == 1
            and any(b'"text 2"' in frame for frame in slow.frames)
            and any(b'"ping"' in frame[:200] for frame in slow.frames)
        ),
    )
    [answer] = [json.loads(one) for one in slow.frames if b'"resume"' in one[:200]]
    assert len(answer["rooms"][str(room.id)]["messages"]) == 450
    slow.command("ping")
    await asyncio.to_thread(slow.read_until, lambda: b'"ping"' in slow.frames[-1])


# --- a client that sends too fast ----------------------------------------------------------------


def memory(pid):
    """The most memory, in bytes, that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


async def test_a_socket_is_not_read_faster_than_its_commands_are_done(cast):
    """Otherwise the waiting commands would fill the memory, 25 MB of it here."""
    greedy = await cast.chat(cast.ada, worker=0)
    beside = await cast.chat(cast.bea, worker=0)
    # Its buffers have their size.
    await greedy.send(json.dumps({"uuid": "u", "action": "list_users", "room": cast.room}))
    before = memory(cast.hall.workers[0])

    async def flood():
        for number in range(400):
            frame = json.dumps({"uuid": f"{number}", "action": "list_users", "room": cast.room})
            await greedy.send(frame.ljust(62_000))

    flooding = asyncio.create_task(flood())
    while not flooding.done():
        await beside.ask("ping")
        await asyncio.sleep(0.02)
    await flooding
    await greedy.reply("399", "list_users")
    assert memory(cast.hall.workers[0]) - before < 12_000_000
    answered = [json.loads(frame)["uuid"] for frame in greedy.raw if b'"list_users"' in frame]
    assert answered == ["u", *(f"{number}" for number in range(400))]


async def test_what_was_sent_before_a_close_is_carried_out(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    for number in range(15):
        await ada.post("new_message", room=cast.room, text=f"text {number}")
    await ada.socket.close()
    await bea.message("text 14")
    await barrier(bea, cast.room)
    texts = [one["message"]["text"] for one in bea.unread()]
    assert texts == [f"text {number}" for number in range(14)]
