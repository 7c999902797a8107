"""Anything over feeds: everybody gets each frame, byte for byte and in order."""

import asyncio
import contextlib
import itertools
import json

import pytest
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from tests.fuzz.conftest import LIMIT, batches, told
from tests.fuzz.grammar import ANY_JSON, CHAT, NASTY, cases, text
from tests.fuzz.seats import WITHIN

EACH = 20
contents = st.one_of(
    ANY_JSON, NASTY, text(), st.binary(max_size=30), cases(CHAT).map(lambda case: case.frame)
)
_names = itertools.count(1)
REFUSED = "Frames must be text, not binary."


async def come(exits, arena, path, name):
    return await exits.enter_async_context(
        connect(
            f"{arena.site.socket_url}{path}",
            additional_headers={"Authorization": f"Bearer {arena.people[name].token}"},
            compression=None,
            ping_interval=None,
            max_size=None,
            max_queue=None,
            proxy=None,
        )
    )


async def hear(socket, *, told=True):
    """Return the next frame. Notices of arrivals at another worker may come late."""
    while True:
        frame = await socket.recv()
        if told or not frame.startswith('{"action":"feed_joined"'):
            return frame


async def relay(arena, frames):
    """Let two clients send; check that they and a third one get every frame."""
    path = f"/ws/feed/fuzz-{next(_names)}/"
    async with contextlib.AsyncExitStack() as exits, asyncio.timeout(WITHIN):
        sockets = []
        for name in ("ada", "zoe", "ivan"):
            # The clients come one after the other, and send once all have heard of the last one.
            sockets.append(await come(exits, arena, path, name))
            last = json.loads(await sockets[-1].recv())["client"]
        for socket in sockets:
            while last not in await hear(socket):
                pass
        sent = {0: [], 1: []}
        for who, frame in [*frames, (0, "end"), (1, "end")]:
            await sockets[who].send(frame)
            if isinstance(frame, str):
                sent[who].append(frame)
        arena.cases += len(frames)
        for who, socket in enumerate(sockets):
            binary = sum(one == who and isinstance(frame, bytes) for one, frame in frames)
            expected = sum(map(len, sent.values())) + binary
            got = [await hear(socket, told=False) for _ in range(expected)]
            for frame in [one for one in got if REFUSED in one][:binary]:
                assert json.loads(frame)["error_code"] == "invalid_message_format"
                got.remove(frame)
            assert sorted(got) == sorted(itertools.chain(*sent.values()))
            for mine in sent.values():
                rest = iter(got)
                assert all(one in rest for one in mine), (mine, got)
    await arena.others_are_well()


@pytest.mark.timeout(LIMIT)
def test_feeds(arena):
    for batch in batches(st.tuples(st.sampled_from([0, 1]), contents), 0.1, EACH):
        with told(batch):
            arena.run(relay(arena, batch))
