"""Anything over TCP: broken WebSocket frames, broken handshakes, broken HTTP."""

import asyncio
import itertools
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from peerchat.server.websocket import WebSocketProtocol
from tests.fuzz.conftest import LIMIT, batches, told
from tests.fuzz.seats import WITHIN
from tests.fuzz.wire import (
    CLOSES,
    LAST,
    LAST_REQUEST,
    Piece,
    RawConnection,
    conversations,
    foresee,
    handshake,
    server_frames,
    statuses,
    streams,
)

EACH = 12
"""Connections of one example, all at once."""
SILENCE = 0.3
"""Seconds after which a client leaves a site that waits for the rest of its input."""
PATHS = st.sampled_from(["chat", "chat", "feed", "instructor"])
_feeds = itertools.count(1)


async def stream(arena, where, pieces):
    person, path = arena.people["ada"], "/ws/chat/"
    if where == "instructor":
        person, path = arena.people["ines"], f"/ws/instructor/{arena.course.slug}/"
    elif where == "feed":
        path = f"/ws/feed/fuzz-{next(_feeds)}/"
    connection = await RawConnection.open(arena.site.origin)
    try:
        await connection.send(handshake(path, person.token))
        await connection.read(lambda data: b"\r\n\r\n" in data, WITHIN)
        head, _, rest = bytes(connection.data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        connection.data[:] = rest
        data = b"".join(map(bytes, pieces))
        # A feed answers with the frames sent; the other sockets reply to `LAST`.
        await connection.send(data + bytes(Piece(1, LAST)))
        foreseen = foresee(data)
        waits = foreseen == "waits"
        await connection.read(
            lambda data: _answered(data) or _closed(data), SILENCE if waits else WITHIN
        )
        answered, closed = _answered(bytes(connection.data)), _closed(bytes(connection.data))
        if closed and not connection.ended:
            await connection.send(bytes(Piece(8, b"\x03\xe8")))
            await connection.read(lambda _: False, WITHIN)
        assert closed is None or closed in CLOSES, closed
        found = "answers" if answered else "ends" if connection.ended else "waits"
        strict = all(isinstance(piece, Piece) and not piece.width for piece in pieces)
        # autobahn wants lengths in as few bytes as they need, and looks at UTF-8 as it comes.
        also = {"ends"} if waits or not strict else set()
        assert found in {foreseen} | also, (found, foreseen, pieces, closed)
    finally:
        connection.abort()


def _answered(data):
    return any(opcode == 1 and b'"last"' in payload for opcode, payload in server_frames(data))


def _closed(data):
    for opcode, payload in server_frames(data):
        if opcode == 8:
            return int.from_bytes(payload[:2]) if payload else 1000
    return None


async def all_at_once(arena, several, one):
    await asyncio.gather(*(one(arena, *each) for each in several))
    arena.cases += len(several)
    await arena.others_are_well()


@pytest.mark.timeout(LIMIT)
def test_frames(arena):
    for batch in batches(st.tuples(PATHS, streams), 0.15, EACH):
        with told(batch):
            arena.run(all_at_once(arena, batch, stream))


async def converse(arena, request):
    connection = await RawConnection.open(arena.site.origin)
    try:
        await connection.send(request + LAST_REQUEST)
        await connection.read(lambda _: False, SILENCE)
        codes = statuses(bytes(connection.data))
        assert all(code < 500 for code in codes), (codes, request, bytes(connection.data[-500:]))
    finally:
        connection.abort()


@pytest.mark.timeout(LIMIT)
def test_requests(arena):
    for batch in batches(st.tuples(conversations), 0.15, EACH):
        with told(batch):
            arena.run(all_at_once(arena, batch, converse))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 99"),
        (b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: x"),
        (b"Connection: Upgrade", b"Connection: close"),
    ],
)
def test_a_handshake_that_fails_is_no_error_of_the_site(arena, name, value):
    async def try_it():
        request = handshake("/ws/chat/", arena.people["ada"].token)
        assert name in request
        connection = await RawConnection.open(arena.site.origin)
        await connection.send(request.replace(name, value))
        await connection.read(lambda _: False, WITHIN)
        connection.abort()
        assert connection.ended
        assert statuses(bytes(connection.data)) in ([400], [426])
        await arena.others_are_well()

    arena.run(try_it())


def test_a_refused_socket_that_daphne_has_forgotten_closes_quietly():
    """daphne removes finished connections once a second, perhaps before they have ended."""
    protocol = WebSocketProtocol()
    protocol.server = SimpleNamespace(connections={})
    protocol.onClose(False, 1006, None)
