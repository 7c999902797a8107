"""The base of all consumers of sockets."""

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer
from msgspec import Struct

from accounts import people
from accounts.credentials import Credential
from accounts.people import User
from rooms import commands, frames
from rooms.conf import limits
from rooms.delivery import names
from rooms.delivery.connection import FrameWriter, LiveConnection
from rooms.process import runtime
from rooms.wire import events, replies
from rooms.wire.commands import Command
from rooms.wire.errors import AuthenticationRequired, InvalidMessageFormat, PeerError, Unavailable
from rooms.wire.events import Limits, MyCourse, Welcome
from rooms.wire.fields import PAGE_LIMIT, RATIONALE_LIMIT, RESUME_LIMIT, TEXT_LIMIT
from rooms.wire.parser import Parser

logger = logging.getLogger(__name__)

MALFORMED_LIMIT = 10
MALFORMED_WITHIN = 10.0
"""A socket is closed with 4400 after this many malformed frames within this many seconds."""


class SocketConsumer(AsyncConsumer):
    """A socket whose output goes through the hub.

    It has no channel of its own in the channel layer, because the hub receives for all sockets of
    the process. It has no `dispatch` either, which would use a thread for each frame.
    """

    handlers: ClassVar[Mapping[type[Command], commands.Handler]]
    parser: ClassVar[Parser]

    user: User
    connection: LiveConnection
    extension: FrameWriter | None
    runtime: runtime.Runtime
    busy = False
    _malformed: deque[float] | None = None
    """The times of the last malformed frames; most sockets have none."""

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.authenticated = False
        await receive()  # websocket.connect
        self.runtime = runtime.current()
        if not await self.admit():
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept", "subprotocol": scope.get("subprotocol")})
        self.extension = scope.get("extensions", {}).get("peerchat.frames")
        self.connection = LiveConnection(
            send,
            writer=self.extension,
            unsent_limit=limits["UNSENT_LIMIT"],
        )
        self.runtime.hub.add(self.connection)
        if isinstance(scope["headers"], list):
            scope["headers"].clear()  # only the handshake needed them
        try:
            await self.accepted()
            while (message := await receive())["type"] != "websocket.disconnect":
                if self.connection.taking and not self.connection.closed:
                    self.busy = True
                    self.connection.under_way += 1
                    try:
                        await self.received(message)
                    finally:
                        self.connection.under_way -= 1
                        self.busy = False
        finally:
            self.connection.dispose()
            self.gone()

    @property
    def course(self) -> str:
        """Return the slug of the course of an instructor's socket; empty elsewhere."""
        return ""

    async def admit(self) -> bool:
        """Return whether the handshake may succeed. If not, the answer is HTTP 403."""
        raise NotImplementedError

    async def accepted(self) -> None:
        """Set up the socket, which is open now."""
        raise NotImplementedError

    def gone(self) -> None:
        """Clean up after the socket, which is closed now."""
        self.runtime.revalidation.forget(self.connection)
        self.runtime.hub.drop(self.connection)

    def bind(self, credential: Credential, expires: datetime | None) -> None:
        """Bind the socket to its credential: it is closed when the credential ends."""
        hub = self.runtime.hub
        hub.identify(self.connection, credential.user, limits["SOCKETS_PER_USER"])
        audience = (
            names.token(credential.token)
            if credential.token is not None
            else names.session(credential.session or "")
        )
        hub.join(self.connection, audience, names.EVERYONE)
        self.runtime.revalidation.watch(self.connection, credential, expires, self.renew)

    def renew(self, user: User) -> None:
        """Go on under the names that the user has now.

        A client goes by the username that its `welcome` had, so with another one it has to connect
        again.
        """
        renamed = people.username(user) != people.username(self.user)
        self.user = self.scope["user"] = user
        if renamed and self.authenticated:
            self.connection.close(4503)

    async def enter(self, user: User) -> None:
        """Subscribe the socket for its user, who is known now."""
        raise NotImplementedError

    async def received(self, message: dict[str, Any]) -> None:
        """Answer one frame."""
        try:
            text = message.get("text")
            if text is None:
                raise InvalidMessageFormat("Frames must be text, not binary.", malformed=True)
            command = self.parser.parse(text)
        except PeerError as error:
            self.refuse_frame(error)
            return
        try:
            reply = await self.run(command)
        except PeerError as error:
            self.refuse(command, error)
        except Exception:
            logger.exception("the command %s failed", command.action)
            self.refuse(command, Unavailable())
        else:
            if reply is not None:
                self.connection.answer(replies.encode(command, reply))

    async def run(self, command: Command) -> Struct | None:
        """Carry out a command and return the reply of its handler. Raises PeerError."""
        if not self.authenticated:
            raise AuthenticationRequired
        return await self.handlers[type(command)](self, command)

    def refuse(self, command: Command, error: PeerError) -> None:
        """Answer a command with an error."""
        self.connection.send(
            events.refusal(command.uuid, command.action, error.code, error.message, **error.extra)
        )

    def refuse_frame(self, error: PeerError) -> None:
        named = dict(error.extra)
        malformed = named.pop("malformed", error.code == "invalid_json")
        uuid, action = named.pop("uuid", None), named.pop("action", None)
        self.connection.answer(events.refusal(uuid, action, error.code, error.message, **named))
        if not malformed:
            return
        now = time.monotonic()
        if self._malformed is None:
            self._malformed = deque(maxlen=MALFORMED_LIMIT)
        self._malformed.append(now)
        if len(self._malformed) == MALFORMED_LIMIT and now - self._malformed[0] <= MALFORMED_WITHIN:
            self.connection.close(4400)

    def welcome(self, courses: list[MyCourse]) -> bytes:
        return events.encode(
            Welcome(
                conn_id=str(self.connection.id),
                user=frames.person(self.user),
                courses=courses,
                limits=Limits(
                    text=TEXT_LIMIT,
                    rationale=RATIONALE_LIMIT,
                    frame=limits["FRAME_LIMIT"],
                    rooms=limits["ROOMS_PER_SOCKET"],
                    resume=RESUME_LIMIT,
                    page=PAGE_LIMIT,
                ),
                server_time=time.time(),
            )
        )


def credential_of(scope: dict[str, Any]) -> Credential:
    """Return the credential of the handshake."""
    return Credential(scope["user"].pk, token=scope["token_id"], session=scope["session_key"])
