"""HTTP to a running site, from coroutines."""

import asyncio
import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.pace import patient
from tests.rooms.cast import Hall, Person
from tests.running import Site, read_figures

WITHIN = patient(40.0)  # seconds


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(repr=False)
    raw: bytes = field(repr=False)

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Wire:
    """The API of the running site; each request has a connection of its own."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    async def get(self, path: str, person: Person | None = None, **options: Any) -> Answer:
        return await self.request("GET", path, person, **options)

    async def post(
        self, path: str, person: Person | None = None, body: Any = None, **options: Any
    ) -> Answer:
        return await self.request("POST", path, person, body=body or {}, **options)

    async def request(
        self,
        method: str,
        path: str,
        person: Person | None = None,
        *,
        body: Any = None,
        worker: int | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer of the site, or of one of its workers."""
        connection = await self.connect(worker)
        sent = dict(headers or {})
        if person is not None:
            sent["Authorization"] = f"Bearer {person.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        target = f"/api/{path}" + (f"?{urlencode(query)}" if query else "")
        return await asyncio.to_thread(_exchange, connection, method, target, body, sent)

    async def connect(self, worker: int | None = None) -> http.client.HTTPConnection:
        """A connection to the site, accepted by this worker."""
        async with self.hall.only(worker):
            address = self.hall.site.origin.removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=WITHIN)
            await asyncio.to_thread(connection.connect)
            if worker is not None:
                # The worker has accepted it once it answers something.
                await asyncio.to_thread(_exchange, connection, "GET", "/healthz", None, {}, False)
        return connection


async def waiting_requests(site: Site) -> None:
    """Return once a request waits at the site."""
    for _ in range(400):
        figures = await asyncio.to_thread(read_figures, site)
        if figures.get(("peerchat_waiting_requests",), 0) >= 1:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no request waits")


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: Any,
    headers: dict[str, str],
    close: bool = True,
) -> Answer:
    try:
        connection.request(
            method, target, None if body is None else json.dumps(body).encode(), headers
        )
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        if close:
            connection.close()
