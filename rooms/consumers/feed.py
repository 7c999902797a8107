"""The consumer of feeds."""

import uuid
from typing import Any

from accounts.people import User
from rooms import ratelimit
from rooms.consumers.base import SocketConsumer, credential_of
from rooms.delivery import names, notices, publish
from rooms.wire import events
from rooms.wire.errors import InvalidMessageFormat, PeerError
from rooms.wire.events import Event
from rooms.wire.feeds import FeedJoined, FeedLeft, FeedWelcome


class FeedConsumer(SocketConsumer):
    """`/ws/feed/<name>/`: relays each text frame unchanged to every client on the feed.

    The whole site shares the names, and every user who is logged in may join any feed, so nothing
    on it is secret. A feed begins with its first client and ends with its last, and nothing is
    stored. All clients, including the sender, get every text frame byte for byte. So a client can
    send a frame that looks like a notice. The frames of one client arrive in their order, after its
    `feed_joined` and before its `feed_left`. For a binary frame, or one beyond the rate, only the
    sender gets an error.
    """

    _client = ""

    async def admit(self) -> bool:
        self._feed: str = self.scope["url_route"]["kwargs"]["name"]
        return bool(self.scope["user"].is_authenticated)

    async def accepted(self) -> None:
        self.bind(credential_of(self.scope), self.scope["expires"])
        await self.enter(self.scope["user"])

    async def enter(self, user: User) -> None:
        self.user = user
        connection, hub = self.connection, self.runtime.hub
        self._audience = names.feed(self._feed)
        await hub.subscribe(connection, [self._audience], linger=0)
        # This is not the connection's id, with which `send_to` could reach a socket of the feed.
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
                raise InvalidMessageFormat("Frames must be text, not binary.", malformed=True)
            ratelimit.relayed.take(self.user.pk)
        except PeerError as error:
            self.refuse_frame(error)
        else:
            publish.now(self._audience, notices.Passing(self._audience, text.encode()))

    def gone(self) -> None:
        super().gone()
        if self._client:
            self._notice(FeedLeft(feed=self._feed, client=self._client))

    def _notice(self, event: Event) -> None:
        publish.now(self._audience, notices.Passing(self._audience, events.encode(event)))
