"""The sockets: who may come in, frames in, replies out. What a command does is in `commands`."""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer

from accounts import tokens, wrong_tokens
from accounts.credentials import Credential
from accounts.models import User
from rooms import commands, frames, ratelimit
from rooms.actions.presence import Coming, close_connections, open_connections
from rooms.conf import limits
from rooms.delivery import names, notices, publish
from rooms.delivery.connection import Connection, FrameWriter
from rooms.process import runtime
from rooms.queries.rooms import dashboard_entry, entry
from rooms.wire import events
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS, Authenticate, Command, NewMessage
from rooms.wire.errors import (
    AuthenticationRequired,
    InvalidMessageFormat,
    InvalidToken,
    PeerError,
    PermissionDenied,
    Unavailable,
)
from rooms.wire.events import Event, FeedJoined, FeedLeft, FeedWelcome, Limits, MyCourse, Welcome
from rooms.wire.fields import PAGE_LIMIT, RATIONALE_LIMIT, RESUME_LIMIT, TEXT_LIMIT
from rooms.wire.parser import Parser

logger = logging.getLogger(__name__)

MALFORMED_LIMIT = 10
MALFORMED_WITHIN = 10.0
"""So many malformed frames within so many seconds close a socket with 4400."""


class SocketConsumer(AsyncConsumer):
    """A socket whose output goes through the hub.

    It has no channel of its own in the channel layer, and no `dispatch`, which would hop
    through a thread for each frame: the hub receives for all sockets of the process.
    """

    handlers: ClassVar[Mapping[type[Command], commands.Handler]]
    parser: ClassVar[Parser]

    user: User
    connection: Connection
    extension: FrameWriter | None
    runtime: runtime.Runtime
    course = ""
    _busy = False
    _malformed: deque[float] | None = None
    """When the last malformed frames came; most sockets have none."""

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
        self.connection = Connection(
            send,
            writer=self.extension,
            unsent_limit=limits["UNSENT_LIMIT"],
        )
        self.runtime.hub.add(self.connection)
        try:
            await self.accepted()
            while (message := await receive())["type"] != "websocket.disconnect":
                if self.connection.taking and not self.connection.closed:
                    self._busy = True
                    self.connection.under_way += 1
                    try:
                        await self.received(message)
                    finally:
                        self.connection.under_way -= 1
                        self._busy = False
        finally:
            self.connection.dispose()
            self.gone()

    async def admit(self) -> bool:
        """Whether the handshake may succeed; where not, the answer is HTTP 403."""
        raise NotImplementedError

    async def accepted(self) -> None:
        """The socket is open."""
        raise NotImplementedError

    def gone(self) -> None:
        """The socket is closed."""
        self.runtime.revalidation.forget(self.connection)
        self.runtime.hub.drop(self.connection)

    def stand_on(self, credential: Credential, expires: datetime | None) -> None:
        """The socket is its user's as long as this stands, which whatever ends it tells."""
        hub = self.runtime.hub
        hub.identify(self.connection, credential.user, limits["SOCKETS_PER_USER"])
        audience = (
            names.token(credential.token)
            if credential.token is not None
            else names.session(credential.session or "")
        )
        hub.join(self.connection, audience, names.EVERYONE)
        self.runtime.revalidation.watch(self.connection, credential, expires)

    async def enter(self, user: User) -> None:
        """The user is known: let the socket have what is for them."""
        raise NotImplementedError

    async def received(self, message: dict[str, Any]) -> None:
        """Answer one frame."""
        try:
            text = message.get("text")
            if text is None:
                raise InvalidMessageFormat("Frames are text, not binary.", malformed=True)
            command = self.parser.parse(text)
        except PeerError as error:
            self._refuse_frame(error)
            return
        try:
            fields = await self.run(command)
        except PeerError as error:
            self.refuse(command, error)
        except Exception:
            logger.exception("the command %s failed", command.action)
            self.refuse(command, Unavailable())
        else:
            if fields is not None:
                self.connection.answer(events.reply(command.uuid, command.action, fields))

    async def run(self, command: Command) -> Any:
        """The fields of the reply, None for none. Raises PeerError."""
        if not self.authenticated:
            raise AuthenticationRequired
        return await self.handlers[type(command)](self, command)

    def refuse(self, command: Command, error: PeerError) -> None:
        """Answer a command with an error."""
        self.connection.send(
            events.refusal(command.uuid, command.action, error.code, error.message, **error.extra)
        )

    def _refuse_frame(self, error: PeerError) -> None:
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

    def _welcome(self, courses: list[MyCourse]) -> bytes:
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


