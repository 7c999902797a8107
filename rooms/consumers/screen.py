"""The consumers of the screens of the hall."""

from accounts.people import User
from rooms import commands
from rooms.conf import limits
from rooms.consumers.base import SocketConsumer, credential_of
from rooms.delivery import names
from rooms.queries.rooms import dashboard_entry
from rooms.queries.screen import linked_screen
from rooms.wire.commands import SCREEN_COMMANDS
from rooms.wire.errors import PeerError, Unavailable
from rooms.wire.parser import Parser

LINK_PROTOCOL = "screen."


class ScreenConsumer(SocketConsumer):
    """`/ws/screen/<course>/`: what the screen of the hall shows, for those who lead the course."""

    handlers = commands.SCREEN
    parser = Parser(SCREEN_COMMANDS)

    _course_id: int

    async def admit(self) -> bool:
        if not self.scope["user"].is_authenticated:
            return False
        try:
            await self._find()
        except PeerError:
            return False
        return True

    async def _find(self) -> None:
        """Look the course up. Raises PeerError if the screen is not for this client."""
        slug: str = self.scope["url_route"]["kwargs"]["course"]
        entry = await self.runtime.threads.run(dashboard_entry, self.scope["user"], slug)
        self._course_id = entry.course_id

    async def accepted(self) -> None:
        self.bind(credential_of(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        await self._watch()

    async def _watch(self) -> None:
        """Join the screens of the course. The first frame comes with the next look at the class."""
        connection, hub = self.connection, self.runtime.hub
        group, audience = names.course(self._course_id), names.screens(self._course_id)
        try:
            if await hub.subscribe(connection, [group]):
                # The right to see it may have ended before this process listened to the course.
                await self._find()
        except Unavailable:
            connection.close(4503)
            return
        except PeerError:
            connection.close(4403)
            return
        hub.join(connection, audience, group)
        self.authenticated = True
        self.runtime.screens.arrived(audience)


class LinkedScreenConsumer(ScreenConsumer):
    """`/ws/screen/`: the same for those who have the link, whose secret is a subprotocol.

    It has no user, whoever may be logged in with the same browser, and ends with the link.
    """

    _nonce: str

    async def admit(self) -> bool:
        try:
            await self._find()
        except PeerError:
            return False
        return True

    async def _find(self) -> None:
        offered = self.scope.get("subprotocols", ())
        secret = next((one for one in offered if one.startswith(LINK_PROTOCOL)), "")
        found = await self.runtime.threads.run(linked_screen, secret.removeprefix(LINK_PROTOCOL))
        self._course_id, self._nonce = found.course_id, found.link_nonce

    async def accepted(self) -> None:
        link = names.screen_link(self._nonce)
        self.runtime.hub.identify(self.connection, link, limits["SOCKETS_PER_USER"])
        self.runtime.hub.join(self.connection, link, names.course(self._course_id))
        await self._watch()
