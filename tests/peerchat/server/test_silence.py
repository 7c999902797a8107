"""The time since the last sign of life of a socket's client, as the server measures it."""

import socket
import time
from collections.abc import Iterator

import pytest
from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol
from twisted.internet.tcp import Connection

from peerchat.server.frames import Frames
from peerchat.server.websocket import WebSocketProtocol
from tests.running import until

MUCH = bytes(16 << 20)
"""More bytes than two sockets buffer if nobody reads them."""


class Transport(Connection):
    """Twisted's transport on a real socket, with a buffer for what the socket does not take."""

    disconnecting = False
    connected = True

    def write(self, data: bytes) -> None:
        self._tempDataBuffer.append(data)
        self._tempDataLen += len(data)


@pytest.fixture
def sockets() -> Iterator[tuple[WebSocketProtocol, socket.socket]]:
    """An open socket of the server, and its client's end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    with near, far:
        protocol = WebSocketProtocol()
        protocol.frames = Frames(protocol)
        protocol.transport = Transport(near, protocol)
        protocol.state = AutobahnProtocol.STATE_OPEN
        yield protocol, far


def silence(protocol: WebSocketProtocol) -> float:
    """The seconds since the last sign of life."""
    return time.monotonic() - protocol.last_sign()


def test_silence_begins_when_the_client_stops_reading_what_waits_for_it(sockets):
    protocol, far = sockets
    protocol.write_prepared(MUCH)
    protocol.ask()
    until(lambda: silence(protocol) > 0.2)
    # It reads: that is a sign of life, and the ping may still be on its way.
    heard = protocol.last_sign()

    def reads_on() -> bool:
        far.recv(1 << 20)
        return protocol.last_sign() > heard

    until(reads_on)
    # Now the client is gone, and its earlier reads count no longer.
    until(lambda: silence(protocol) > 0.2)


def test_a_client_that_reads_all_and_answers_nothing_is_silent(sockets):
    protocol, far = sockets
    protocol.write_prepared(b"a frame")
    protocol.ask()
    assert far.recv(1 << 10).startswith(b"a frame")
    until(lambda: silence(protocol) > 0.2)
    # As long as the client is silent, its last sign of life does not change at all.
    heard = protocol.last_sign()
    assert all(protocol.last_sign() == heard for _ in range(1_000))