def _credential(scope: dict[str, Any]) -> Credential:
    """What the handshake was authenticated with."""
    return Credential(scope["user"].pk, token=scope["token_id"], session=scope["session_key"])


class ChatConsumer(SocketConsumer):
    """`/ws/chat/`: rooms, partner chat, votes, the control events of one's courses."""

    handlers = commands.CHAT
    parser = Parser(CHAT_COMMANDS)

    _noted: asyncio.Task[Coming] | None = None
    _authentication_due: asyncio.TimerHandle | None = None

    async def admit(self) -> bool:
        return True

    async def accepted(self) -> None:
        user = self.scope["user"]
        if user.is_authenticated:
            self.stand_on(_credential(self.scope), self.scope["expires"])
            await self.enter(user)
        else:
            self._authentication_due = asyncio.get_running_loop().call_later(
                limits["AUTHENTICATE_WITHIN"], self.connection.close, 4408
            )

    async def run(self, command: Command) -> Any:
        if isinstance(command, Authenticate):
            await self._authenticate(command)
            return None
        return await super().run(command)

    async def _authenticate(self, command: Authenticate) -> None:
        address, runtime = self.scope["address"], self.runtime
        threads = runtime.line if wrong_tokens.is_noisy(address) else runtime.threads
        token = await threads.run(tokens.verify, command.token)
        if token is None:
            wrong_tokens.count(address)
            self.refuse(command, InvalidToken())
            self.connection.close(4401)
            return
        if self.authenticated and token.user != self.user:
            raise PermissionDenied("This socket belongs to another user.")
        self.connection.answer(
            events.reply(command.uuid, command.action, {"user": frames.person(token.user)})
        )
        if not self.authenticated:
            self.stand_on(Credential(token.user_id, token=token.pk), token.expires_at)
            await self.enter(token.user)

    async def enter(self, user: User) -> None:
        if self._authentication_due is not None:
            self._authentication_due.cancel()
        self.user = user
        connection, hub, run = self.connection, self.runtime.hub, self.runtime.threads.run
        # From here on what makes the user a member of another room reaches the socket, though not
        # before its `welcome`.
        connection.hold()
        hub.join(connection, names.user(user.pk), names.EVERYONE)
        most = limits["ROOMS_PER_SOCKET"]
        try:
            courses, course_ids, heads = await run(entry, user, most)
            if await hub.subscribe(connection, map(names.course, course_ids)):
                # What happened before the subscription stood may have been missed.
                courses, _, heads = await run(entry, user, most)
        except PeerError:
            # The database is away: the client comes back later.
            connection.close(4503)
            return
        for room, course, head in heads:
            hub.join(connection, names.room(room), names.course(course), head)
        self.authenticated = True
        connection.release(self._welcome(courses))
        if self.extension is not None:
            self.extension.offer(self._post_at_once)
        coming = Coming(connection.id, user.pk, self.runtime.worker)
        self._noted = self.runtime.background(self._came(coming))

    def _post_at_once(self, text: str) -> bool:
        """Take a frame without a turn of the event loop where it is a message to post, which most
        frames are. Whatever else it is, or when another command is under way, it waits its turn."""
        connection = self.connection
        if self._busy or connection.closed or not connection.taking:
            return False
        try:
            command = self.parser.parse(text)
        except PeerError:
            return False
        if not isinstance(command, NewMessage):
            return False
        try:
            commands.post(self, command)
        except PeerError as error:
            self.refuse(command, error)
        except Exception:
            logger.exception("the command %s failed", command.action)
            self.refuse(command, Unavailable())
        return True

    def gone(self) -> None:
        if self._authentication_due is not None:
            self._authentication_due.cancel()
        rooms = self.runtime.hub.rooms_of(self.connection)
        super().gone()
        if self._noted is not None:
            self.runtime.background(self._went(self._noted, rooms))

    async def _came(self, coming: Coming) -> Coming:
        try:
            was_away = await self.runtime.writer.store_at_last(open_connections, coming)
        except PeerError as error:
            logger.warning("a socket is not counted as online: %s", error.message)
            return coming
        self.connection.noted_as = self.user.username
        if was_away:
            self._tell(self.runtime.hub.rooms_of(self.connection), here=True)
        return coming

    async def _went(self, noted: asyncio.Task[Coming], rooms: dict[str, list[str]]) -> None:
        # The writer takes what is of one kind together: the row must be there to be closed.
        coming = await noted
        try:
            is_away = await self.runtime.writer.store_at_last(close_connections, coming)
        except PeerError as error:
            logger.warning("a closed socket is still counted as online: %s", error.message)
            return
        if is_away:
            self._tell(rooms, here=False)

    def _tell(self, rooms: dict[str, list[str]], *, here: bool) -> None:
        """Tell the rooms that the user is here now, or is not."""
        for group, audiences in rooms.items():
            publish.now(group, notices.Seen(self.user.pk, self.user.username, audiences, here))


