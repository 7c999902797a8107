"""The Python clients, at a server that tells of a class in the wrong order."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from peerchat.client import Client, ControlEvent, PartnersEvent
from peerchat.client.terminal import Terminal
from peerchat.client.words import CONTROL_IN_WORDS
from peerchat.rehearsal import client as rehearsal
from tests.rooms.cast import eventually

ME = {"username": "ada", "display_name": "Ada"}
COURSE = {"course": "physics", "title": "Physics", "role": "student", "room": "r"}
STATE = {
    "course": "physics",
    "message": "enableChat",
    "phase": "discuss",
    "epoch": 3,
    "question": None,
    "round": 1,
    "deadline": None,
    "server_time": 0,
}


class Server:
    """One socket, on which the test says what is told."""

    def __init__(self) -> None:
        self.url = ""
        self.state: dict[str, Any] = {}
        self._socket: ServerConnection | None = None

    async def handle(self, socket: ServerConnection) -> None:
        self._socket = socket
        await self.tell(action="welcome", conn_id="1", user=ME, courses=[COURSE])
        async for text in socket:
            command = json.loads(text)
            known = {"list_rooms": {"rooms": []}, "state": self.state}
            fields = known.get(command["action"], {})
            await self.tell(**{**fields, **command, "status": "success"})

    async def tell(self, **frame: Any) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(frame))

    async def partners(self, room: str, **fields: Any) -> None:
        told = {"course": "physics", "room": room, "partners": [], "epoch": 3, **fields}
        await self.tell(action="partners", **told)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with serve(made.handle, "127.0.0.1", 0) as listening:
        made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield made


async def test_a_client_leaves_out_partners_that_are_older(server: Server) -> None:
    async with Client(server.url, "token") as client:
        events = client.listen()
        for room, fields in (
            ("a", {"revision": 5}),
            ("late", {"revision": 4}),
            ("same", {"revision": 5}),
            ("of an older server", {}),
        ):
            await server.partners(room, **fields)
        server.state = {**STATE, "votes": [], "room": "b", "partners": [], "revision": 7}
        assert (await client.state("physics"))["room"] == "b"
        await server.partners("older than the state", revision=6)
        await server.tell(action="control", **STATE, revision=6)
        await server.partners("c", revision=8)
        told = [await anext(events) for _ in range(5)]
    assert [one.room for one in told if isinstance(one, PartnersEvent)] == [
        "a",
        "same",
        "of an older server",
        "c",
    ]
    # Each transition is told: a program may count on it.
    assert [one.revision for one in told if isinstance(one, ControlEvent)] == [6]


async def test_a_terminal_shows_no_step_that_it_has_shown_as_the_state(server: Server) -> None:
    said: list[str] = []
    async with Client(server.url, "token") as client:
        terminal = Terminal(client, said.append)
        showing = asyncio.create_task(terminal.show())
        server.state = {**STATE, "votes": [], "room": None, "partners": [], "revision": 7}
        await terminal.begin()
        late = {**STATE, "message": "stopVote", "epoch": 2}
        await server.tell(action="control", **late, revision=5)
        await server.tell(action="control", **STATE, revision=7)
        await server.tell(action="control", **{**STATE, "message": "reveal"}, revision=8)
        await eventually(lambda: f"-- {CONTROL_IN_WORDS['reveal']}" in said)
    await showing
    assert [line for line in said if line.startswith("-- ")] == [
        f"-- {CONTROL_IN_WORDS[step]}" for step in ("enableChat", "reveal")
    ]


async def test_a_rehearsal_keeps_the_newest_partners(server: Server) -> None:
    url = "ws" + server.url.removeprefix("http") + "/ws/chat/"
    client = await rehearsal.Client.open(url, "token")
    for room, revision in (("a", 5), ("b", 7), ("late", 6)):
        await server.partners(room, revision=revision)
    await client.command("ping")
    assert client.partners["room"] == "b"
    await client.close()
