"""A strict client of the sockets, for tests.

It keeps every frame as it came. What a test has looked at is taken out of `unread()`, so that a
test can say that there was nothing else.
"""

import asyncio
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.pace import patient

Frame = dict[str, Any]

WITHIN = patient(20.0)
"""Seconds after which a test stops waiting for a frame."""
BY_ITSELF = frozenset(
    {"presence", "figures", "voted", "drafted", "convinced", "placed", "sharing", "read", "closing"}
)
"""Events that may come at any time, or that repeat a reply."""

_names = itertools.count(1)


class Client:
    """An open socket. `raw` are all the frames that it received, in order, as bytes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.raw: list[bytes] = []
        self._unread: list[Frame] = []
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        token: str | None = None,
        cookie: str | None = None,
        origin: str | None = None,
        subprotocols: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Connect. Raises websockets' InvalidStatus where the handshake is refused."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            sent["Cookie"] = f"sessionid={cookie}"
        socket = await connect(
            url,
            origin=origin,  # type: ignore[arg-type]
            subprotocols=subprotocols,  # type: ignore[arg-type]
            additional_headers=sent,
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
            user_agent_header=None,
        )
        return cls(socket)

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.socket.recv(decode=False)
                self.raw.append(frame)
                self._unread.append(json.loads(frame))
                self._news.set()
        except ConnectionClosed:
            self._news.set()

    async def close(self) -> None:
        await self.socket.close()
        await self._reading

    def abort(self) -> None:
        """Drop the connection without a closing handshake, as a laptop that is shut does."""
        self.socket.transport.abort()

    # --- commands --------------------------------------------------------------------------

    async def send(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        await self.socket.send(frame)

    async def post(self, action: str, **fields: Any) -> str:
        """Send a command and return its uuid. A field `uuid` sets it."""
        name = fields.pop("uuid", None) or f"{next(_names)}-{uuid.uuid4().hex[:8]}"
        await self.send(json.dumps({"uuid": name, "action": action, **fields}))
        return str(name)

    async def reply(self, name: str, *actions: str) -> Frame:
        """Return the reply to the command with this uuid, of one of these actions."""
        return await self.take(
            lambda frame: (
                frame.get("uuid") == name and frame.get("action") in actions and "status" in frame
            ),
            f"a reply to {actions} {name}",
        )

    async def command(self, action: str, **fields: Any) -> Frame:
        """Send a command and return its reply, whatever it is."""
        name = await self.post(action, **fields)
        also = ("new_message",) if action == "private_message" else ()
        return await self.reply(name, action, *also)

    async def ask(self, action: str, **fields: Any) -> Frame:
        """Send a command; return the fields of its successful reply but uuid, action and status."""
        frame = await self.command(action, **fields)
        assert frame.pop("status") == "success", frame
        del frame["uuid"], frame["action"]
        return frame

    async def fail(self, action: str, **fields: Any) -> Frame:
        """Send a command that must be refused; return its error code and the fields with it."""
        return refusal(await self.command(action, **fields))

    # --- events ----------------------------------------------------------------------------

    async def event(self, action: str, **fields: Any) -> Frame:
        """Return the first unread event of this kind with these fields."""
        return await self.take(
            lambda frame: (
                frame["action"] == action
                and fields.items() <= frame.items()
                and (action == "new_message" or "status" not in frame)
            ),
            f"{action} {fields}",
        )

    async def message(self, text: str) -> Frame:
        """Return the `new_message` with this text."""
        return await self.take(
            lambda frame: (
                frame["action"] == "new_message"
                and frame["status"] == "success"
                and frame["message"]["text"] == text
            ),
            f"the message {text!r}",
        )

    async def control(self, message: str) -> Frame:
        """Return the next `control` event with this message; count its `new_message` as read."""
        frame = await self.event("control")
        assert frame["message"] == message, frame
        if message != "announce":
            before = next(
                one
                for one in self._unread
                if one["action"] == "new_message" and one["message"]["kind"] == "control"
            )
            assert before["message"]["text"] == message
            self._unread.remove(before)
        return frame

    async def take(
        self, matches: Callable[[Frame], bool], what: str, *, within: float = WITHIN
    ) -> Frame:
        """Wait for the first unread frame that matches, count it as read, and return it."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for index, frame in enumerate(self._unread):
                        if matches(frame):
                            return self._unread.pop(index)
                    if self._reading.done():
                        raise AssertionError(f"closed with {self.socket.close_code}, no {what}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            there = "\n".join(repr(frame)[:300] for frame in self._unread[-20:])
            raise AssertionError(f"{what[:300]} did not come; there is\n{there}") from None

    def unread(self, *, but: frozenset[str] = BY_ITSELF) -> list[Frame]:
        """Return the frames that no test has read, without the events that may come at any time."""
        return [frame for frame in self._unread if frame["action"] not in but]

    def forget(self) -> None:
        """Count everything that came as read."""
        self._unread.clear()

    async def settled(self) -> list[Frame]:
        """Wait until the server has answered everything sent; return the unread frames."""
        await self.ask("ping")
        return self.unread()

    async def closed(self, *, within: float = WITHIN) -> int | None:
        """Wait until the server closes the socket; return the close code."""
        async with asyncio.timeout(within):
            await self.socket.wait_closed()
        return self.socket.close_code


def refusal(frame: Frame) -> Frame:
    """Check the shape of an error reply; return its error code and the fields with it."""
    assert frame.pop("status") == "error", frame
    said = frame.pop("error_message")
    assert isinstance(said, str)
    assert said
    del frame["uuid"], frame["action"]
    return frame


async def barrier(sender: Client, room: str, *receivers: Client) -> None:
    """Wait until the receivers have what was caused at the sender's worker, or before, so far.

    Posts a message in a room of theirs: what is published in a course arrives in order.
    """
    text = f"barrier {next(_names)}"
    await sender.post("new_message", room=room, text=text)
    for client in {sender, *receivers}:
        await client.message(text)
