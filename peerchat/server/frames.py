"""Frames that are prepared once and written to many sockets."""

import time
from collections.abc import Callable
from typing import Protocol


class Socket(Protocol):
    """Describes what the extension needs from its socket."""

    take_at_once: Callable[[str], bool] | None

    def write_prepared(self, prepared: bytes) -> int: ...

    def write_rest(self, data: bytes) -> int: ...

    def unsent(self) -> int: ...

    def ask(self) -> None: ...

    def last_sign(self) -> float: ...

    def frame_taken(self) -> None: ...


class Frames:
    """The extension `peerchat.frames` of one socket."""

    # The data for a write is kept together here. To collect it from protocol and transport, which
    # have a hundred attributes each, would take longer for each of a thousand sockets.
    __slots__ = ("_protocol", "_put", "clear", "heard", "written")

    _put: Callable[[bytes], int]

    def __init__(self, protocol: Socket) -> None:
        self._protocol = protocol
        self.heard = time.monotonic()
        """Time of the last received bytes."""
        self.clear = False
        """True while the socket is open and no data waits: a write can go out at once."""
        self.written = 0

    def attach(self, put: Callable[[bytes], int]) -> None:
        """Write to the socket with `put` from now on, as nothing waits for it."""
        self._put = put
        self.clear = True

    def write(self, prepared: bytes) -> int:
        """Write prepared bytes and return the number of bytes that the socket has not taken yet.

        If the socket is not open, the bytes are dropped.
        """
        if not self.clear:
            return self._protocol.write_prepared(prepared)
        # Write at once, as Twisted would wait for a turn of its reactor.
        try:
            sent = self._put(prepared)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The other side is gone, which Twisted notices when it reads.
            return 0
        size = len(prepared)
        self.written += size
        if sent == size:
            return 0
        self.clear = False
        return self._protocol.write_rest(prepared[sent:])

    @staticmethod
    def prepare(frames: list[bytes]) -> bytes:
        """Return the wire bytes of text frames (RFC 6455, section 5.2; a server does not mask)."""
        parts: list[bytes] = []
        for frame in frames:
            size = len(frame)
            if size < 126:
                parts.append(bytes((0x81, size)))
            elif size < 65536:
                parts.append(b"\x81\x7e" + size.to_bytes(2))
            else:
                parts.append(b"\x81\x7f" + size.to_bytes(8))
            parts.append(frame)
        return b"".join(parts)

    def unsent(self) -> int:
        """Return the number of bytes that the socket has not taken yet."""
        return self._protocol.unsent()

    def ping(self) -> None:
        """Ask the client for a sign of life."""
        self._protocol.ask()

    def last_sign(self) -> float:
        """Return the `time.monotonic()` of the client's last sign of life."""
        return self._protocol.last_sign()

    def taken(self) -> None:
        """Note that the consumer has taken an incoming frame."""
        self._protocol.frame_taken()

    def offer(self, take: Callable[[str], bool]) -> None:
        """Offer the consumer each text frame as it arrives, unless others wait before it.

        If `take` returns True, it has handled the frame. Otherwise the frame waits like others.
        """
        self._protocol.take_at_once = take
