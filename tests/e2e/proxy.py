"""A TCP proxy in front of a site: a network connection that a test can cut or hold up, or one that
lets no WebSockets through, or one that ends TLS."""

import asyncio
import contextlib
import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.tls import server_context

CHUNK = 65_536
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes every connection to a free port on to the site; an async context manager.

    Browsers open `url` itself, so Host and Origin name the proxy's port, as they would name
    any other proxy of a site. Without `upgrades` it answers WebSocket handshakes with 403; it does
    not inspect what comes later over a connection that it has let through. With `tls` browsers
    reach it over https, and each of their requests has a connection of its own.
    """

    def __init__(self, url: str, *, upgrades: bool = True, tls: bool = False) -> None:
        self.upgrades = upgrades
        self._tls = tls
        self.refused = 0
        """Handshakes answered with 403."""
        target = urlsplit(url)
        assert target.hostname
        assert target.port
        self._target = (target.hostname, target.port)
        self._path = target.path
        self._port = 0
        self._to_site = asyncio.Event()
        self._to_site.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}{self._path}"

    async def restore(self) -> None:
        """Let connections through (again)."""
        self._server = await asyncio.start_server(
            self._accept,
            "127.0.0.1",
            self._port,
            reuse_address=True,
            ssl=server_context() if self._tls else None,
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break all connections, without a closing handshake, and refuse new ones."""
        assert self._server is not None
        self._server.close()
        self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await self._settle()

    def hold(self) -> None:
        """Pass nothing on to the site until `release`; what it sends arrives."""
        self._to_site.clear()

    def release(self) -> None:
        """Pass on what was held up, and what comes."""
        self._to_site.set()

    async def __aenter__(self) -> Self:
        await self.restore()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        if self._server is not None:
            await self.cut()

    async def _settle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain callback: asyncio complains about the failures of a coroutine's task.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there_reader, there = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(there)
        if self._server is None:  # cut while the connection to the site was made
            writer.transport.abort()
            there.transport.abort()
        try:
            first = b"" if self.upgrades and not self._tls else await _head(reader)
            if not self.upgrades and _is_upgrade(first):
                self.refused += 1
                writer.write(REFUSED)
                return
            there.write(_forwarded(first) if self._tls else first)
            await asyncio.gather(_pass(reader, there, self._to_site), _pass(there_reader, writer))
        finally:
            for end in (writer, there):
                self._writers.discard(end)
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The head of the first request on a connection: browsers open a new one for each handshake."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        return b""


def _is_upgrade(head: bytes) -> bool:
    return b"\r\nupgrade: websocket\r\n" in head.lower()


def _forwarded(head: bytes) -> bytes:
    """Return the head of a request as a proxy without keep-alive passes it on behind TLS."""
    added = b"X-Forwarded-Proto: https\r\n"
    if not _is_upgrade(head):
        head = re.sub(rb"(?im)^connection:.*\r\n", b"", head)
        added += b"Connection: close\r\n"
    return head.replace(b"\r\n", b"\r\n" + added, 1)


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, may: asyncio.Event | None = None
) -> None:
    """Copy while `may` is set, until one end is gone; then let the other end know."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            if may is not None:
                await may.wait()
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()  # TLS knows no half of a connection
