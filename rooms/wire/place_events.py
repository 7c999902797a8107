"""Events about what a student said of themselves, for all of their sockets."""

from rooms.wire.events import Event
from rooms.wire.partners import PlaceName


class PlacedEvent(Event, tag="placed", frozen=True, kw_only=True):
    """Tells where the user is during the classes of a course; `seat` is empty if unknown."""

    course: str
    place: PlaceName
    seat: str


class SharingEvent(Event, tag="sharing", frozen=True, kw_only=True):
    """Tells whether others in a course may see the user's reasons, without their name."""

    course: str
    shared: bool
