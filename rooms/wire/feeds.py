"""The events of a bare feed besides what its clients send each other."""

from rooms.wire.events import Event


class FeedWelcome(Event, tag="feed_welcome", frozen=True, kw_only=True):
    """The first frame on a feed; `client` is the name of this client in the feed's notices."""

    feed: str
    client: str


class FeedJoined(Event, tag="feed_joined", frozen=True, kw_only=True):
    """The arrival of a client on the feed, sent to every client on it, including the new one."""

    feed: str
    client: str


class FeedLeft(Event, tag="feed_left", frozen=True, kw_only=True):
    """The departure of a client from the feed."""

    feed: str
    client: str
