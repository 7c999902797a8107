"""Names of channel-layer groups and of audiences.

The processes of the pool subscribe to channel-layer *groups*: one for each course that they serve,
and one for each feed with a client in the process.
An *audience* is a set of sockets within a process that get the same frames: those of a room, of a
user, or the dashboards of a course. The frames of all audiences of a course travel in the group of
that course. So a commit is published with one command, however many rooms it touched, and a process
holds a handful of subscriptions instead of one per room and user.
"""

import hashlib
from collections.abc import Hashable
from uuid import UUID

EVERYONE = "everyone"
"""The channel-layer group of all processes, for entries that concern a user and no course."""


def course(course_id: int) -> str:
    """Return the channel-layer group of a course."""
    return f"course.{course_id}"


def room(room_id: UUID) -> str:
    """Return the audience of a room."""
    return f"room.{room_id.hex}"


def user(user_id: Hashable) -> str:
    """Return the audience of all chat sockets of a user."""
    return f"user.{user_id}"


def account(user_id: Hashable) -> str:
    """Return the audience of all sockets of a user, of every kind."""
    return f"account.{user_id}"


def token(token_id: int) -> str:
    """Return the audience of the sockets that depend on a token."""
    return f"token.{token_id}"


def session(session_key: str) -> str:
    """Return the audience of the sockets that depend on a session.

    The name contains a digest of the key, so a reader of the channel layer cannot log in with it.
    """
    return "session." + hashlib.sha256(session_key.encode()).hexdigest()


def dashboards(course_id: int) -> str:
    """Return the audience of the instructors' sockets of a course."""
    return f"dashboards.{course_id}"


def screens(course_id: int) -> str:
    """Return the audience of the screens of the hall of a course."""
    return f"screens.{course_id}"


def screen_link(nonce: str) -> str:
    """Return the audience of the screens that a link opened; its nonce alone opens nothing."""
    return f"screen-link.{nonce}"


def feed(name: str) -> str:
    """Return the audience of a feed. It is also its channel-layer group, as feeds have no course.

    The name contains a digest, since Channels limits the name of a group to 99 characters.
    """
    return "feed." + hashlib.sha256(name.encode()).hexdigest()


def is_room(audience: str) -> bool:
    """Return whether an audience is that of a room."""
    return audience.startswith("room.")


def is_dashboards(audience: str) -> bool:
    """Return whether an audience is the dashboards of a course."""
    return audience.startswith("dashboards.")


def is_screens(audience: str) -> bool:
    """Return whether an audience is the screens of a course."""
    return audience.startswith("screens.")


def is_screen_link(audience: str) -> bool:
    """Return whether an audience is the screens that a link opened."""
    return audience.startswith("screen-link.")


def is_led(audience: str) -> bool:
    """Return whether users must lead the course to be in an audience."""
    return is_dashboards(audience) or is_screens(audience)


def is_user(audience: str) -> bool:
    """Return whether an audience is that of a user's chat sockets."""
    return audience.startswith("user.")


def room_id(audience: str) -> UUID:
    """Return the id of the room of an audience."""
    return UUID(hex=audience.removeprefix("room."))


def course_id(name: str) -> int:
    """Return the id of the course of a channel-layer group, or of its dashboards or screens."""
    return int(name.partition(".")[2])


def link_nonce(audience: str) -> str:
    """Return the nonce of the link of an audience of screens."""
    return audience.removeprefix("screen-link.")
