"""Connections that go wrong without being closed."""

import asyncio
import base64
import contextlib
import os
import socket
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.pace import patient

CHUNK = 65_536
HEADERS_WITHIN = patient(20.0)


ASKS = b'{"uuid":"mute","action":"ping"}'


class Mute:
    """A WebSocket that is open and reads nothing, answers no ping and says nothing of its own."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str, token: str) -> Self:
        """Connect to `url` with a receive buffer as small as there is, and read the headers."""
        target = urlsplit(url)
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(connection, (target.hostname, target.port))
        lines = (
            f"GET {target.path} HTTP/1.1",
            f"Host: {target.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {token}",
        )
        await loop.sock_sendall(connection, "\r\n".join((*lines, "", "")).encode())
        headers = b""
        async with asyncio.timeout(HEADERS_WITHIN):
            while not headers.endswith(b"\r\n\r\n"):
                byte = await loop.sock_recv(connection, 1)
                if not byte:
                    raise ConnectionError(f"closed after {headers!r}")
                headers += byte
        if not headers.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(repr(headers))
        return cls(connection)

    async def show_life(self, every: float) -> None:
        """Send a command each so many seconds, whose answers are not read, until it is closed."""
        # The mask of zeros leaves the text as it is.
        frame = bytes([0x81, 0x80 | len(ASKS)]) + bytes(4) + ASKS
        with contextlib.suppress(OSError):
            while True:
                await asyncio.get_running_loop().sock_sendall(self._connection, frame)
                await asyncio.sleep(every)

    def close(self) -> None:
        self._connection.close()


class Proxy:
    """Passes connections on to a site until it is told to swallow everything on those it has.

    Nothing is closed then: each side waits for the other. Connections that come later work. An
    async context manager.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The URL of its WebSockets, without a path."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def swallow(self) -> None:
        """Let nothing through any more on the present connections."""
        self._silent |= self._writers

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=500)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain callback: asyncio complains about the failures of a coroutine's task.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(*self._target)
        both = {writer, ours}
        self._writers |= both
        pumps = [
            asyncio.create_task(self._pump(reader, ours)),
            asyncio.create_task(self._pump(theirs, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Returns at the end of what comes, unless it is swallowed."""
        while data := await reader.read(CHUNK):
            if writer in self._silent:
                continue
            writer.write(data)
            await writer.drain()
        if writer in self._silent:
            # That one side closes is not heard either.
            await asyncio.Event().wait()
