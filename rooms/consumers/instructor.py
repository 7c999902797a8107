"""The consumer of an instructor's dashboard."""

from accounts.people import User
from rooms import commands
from rooms.consumers.base import SocketConsumer, credential_of
from rooms.delivery import names
from rooms.queries.rooms import dashboard_entry
from rooms.wire.commands import DASHBOARD_COMMANDS
from rooms.wire.errors import PeerError
from rooms.wire.parser import Parser


class InstructorConsumer(SocketConsumer):
    """`/ws/instructor/<course>/`: control commands and live figures."""

    handlers = commands.DASHBOARD
    parser = Parser(DASHBOARD_COMMANDS)

    async def admit(self) -> bool:
        user = self.scope["user"]
        if not user.is_authenticated:
            return False
        self._slug: str = self.scope["url_route"]["kwargs"]["course"]
        try:
            self._entry = await self.runtime.threads.run(dashboard_entry, user, self._slug)
        except PeerError:
            return False
        return True

    @property
    def course(self) -> str:
        return self.connection.slugs.get(self._entry.course_id, self._slug)

    async def accepted(self) -> None:
        self.bind(credential_of(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        connection, hub = self.connection, self.runtime.hub
        connection.hold()
        entry = self._entry
        group = names.course(entry.course_id)
        try:
            if await hub.subscribe(connection, [group]):
                entry = await self.runtime.threads.run(dashboard_entry, user, self._slug)
        except PeerError:
            connection.close(4503)
            return
        hub.join(connection, names.room(entry.room), group, entry.head)
        dashboards = names.dashboards(entry.course_id)
        hub.join(connection, dashboards, group)
        connection.slugs = {entry.course_id: entry.course.course}
        self.authenticated = True
        connection.release(self.welcome([entry.course]))
        self.runtime.figures.changed(dashboards)
