"""The consumers of the screens of the hall."""

from accounts.people import User
from rooms import commands
from rooms.conf import limits
from rooms.consumers.base import SocketConsumer, credential_of
from rooms.delivery import names
from rooms.queries.rooms import dashboard_entry
from rooms.queries.screen import linked_screen
from rooms.wire.commands import SCREEN_COMMANDS
from rooms.wire.errors import PeerError
from rooms.wire.parser import Parser

LINK_PROTOCOL = "screen."


class ScreenConsumer(SocketConsumer):
    """`/ws/screen/<course>/`: what the screen of the hall shows, for those who lead the course."""

    handlers = commands.SCREEN
    parser = Parser(SCREEN_COMMANDS)

    _course_id: int

    async def admit(self) -> bool:
        user = self.scope["user"]
        if not user.is_authenticated:
            return False
        slug: str = self.scope["url_route"]["kwargs"]["course"]
        try:
            entry = await self.runtime.threads.run(dashboard_entry, user, slug)
        except PeerError:
            return False
        self._course_id, self._slug = entry.course_id, entry.course.course
        return True

    async def accepted(self) -> None:
        self.bind(credential_of(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        await self._watch()

    async def _watch(self) -> None:
        """Join the screens of the course. The first frame comes with the next look at it."""
        connection, hub = self.connection, self.runtime.hub
        group, audience = names.course(self._course_id), names.screens(self._course_id)
        try:
            if await hub.subscribe(connection, [group]) and not await self.admit():
                # The right to see it ended before this process listened to the course.
                connection.close(4403)
                return
        except PeerError:
            connection.close(4503)
            return
        hub.join(connection, audience, group)
        self.authenticated = True
        self.runtime.screens.arrived(audience)


class LinkedScreenConsumer(ScreenConsumer):
    """`/ws/screen/`: the same for those who have the link, which is one of the subprotocols.

    It has no user, whoever may be logged in with the same browser, and ends with the link.
    """

    async def admit(self) -> bool:
        offered = self.scope.get("subprotocols", ())
        secret = next((one for one in offered if one.startswith(LINK_PROTOCOL)), "")
        try:
            screen = await self.runtime.threads.run(
                linked_screen, secret.removeprefix(LINK_PROTOCOL)
            )
        except PeerError:
            return False
        assert screen.nonce is not None
        self._course_id, self._nonce = screen.course_id, screen.nonce
        return True

    async def accepted(self) -> None:
        connection, hub = self.connection, self.runtime.hub
        link = names.screen_link(self._nonce)
        hub.identify(connection, link, limits["SOCKETS_PER_USER"])
        hub.join(connection, link, names.course(self._course_id))
        await self._watch()
