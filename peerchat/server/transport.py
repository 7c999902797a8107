"""Access to private attributes of Twisted's TCP transport. No other module knows them."""

import fcntl
import sys
import termios
from collections.abc import Callable
from typing import Any

from twisted.internet.tcp import Connection


def plain(transport: Any) -> Connection | None:
    """Return the transport if it is plain TCP or a Unix socket, whose buffers are known here.

    A connection that was lost has no socket any more, though its WebSocket may not know it yet.
    """
    return transport if isinstance(transport, Connection) and transport.connected else None


def put(transport: Connection) -> Callable[[bytes], int] | None:
    """Return the function that writes to the socket at once; None while other data goes first."""
    if transport.dataBuffer or transport._tempDataBuffer or transport.disconnecting:
        return None
    send: Callable[[bytes], int] = transport.socket.send
    return send


def unsent(transport: Connection) -> int:
    """Return the number of bytes that wait in the transport for its socket."""
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


def unread(transport: Connection) -> int:
    """Return the number of bytes that the other side has not received, if the system reports it."""
    try:
        waiting = fcntl.ioctl(transport.socket, termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return unsent(transport) + int.from_bytes(waiting, sys.byteorder)
