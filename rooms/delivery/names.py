"""Names of channel-layer groups and of audiences.

A channel-layer *group* is what the processes of the pool subscribe to: one for each course that
they serve, and one for each feed that somebody here is on.
An *audience* is the set of sockets within a process that a frame is for: a room, a user, the
dashboards of a course. The frames of all audiences of a course travel in the group of that course,
so that what was committed together is published with one command, however many rooms it touched,
and a process holds a handful of subscriptions instead of one per room and user.
"""

import hashlib
from uuid import UUID

EVERYONE = "everyone"
"""The channel-layer group of all processes, for what concerns a user and no course."""


def course(course_id: int) -> str:
    """The channel-layer group of a course."""
    return f"course.{course_id}"


def room(room_id: UUID) -> str:
    """The audience of a room."""
    return f"room.{room_id.hex}"


def user(user_id: int) -> str:
    """The audience of all chat sockets of one user."""
    return f"user.{user_id}"


def account(user_id: int) -> str:
    """The audience of all sockets of one user, whatever they are for."""
    return f"account.{user_id}"


def token(token_id: int) -> str:
    """The audience of the sockets that stand on a token."""
    return f"token.{token_id}"


def session(session_key: str) -> str:
    """The audience of the sockets that stand on a session.

    Made from a digest: nobody who reads along in the channel layer can log in with it.
    """
    return "session." + hashlib.sha256(session_key.encode()).hexdigest()


def dashboards(course_id: int) -> str:
    """The audience of the instructors' sockets of a course."""
    return f"dashboards.{course_id}"


def feed(name: str) -> str:
    """The audience of a feed, and its channel-layer group: a feed belongs to no course.

    Made from a digest, since Channels allows a group 99 characters.
    """
    return "feed." + hashlib.sha256(name.encode()).hexdigest()


def is_room(audience: str) -> bool:
    """Whether an audience is a room's."""
    return audience.startswith("room.")


def is_dashboards(audience: str) -> bool:
    """Whether an audience is the dashboards of a course."""
    return audience.startswith("dashboards.")


def is_user(audience: str) -> bool:
    """Whether an audience is that of a user's chat sockets."""
    return audience.startswith("user.")


def room_id(audience: str) -> UUID:
    """The room of a room's audience."""
    return UUID(hex=audience.removeprefix("room."))


def course_id(name: str) -> int:
    """The course of a channel-layer group of courses, or of an audience of dashboards."""
    return int(name.removeprefix("course.").removeprefix("dashboards."))
