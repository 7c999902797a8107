"""Frames on their way in: the short way for whole text frames, and autobahn's for all others."""

import asyncio
import contextlib
import itertools
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerchat.server.incoming import unmasked

_numbers = itertools.count()


def frame(payload: bytes, *, first=0x81, mask=b"\x01\xf2\x03\x84", masked=True, size=None) -> bytes:
    """The bytes of a frame; `size` as it is written, where that is not the shortest way."""
    length = len(payload)
    form = size or (1 if length < 126 else 2 if length < 65_536 else 8)
    head = bytes([length]) if form == 1 else (b"\x7e" if form == 2 else b"\x7f")
    if form > 1:
        head += length.to_bytes(form)
    bit = 0x80 if masked else 0
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
    return bytes([first, head[0] | bit]) + head[1:] + (mask if masked else b"") + body


def post(room, text, **more) -> bytes:
    fields = {"uuid": f"u{next(_numbers)}", "action": "new_message", "room": room, "text": text}
    return json.dumps({**fields, **more}, ensure_ascii=False).encode()


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_unmasking(payload, mask):
    masked = frame(payload, mask=mask)
    assert unmasked(masked[-len(payload) or len(masked) :], mask) == payload


class Wire:
    """A raw socket that answers with the texts of its room, in order."""

    def __init__(self, client):
        self.client = client

    async def send(self, data):
        await asyncio.to_thread(self.client.socket.sendall, data)

    async def frames(self, enough):
        def found():
            return [json.loads(one) for one in self.client.frames]

        await asyncio.to_thread(self.client.read_until, lambda: enough(found()))
        return found()

    async def texts(self, count):
        """The texts of the first so many messages."""

        def texts(frames):
            return [one["message"]["text"] for one in frames if one["action"] == "new_message"]

        return texts(await self.frames(lambda frames: len(texts(frames)) >= count))


@pytest.fixture
async def wire(cast, raw):
    return Wire(await raw(cast.ada))


async def test_many_frames_in_one_write(cast, wire):
    texts = [f"message {number} " + "ü👋" * number * 3 for number in range(15)]
    await wire.send(b"".join(frame(post(cast.room, text), mask=os.urandom(4)) for text in texts))
    assert await wire.texts(15) == [text.strip() for text in texts]


@pytest.mark.parametrize("size", [10, 200])
async def test_frames_that_are_cut_anywhere(cast, wire, size):
    first, second, third = (frame(post(cast.room, f"{n} " + "é" * size)) for n in range(3))
    for at in range(1, len(second), 7):
        # Whole frames on both sides of the cut.
        ping = frame(b'{"uuid":"p","action":"ping"}')
        whole = ping + frame(b'{"uuid":"q%d","action":"ping"}' % at)
        await wire.send(ping + whole[:at])
        await wire.send(whole[at:])
        await wire.frames(lambda frames, at=at: any(one.get("uuid") == f"q{at}" for one in frames))
    await wire.send(first + second[:9])
    await wire.send(second[9:-1])
    await wire.send(second[-1:] + third)
    assert await wire.texts(3) == [f"{n} " + "é" * size for n in range(3)]


async def test_one_byte_at_a_time(cast, wire):
    for byte in frame(post(cast.room, "slowly")) + frame(post(cast.room, "but surely")):
        await wire.send(bytes([byte]))
    assert await wire.texts(2) == ["slowly", "but surely"]


async def test_fragments_and_pings_between_whole_frames(cast, wire):
    cut = post(cast.room, "in three parts")
    await wire.send(
        frame(post(cast.room, "whole"))
        + frame(cut[:10], first=0x01)
        + frame(b"are you there", first=0x89)
        + frame(cut[10:20], first=0x00)
        + frame(cut[20:], first=0x80)
        + frame(post(cast.room, "whole again"))
    )
    assert await wire.texts(3) == ["whole", "in three parts", "whole again"]


async def test_messages_among_other_commands_are_carried_out_in_their_order(cast, wire):
    frames = []
    for number in range(5):
        frames.append(frame(post(cast.room, f"{number}")))
        command = {"uuid": f"h{number}", "action": "select_room", "room": cast.room}
        frames.append(frame(json.dumps(command).encode()))
    await wire.send(b"".join(frames))
    assert await wire.texts(5) == [f"{number}" for number in range(5)]
    got = await wire.frames(lambda got: sum(one["action"] == "select_room" for one in got) == 5)
    assert [one["uuid"] for one in got if one["action"] == "select_room"] == [
        f"h{number}" for number in range(5)
    ]


async def test_a_refused_message_is_answered_once(cast, wire):
    await wire.send(
        frame(post(cast.room, "   ", uuid="empty"))
        + frame(post(cast.room, "x" * 4001, uuid="long"))
        + frame(post("no-room", "hello", uuid="where"))
        + frame(post(cast.room, "hello", sender="bea", uuid="forged"))
        + frame(b'{"uuid":"last","action":"ping"}')
    )
    got = await wire.frames(lambda got: len(got) >= 6)
    answers = {one["uuid"]: one.get("error_code") for one in got if "uuid" in one}
    assert answers == {
        "empty": "empty_text",
        "long": "text_too_long",
        "where": "invalid_room_id",
        "forged": "invalid_message_format",
        "last": None,
    }
    assert len(got) == 6  # with the welcome


@pytest.mark.parametrize(
    "wrong",
    [
        frame(b'{"uuid":"\xff"}'),
        frame(b"hello", masked=False),
        frame(b"hello", first=0xC1),
        frame(b"hello", first=0x83),
        frame(b"hello", size=2),
        frame(b"x" * 70_000),
        frame(b"x" * 200, size=8),
    ],
    ids=["utf-8", "unmasked", "reserved bit", "opcode", "length", "too long", "long length"],
)
async def test_a_wrong_frame_after_a_right_one_ends_the_connection(cast, wire, wrong):
    await wire.send(frame(post(cast.room, "before")) + wrong + frame(post(cast.room, "after")))
    # The bytes that the server no longer read may make the system reset the connection.
    with contextlib.suppress(ConnectionResetError):
        await wire.frames(lambda frames: False)
    bea = await cast.chat(cast.bea)
    await bea.ask("new_message", room=cast.room, text="the next one")
    page = await bea.ask("select_room", room=cast.room)
    assert [one["text"] for one in page["room_messages"]] == ["before", "the next one"]
