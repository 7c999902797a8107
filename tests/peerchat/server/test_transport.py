"""Connections as the server looks at them."""

import socket

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from peerchat.server import transport


class Idle:
    """The part of a reactor that a connection needs to be lost."""

    def removeReader(self, reader: object) -> None: ...
    def removeWriter(self, writer: object) -> None: ...


def test_a_connection_that_was_lost_is_asked_for_nothing():
    ours, theirs = socket.socketpair()
    with theirs:
        found = Connection(ours, Protocol(), Idle())
        found.connected = True
        assert transport.plain(found) is found
        assert transport.unread(found) == 0
        ours.send(b"nobody reads this")
        assert transport.unread(found) > 0
        found.connectionLost(Failure(ConnectionDone()))
    assert transport.plain(found) is None
