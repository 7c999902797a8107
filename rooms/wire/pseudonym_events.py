"""The event about the user's own pseudonym."""

from rooms.wire.events import Event
from rooms.wire.persons import Me


class PseudonymEvent(Event, tag="pseudonym", frozen=True, kw_only=True):
    """The user has a pseudonym in the class that is on, sent to all sockets of the user.

    `me` is null if the course has no pseudonyms any more.
    """

    course: str
    me: Me | None