class InstructorConsumer(SocketConsumer):
    """`/ws/instructor/<course>/`: control commands, live figures."""

    handlers = commands.DASHBOARD
    parser = Parser(DASHBOARD_COMMANDS)

    async def admit(self) -> bool:
        user = self.scope["user"]
        if not user.is_authenticated:
            return False
        self.course = self.scope["url_route"]["kwargs"]["course"]
        try:
            self._entry = await self.runtime.threads.run(dashboard_entry, user, self.course)
        except PeerError:
            return False
        return True

    async def accepted(self) -> None:
        self.stand_on(_credential(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        connection, hub = self.connection, self.runtime.hub
        connection.hold()
        entry = self._entry
        group = names.course(entry.course_id)
        try:
            if await hub.subscribe(connection, [group]):
                entry = await self.runtime.threads.run(dashboard_entry, user, self.course)
        except PeerError:
            connection.close(4503)
            return
        hub.join(connection, names.room(entry.room), group, entry.head)
        dashboards = names.dashboards(entry.course_id)
        hub.join(connection, dashboards, group)
        self.authenticated = True
        connection.release(self._welcome([entry.course]))
        self.runtime.clock.figures_changed(dashboards)


class FeedConsumer(SocketConsumer):
    """`/ws/feed/<name>/`: what one client sends goes to everyone on the feed as it came.

    The names are shared by the whole site, and whoever is logged in may be on any feed, so that
    nothing on it is secret. A feed begins with its first client and ends with its last; nothing is
    stored. Everyone gets every text frame, who sent it included, byte for byte: a client can thus
    send what looks like a notice. The frames of one client arrive in their order, after its
    `feed_joined` and before its `feed_left`. A frame in binary or beyond the rate is answered with
    an error that only its sender gets.
    """

    _client = ""

    async def admit(self) -> bool:
        self._feed: str = self.scope["url_route"]["kwargs"]["name"]
        return bool(self.scope["user"].is_authenticated)

    async def accepted(self) -> None:
        self.stand_on(_credential(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        connection, hub = self.connection, self.runtime.hub
        self._audience = names.feed(self._feed)
        await hub.subscribe(connection, [self._audience], linger=0)
        # Not the connection's id, by which `send_to` would reach a socket that is for the feed.
        self._client = str(uuid.uuid4())
        connection.send(events.encode(FeedWelcome(feed=self._feed, client=self._client)))
        hub.join(connection, self._audience, self._audience)
        self._notice(FeedJoined(feed=self._feed, client=self._client))
        if self.extension is not None:
            self.extension.offer(self._relay_at_once)

    def _relay_at_once(self, text: str) -> bool:
        """Relay a frame without a turn of the event loop."""
        if self.connection.closed or not self.connection.taking:
            return False
        self._relay(text)
        return True

    async def received(self, message: dict[str, Any]) -> None:
        self._relay(message.get("text"))

    def _relay(self, text: str | None) -> None:
        try:
            if text is None:
                raise InvalidMessageFormat("Frames are text, not binary.", malformed=True)
            ratelimit.relayed.take(self.user.pk)
        except PeerError as error:
            self._refuse_frame(error)
        else:
            publish.now(self._audience, notices.Passing(self._audience, text.encode()))

    def gone(self) -> None:
        super().gone()
        if self._client:
            self._notice(FeedLeft(feed=self._feed, client=self._client))

    def _notice(self, event: Event) -> None:
        publish.now(self._audience, notices.Passing(self._audience, events.encode(event)))
