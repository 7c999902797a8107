"""Traffic that wears a worker: sockets that come and go in every way, and all kinds of frames."""

import asyncio
import itertools
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence

from tests.fuzz.wire import Piece, RawConnection, handshake, server_frames
from tests.pace import patient
from tests.rooms.cast import Person
from tests.running import Site

WITHIN = patient(60.0)
AT_ONCE = 40
"""Sockets that come and go at the same time."""


class Socket:
    """A socket without a library, which costs less than the server's side of it."""

    def __init__(self, connection: RawConnection) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, site: Site, path: str, token: str) -> "Socket":
        connection = await RawConnection.open(site.origin)
        await connection.send(handshake(path, token))
        await connection.read(lambda data: b"\r\n\r\n" in data, WITHIN)
        head, _, rest = bytes(connection.data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        connection.data[:] = rest
        return cls(connection)

    async def send(self, *frames: object) -> None:
        """Send frames: a dict is a command, bytes are sent as they are."""
        parts = [
            frame
            if isinstance(frame, bytes)
            else bytes(Piece(1, json.dumps({"uuid": uuid.uuid4().hex, **frame}).encode()))  # type: ignore[dict-item]
            for frame in frames
        ]
        await self.connection.send(b"".join(parts))

    async def until(self, part: bytes) -> None:
        """Read until there is a frame with this in it."""
        await self.connection.read(lambda data: part in data, WITHIN)
        assert part in self.connection.data, (part, bytes(self.connection.data[-300:]))

    async def settle(self) -> None:
        """Read the answers to everything, and forget them."""
        name = uuid.uuid4().hex
        await self.send({"uuid": name, "action": "ping"})
        await self.until(name.encode())
        self.connection.data.clear()

    async def close(self) -> None:
        await self.connection.send(bytes(Piece(8, b"\x03\xe8")))
        await self.connection.read(lambda _: False, WITHIN)
        self.connection.abort()

    def codes(self) -> list[int]:
        return [
            int.from_bytes(payload[:2])
            for opcode, payload in server_frames(bytes(self.connection.data))
            if opcode == 8
        ]


class Traffic:
    """A course with people in it, at a site."""

    def __init__(
        self,
        site: Site,
        course: str,
        people: Sequence[Person],
        instructor: Person,
        course_room: str,
        pair_rooms: Sequence[str],
    ) -> None:
        self._site = site
        self._course = course
        self._people = people
        self._instructor = instructor
        self._room = course_room
        self._pairs = pair_rooms
        self._turns = itertools.count()
        self._ways: list[Callable[[Person], Awaitable[None]]] = [
            self._goodbye,
            self._abort,
            self._subscribe_and_go,
            self._feed,
            self._dashboard,
            self._malformed,
            self._wrong_token,
            self._half_a_handshake,
            self._half_a_frame,
            self._poll_and_go,
        ]

    # --- sockets that come and go ------------------------------------------------------------

    async def visits(self, number: int) -> None:
        """Make so many connections, by turns in each of the ways that exist."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def visit() -> None:
            async with gate:
                turn = next(self._turns)
                person = self._people[turn % len(self._people)]
                await self._ways[turn // len(self._people) % len(self._ways)](person)

        await asyncio.gather(*(visit() for _ in range(number)))

    async def _chat(self, person: Person) -> Socket:
        socket = await Socket.open(self._site, "/ws/chat/", person.token)
        await socket.until(b'"welcome"')
        return socket

    async def _goodbye(self, person: Person) -> None:
        socket = await self._chat(person)
        await socket.settle()
        await socket.close()

    async def _abort(self, person: Person) -> None:
        socket = await self._chat(person)
        await socket.send({"action": "list_rooms"}, {"action": "typing", "room": self._room})
        socket.connection.abort()

    async def _subscribe_and_go(self, person: Person) -> None:
        socket = await self._chat(person)
        await socket.send(
            *(
                {"action": "subscribe", "topic": f"{self._course}/{person.name}/{n}/+"}
                for n in range(5)
            ),
            {"action": "publish", "topic": f"{self._course}/{person.name}/1/x", "data": [1]},
        )
        await socket.until(b'"topic_message"')
        socket.connection.abort()

    async def _feed(self, person: Person) -> None:
        socket = await Socket.open(self._site, f"/ws/feed/{person.name}/", person.token)
        await socket.send(bytes(Piece(1, b"hello feed")))
        await socket.until(b"hello feed")
        await socket.close()

    async def _dashboard(self, _: Person) -> None:
        path = f"/ws/instructor/{self._course}/"
        socket = await Socket.open(self._site, path, self._instructor.token)
        await socket.until(b'"welcome"')
        await socket.settle()
        await socket.close()

    async def _malformed(self, person: Person) -> None:
        socket = await self._chat(person)
        await socket.send(*[bytes(Piece(1, b"not json"))] * 10)
        await socket.connection.read(lambda _: bool(socket.codes()), WITHIN)
        assert socket.codes() == [4400]
        await socket.close()

    async def _wrong_token(self, _: Person) -> None:
        connection = await RawConnection.open(self._site.origin)
        await connection.send(handshake("/ws/chat/", "wrong"))
        await connection.read(lambda _: False, WITHIN)
        assert connection.data.startswith(b"HTTP/1.1 403 "), connection.data
        connection.abort()

    async def _half_a_handshake(self, person: Person) -> None:
        connection = await RawConnection.open(self._site.origin)
        await connection.send(handshake("/ws/chat/", person.token)[:-2])
        connection.abort()

    async def _half_a_frame(self, person: Person) -> None:
        socket = await self._chat(person)
        await socket.send(bytes(Piece(1, b"x" * 3000))[:2000])
        socket.connection.abort()

    async def _poll_and_go(self, person: Person) -> None:
        connection = await RawConnection.open(self._site.origin)
        path = f"/api/rooms/{self._room}/messages/?after=999999999&wait=20"
        await connection.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {person.token}\r\n\r\n".encode()
        )
        await connection.read(lambda _: False, 0.05)
        connection.abort()

    # --- messages ------------------------------------------------------------------------------

    async def arrive(self) -> list[Socket]:
        """A socket of each student."""
        return await asyncio.gather(*map(self._chat, self._people[: 2 * len(self._pairs)]))

    async def messages(self, number: int, *, beside: int = 20) -> None:
        """Send so many messages in the rooms, and other frames between them."""
        sockets = await self.arrive()
        poll = asyncio.create_task(self._poll(number))
        chance = random.Random(number)
        try:
            each = -(-number // (len(sockets) * beside))
            for _ in range(each):
                await asyncio.gather(
                    *(
                        self._burst(socket, self._pairs[index // 2], beside, chance.random())
                        for index, socket in enumerate(sockets)
                    )
                )
        finally:
            await poll
            for socket in sockets:
                await socket.close()

    async def _burst(self, socket: Socket, room: str, size: int, chance: float) -> None:
        last = uuid.uuid4().hex
        others = [
            {"action": "typing", "room": room},
            {"action": "new_message", "room": room, "text": " "},
            {"action": "publish", "topic": f"{self._course}/x", "data": {"a": "b" * 100}},
            {"action": "history", "room": room, "before": 40},
            {"action": "join_room", "room": "none"},
        ]
        texts = [
            {"action": "new_message", "room": room, "text": f"{number} " + "x" * int(chance * 300)}
            for number in range(size - 1)
        ]
        # One of each burst is in the room of all.
        end = {"uuid": last, "action": "new_message", "room": self._room, "text": "to everybody"}
        await socket.send(*texts, others[int(chance * len(others))], end)
        await socket.until(last.encode())
        await socket.settle()

    async def _poll(self, number: int) -> None:
        """Wait for messages of the course's room over HTTP, as a client without a socket does."""
        person = self._people[-1]
        for _ in range(1 + number // 500):
            connection = await RawConnection.open(self._site.origin)
            path = f"/api/rooms/{self._room}/messages/?wait=1&after=999999999"
            await connection.send(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                f"Authorization: Bearer {person.token}\r\n\r\n".encode()
            )
            await connection.read(lambda _: False, WITHIN)
            assert connection.data.startswith(b"HTTP/1.1 200 "), connection.data
            connection.abort()
