"""The limits of peerchat and their defaults. `settings.PEERCHAT` may override some of them.

Modules ask `limits` at each use instead of `settings.PEERCHAT`, which belongs to the site.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from accounts.conf import LIMITS as OF_ACCOUNTS
from accounts.conf import Limit, Limits

LIMITS = (
    *OF_ACCOUNTS,
    Limit("MESSAGE_RATE", 5.0, 0.01, "Messages of one user per second."),
    Limit("MESSAGE_BURST", 20, 1, "How many of these may come at once."),
    Limit("VOTE_RATE", 5.0, 0.01, "Votes of one user per second."),
    Limit("VOTE_BURST", 20, 1, "How many of these may come at once."),
    Limit("DRAFT_RATE", 2.0, 0.01, "Drafts of votes of one user per second."),
    Limit("DRAFT_BURST", 20, 1, "How many of these may come at once."),
    Limit(
        "CLOSE_GRACE",
        2.0,
        0,
        "Seconds from the command to stop a vote to its close, in which pages send the choices "
        "that students have not sent.",
    ),
    Limit("FLAG_RATE", 0.2, 0.001, "Messages that one user flags per second."),
    Limit("FLAG_BURST", 10, 1, "How many of these may come at once."),
    Limit("EXPORT_RATE", 0.02, 0.001, "Downloads of whole courses of one user per second."),
    Limit("EXPORT_BURST", 10, 1, "How many of these may come at once."),
    Limit("FEED_RATE", 100.0, 0.01, "Frames of one user to feeds per second."),
    Limit("FEED_BURST", 500, 1, "How many of these may come at once."),
    Limit(
        "PUBLISH_RATE",
        20.0,
        0.01,
        "Frames per second that one user publishes to topics or sends to single sockets.",
    ),
    Limit("PUBLISH_BURST", 100, 1, "How many of these may come at once."),
    Limit(
        "SUBSCRIBE_RATE",
        50.0,
        0.01,
        "Subscriptions started or ended and rooms joined or left by one user per second.",
    ),
    Limit("SUBSCRIBE_BURST", 500, 1, "How many of these may come at once."),
    Limit(
        "COURSE_DELETION_DAYS",
        14,
        1,
        "Days from the request to delete an archived course until it can be deleted.",
    ),
    Limit(
        "AUDIT_DAYS",
        1095,
        30,
        "Days for which the audit is kept. `apply_retention` removes what is older.",
    ),
    Limit(
        "TYPING_EVERY",
        3.0,
        0.1,
        "Seconds between two typing notices of one user in a room.",
    ),
    Limit("TOKEN_RATE", 0.1, 0.001, "Tokens per second that one user can get with a password."),
    Limit("TOKEN_BURST", 20, 1, "How many of these may come at once."),
    Limit("SEARCH_RATE", 1.0, 0.01, "Searches of one user per second."),
    Limit("SEARCH_BURST", 20, 1, "How many of these may come at once."),
    Limit("INVITATION_RATE", 0.2, 0.001, "Invitations per second that one lecturer sends."),
    Limit("INVITATION_BURST", 2000, 1, "How many of these may come at once."),
    Limit("ROSTER_LINES", 2000, 1, "Lines of a roster."),
    Limit("ROSTER_RATE", 0.05, 0.001, "Rosters of one user per second, previews included."),
    Limit("ROSTER_BURST", 20, 1, "How many of these may come at once."),
    Limit("UPLOAD_BYTES", 10_000_000, 1024, "Size limit of a file with questions or of a picture."),
    Limit("IMPORT_RATE", 0.1, 0.001, "Files of questions per second of one user, previews too."),
    Limit("IMPORT_BURST", 30, 1, "How many of these may come at once."),
    Limit("FRAME_LIMIT", 65_536, 1024, "Size limit of an incoming frame in bytes."),
    Limit(
        "UNSENT_LIMIT",
        1_048_576,
        65_536,
        "Unsent bytes at which a slow client is disconnected.",
    ),
    Limit(
        "SOCKETS_PER_USER",
        50,
        1,
        "Sockets of one user: of all kinds at one worker, and of the chat at all workers. Beyond "
        "that, the oldest are closed.",
    ),
    Limit("ROOMS_PER_SOCKET", 200, 1, "Rooms whose events one socket receives."),
    Limit(
        "OPEN_ROOMS_PER_STUDENT",
        10,
        0,
        "Open rooms that a student can create in one course.",
    ),
    Limit("SUBSCRIPTIONS_PER_SOCKET", 200, 1, "Topics that one socket can subscribe to."),
    Limit("DB_THREADS", 4, 1, "Threads of one worker that talk to the database."),
    Limit("PRESENCE_INTERVAL", 1.0, 0.05, "Seconds between two presence events of a room."),
    Limit("PRESENCE_NAMES", 50, 0, "Largest room, in members, whose presence events carry names."),
    Limit(
        "COMPARE_EVERY",
        3.0,
        0.1,
        "Seconds between two comparisons of the delivered messages with the stored ones. A "
        "message that the channel layer lost arrives within this time.",
    ),
    Limit(
        "PRESENCE_EXPIRY",
        30.0,
        1,
        "Seconds without a sign of life until a worker's users count as gone.",
    ),
    Limit(
        "RECHECK_EVERY",
        10.0,
        0.1,
        "Seconds between two checks of the sockets' credentials, roles and rooms.",
    ),
    Limit(
        "POLL_LINGER",
        10.0,
        0.1,
        "Seconds that a client without a socket counts as online after its last request for "
        "messages.",
    ),
    Limit(
        "PARTNER_GONE_AFTER",
        10.0,
        1,
        "Seconds that a partner may be silent before the other student gets a new partner. During "
        "a discussion, the server pings a socket after three tenths of this time.",
    ),
    Limit(
        "AUTHENTICATE_WITHIN", 10.0, 0.1, "Seconds that a socket may stay open without credentials."
    ),
    Limit(
        "TRY_OUTS",
        5,
        0,
        "Try-outs with simulated students that may run at the same time. With 0 there are none.",
    ),
    Limit("TRY_OUT_STUDENTS", 30, 2, "Simulated students of a try-out, at most 100."),
    Limit(
        "TRY_OUT_MINUTES",
        30.0,
        0.05,
        "Minutes after which a try-out ends and everything of it is removed.",
    ),
    Limit("PING_INTERVAL", 20.0, 0.5, "Seconds until a silent socket is pinged."),
    Limit("PING_TIMEOUT", 30.0, 0.5, "Seconds that a pinged socket has to give a sign of life."),
    Limit("JOIN_OPEN_FOR", 43_200, 60, "Seconds for which joining by code stays open."),
    Limit(
        "WRONG_CODES_PER_ADDRESS",
        200,
        1,
        "Wrong join codes in ten minutes from one address, which a whole class may share. Beyond "
        "that, only codes that were right there before are taken.",
    ),
    Limit("GUESTS_PER_COURSE", 3000, 0, "Guests whom a course takes."),
    Limit("PICTURE_BYTES", 5_000_000, 1000, "Bytes of an uploaded picture."),
    Limit("PICTURES_PER_COURSE", 1000, 0, "Pictures in the questions of a course."),
    Limit("PICTURES_BYTES", 300_000_000, 0, "Bytes of all pictures of a course, as they are kept."),
    Limit("PICTURE_RATE", 1.0, 0.01, "Pictures that one user uploads per second."),
    Limit("PICTURE_BURST", 50, 1, "How many of these may come at once."),
    Limit("WRONG_CODES", 3000, 1, "Wrong join codes in ten minutes from all addresses together."),
)

OTHERS: dict[str, Any] = {
    # The key of the pseudonyms in exports of the use log. If it is empty, SECRET_KEY is used.
    "PSEUDONYM_KEY": "",
    # Origins whose pages may show peerchat in a frame, such as https://courses.example.edu.
    "EMBED_ANCESTORS": [],
    # The makers of courses: "staff", "everybody", or the members of a group. Superusers always may.
    "LECTURERS": "group:Lecturers",
    # The address of the site, such as https://peerchat.example.edu, which links in reminders begin
    # with. If it is empty, workers send no reminders.
    "SITE_URL": "",
    # The path that `ws/` of the sockets follows, such as "/"; empty for that of the pages.
    "SOCKETS_BELOW": "",
}
"""The other settings of a site, with their defaults."""

limits = Limits(LIMITS, **OTHERS)

STAFF, EVERYBODY, _GROUP = "staff", "everybody", "group:"


def lecturers(value: Any) -> str:
    """Return a value of `LECTURERS`. Raises ImproperlyConfigured for one that means nobody."""
    if isinstance(value, str):
        is_group = value.startswith(_GROUP) and value != _GROUP
        if is_group or value in (STAFF, EVERYBODY):
            return value
    raise ImproperlyConfigured(
        f"LECTURERS must be {STAFF}, {EVERYBODY} or {_GROUP}<name>, not {value!r}."
    )


def group_of_lecturers() -> str | None:
    """Return the name of the group that `LECTURERS` names, or None if it names none."""
    value = lecturers(limits["LECTURERS"])
    return value.removeprefix(_GROUP) if value.startswith(_GROUP) else None
