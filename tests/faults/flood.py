"""Keeps a Redis busy with publishes that nobody hears: `python -m tests.faults.flood <socket>`.

It writes to many connections, as fast as Redis takes it, and runs until it is ended.
"""

import contextlib
import selectors
import socket
import sys

CONNECTIONS = 20
PAYLOAD = 1_000
"""Bytes of a message."""
AT_ONCE = 100
"""Messages of a connection that are written together."""


def main() -> None:
    [path] = sys.argv[1:]
    parts = (b"PUBLISH", b"nobody", b"x" * PAYLOAD)
    command = b"*3\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
    batch = memoryview(command * AT_ONCE)
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(path)
            connection.setblocking(False)
            selector.register(
                connection, selectors.EVENT_READ | selectors.EVENT_WRITE, data=[batch]
            )
        while True:
            for key, events in selector.select():
                found = key.fileobj
                assert isinstance(found, socket.socket)
                if events & selectors.EVENT_READ and not found.recv(65_536):
                    return
                if events & selectors.EVENT_WRITE:
                    rest = key.data[0]
                    with contextlib.suppress(BlockingIOError):
                        rest = rest[found.send(rest) :]
                    key.data[0] = rest if rest else batch


if __name__ == "__main__":
    main()
