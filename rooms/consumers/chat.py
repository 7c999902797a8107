"""The consumer of the course chat."""

import asyncio
import logging

from django.utils import timezone
from msgspec import Struct

from accounts import people, tokens, wrong_tokens
from accounts.credentials import Credential
from accounts.people import User
from rooms import commands, frames
from rooms.actions.presence import Coming, close_connections, open_connections
from rooms.conf import limits
from rooms.consumers.base import SocketConsumer, credential_of
from rooms.delivery import names, notices, publish
from rooms.wire import replies
from rooms.wire.commands import CHAT_COMMANDS, Authenticate, Command
from rooms.wire.errors import InvalidToken, PeerError, PermissionDenied, Unavailable
from rooms.wire.parser import Parser
from rooms.wire.replies import Authenticated

logger = logging.getLogger(__name__)


class ChatConsumer(SocketConsumer):
    """`/ws/chat/`: rooms, partner chat, votes and the control events of the user's courses."""

    handlers = commands.CHAT
    parser = Parser(CHAT_COMMANDS)

    _noted: asyncio.Task[Coming] | None = None
    _authentication_due: asyncio.TimerHandle | None = None

    async def admit(self) -> bool:
        return True

    async def accepted(self) -> None:
        user = self.scope["user"]
        if user.is_authenticated:
            self.bind(credential_of(self.scope), self.scope["expires"])
            await self.enter(user)
        else:
            self._authentication_due = asyncio.get_running_loop().call_later(
                limits["AUTHENTICATE_WITHIN"], self.connection.close, 4408
            )

    async def run(self, command: Command) -> Struct | None:
        if isinstance(command, Authenticate):
            await self._authenticate(command)
            return None
        return await super().run(command)

    async def _authenticate(self, command: Authenticate) -> None:
        address, runtime = self.scope["address"], self.runtime
        threads = runtime.one_thread if wrong_tokens.is_noisy(address) else runtime.threads
        token = await threads.run(tokens.verify, command.token)
        if token is None:
            wrong_tokens.count(address)
            self.refuse(command, InvalidToken())
            self.connection.close(4401)
            return
        if self.authenticated and token.user != self.user:
            raise PermissionDenied("This socket belongs to another user.")
        reply = Authenticated(user=frames.person(token.user))
        self.connection.answer(replies.encode(command, reply))
        if not self.authenticated:
            self.bind(Credential(token.user_id, token=token.pk), token.expires_at)
            await self.enter(token.user)

    async def enter(self, user: User) -> None:
        if self._authentication_due is not None:
            self._authentication_due.cancel()
        self.user = user
        opened = timezone.now()
        connection, hub, entries = self.connection, self.runtime.hub, self.runtime.entries
        # From here on the socket receives new memberships of its user, though not before its
        # `welcome`.
        connection.hold()
        hub.join(connection, names.user(user.pk), names.EVERYONE)
        try:
            courses, course_ids, heads = await entries.ask(user)
            if await hub.subscribe(connection, map(names.course, course_ids)):
                # Notices from before the subscription was confirmed may be lost.
                courses, course_ids, heads = await entries.ask(user)
        except PeerError:
            # The database is away, so the client has to reconnect later.
            connection.close(4503)
            return
        for room, course, head in heads:
            hub.join(connection, names.room(room), names.course(course), head)
        slugs = [mine.course for mine in courses]
        connection.slugs = dict(zip(course_ids, slugs, strict=True))
        self.authenticated = True
        connection.release(self.welcome(courses))
        if self.extension is not None:
            self.extension.offer(self._run_at_once)
        coming = Coming(connection.id, user.pk, self.runtime.worker, opened=opened)
        self._noted = self.runtime.background(self._came(coming))

    def _run_at_once(self, text: str) -> bool:
        """Carry out a command of `AT_ONCE` without a turn of the event loop.

        Any other frame waits its turn, and so do all while another command is under way.
        """
        connection = self.connection
        if self.busy or connection.closed or not connection.taking:
            return False
        try:
            command = self.parser.parse(text)
        except PeerError:
            return False
        handler = commands.AT_ONCE.get(type(command))
        if handler is None:
            return False
        try:
            reply = handler(self, command)
        except PeerError as error:
            self.refuse(command, error)
        except Exception:
            logger.exception("the command %s failed", command.action)
            self.refuse(command, Unavailable())
        else:
            if reply is not None:
                self.connection.answer(replies.encode(command, reply))
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
            logger.warning("could not record a socket as online: %s", error.message)
            return coming
        self.connection.noted_as = people.username(self.user)
        if was_away:
            self._tell(self.runtime.hub.rooms_of(self.connection), here=True)
        return coming

    async def _went(self, noted: asyncio.Task[Coming], rooms: dict[str, list[str]]) -> None:
        # The writer stores items of one kind together. The row must exist before it can be closed.
        coming = await noted
        try:
            is_away = await self.runtime.writer.store_at_last(close_connections, coming)
        except PeerError as error:
            logger.warning("could not record a socket as closed: %s", error.message)
            return
        if is_away:
            self._tell(rooms, here=False)

    def _tell(self, rooms: dict[str, list[str]], *, here: bool) -> None:
        """Tell the rooms whether the user is here now."""
        # Others know a user who leaves by the name under which the user came.
        name = self.connection.noted_as or people.username(self.user)
        for group, audiences in rooms.items():
            publish.now(group, notices.PresenceChange(self.user.pk, name, audiences, here))
