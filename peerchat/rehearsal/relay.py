"""A relay to a site that can lose connections without notice to either end."""

import asyncio
from urllib.parse import urlsplit

from rooms.delivery.tasks import Tasks

CHUNK = 65_536
OPEN_WITHIN = 20.0
"""Seconds that the site has to take a connection."""


class Relay:
    """Passes TCP connections on to the site at a URL, on a port of 127.0.0.1.

    A lost connection carries nothing any more, and neither end is told.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname, parts.port or (443 if parts.scheme == "wss" else 80)
        self._path = parts.path
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.StreamWriter] = set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._tasks = Tasks()

    async def open(self) -> str:
        """Listen, and return the URL of the site's WebSockets through this relay."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{self._path}"

    def lose(self) -> None:
        """Lose the current connections. Later ones are passed on."""
        self._lost |= self._carrying

    async def close(self) -> None:
        """Close all connections, including the lost ones."""
        if self._server is not None:
            self._server.close()
        await self._tasks.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._carry(reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                back, there = await asyncio.open_connection(*self._target)
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        both = {writer, there}
        self._carrying |= both
        pumps = [
            asyncio.create_task(self._pump(reader, there)),
            asyncio.create_task(self._pump(back, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._carrying -= both
            self._lost -= both
            for one in both:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass data on until the sender ends. On a lost connection, never return."""
        try:
            while data := await reader.read(CHUNK):
                if writer not in self._lost:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            # An error ends the connection, too.
            pass
        if writer in self._lost:
            await asyncio.Event().wait()
