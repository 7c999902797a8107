"""The limits of peerchat and their defaults. `settings.PEERCHAT` may name some of them, or none.

Modules ask `limits` each time instead of `settings.PEERCHAT`, which is the site's own to define.
"""

from typing import Any

from accounts.conf import LIMITS as OF_ACCOUNTS
from accounts.conf import Limit, Limits

LIMITS = (
    *OF_ACCOUNTS,
    Limit("MESSAGE_RATE", 5.0, 0.01, "Messages of one user per second."),
    Limit("MESSAGE_BURST", 20, 1, "How many of these may come at once."),
    Limit("VOTE_RATE", 5.0, 0.01, "Votes of one user per second."),
    Limit("VOTE_BURST", 20, 1, "How many of these may come at once."),
    Limit("FEED_RATE", 100.0, 0.01, "Frames of one user to feeds per second."),
    Limit("FEED_BURST", 500, 1, "How many of these may come at once."),
    Limit(
        "PUBLISH_RATE",
        20.0,
        0.01,
        "Frames that one user publishes to topics and sends to single sockets, per second.",
    ),
    Limit("PUBLISH_BURST", 100, 1, "How many of these may come at once."),
    Limit(
        "SUBSCRIBE_RATE",
        50.0,
        0.01,
        "Subscriptions that one user makes and ends, and rooms that they join and leave, per "
        "second.",
    ),
    Limit("SUBSCRIBE_BURST", 500, 1, "How many of these may come at once."),
    Limit(
        "TYPING_EVERY",
        3.0,
        0.1,
        "Seconds between two times that a room is told of somebody typing.",
    ),
    Limit("TOKEN_RATE", 0.1, 0.001, "Tokens that one user gets for their password, per second."),
    Limit("TOKEN_BURST", 20, 1, "How many of these may come at once."),
    Limit("SEARCH_RATE", 1.0, 0.01, "Searches of one user per second."),
    Limit("SEARCH_BURST", 20, 1, "How many of these may come at once."),
    Limit("FRAME_LIMIT", 65_536, 1024, "Bytes of one incoming frame."),
    Limit(
        "UNSENT_LIMIT",
        1_048_576,
        65_536,
        "Bytes that may wait for a client that reads slowly.",
    ),
    Limit(
        "SOCKETS_PER_USER",
        50,
        1,
        "Sockets of one user, of every kind at a worker and of the chat at all of them: of more "
        "the oldest are closed.",
    ),
    Limit("ROOMS_PER_SOCKET", 200, 1, "Rooms whose events one socket receives."),
    Limit(
        "OPEN_ROOMS_PER_STUDENT",
        10,
        0,
        "Open rooms that a student can have made in one course.",
    ),
    Limit("SUBSCRIPTIONS_PER_SOCKET", 200, 1, "Topics that one socket may be subscribed to."),
    Limit("DB_THREADS", 4, 1, "Threads of one worker that talk to the database."),
    Limit("PRESENCE_INTERVAL", 1.0, 0.05, "Seconds between two presence events of a room."),
    Limit("PRESENCE_NAMES", 50, 0, "Members of a room up to which these events carry names."),
    Limit(
        "COMPARE_EVERY",
        3.0,
        0.1,
        "Seconds between two comparisons of what was delivered with what is stored: how late a "
        "message may come of which the channel layer did not tell.",
    ),
    Limit(
        "PRESENCE_EXPIRY",
        30.0,
        1,
        "Seconds without a sign of life after which a worker's users count as gone.",
    ),
    Limit(
        "RECHECK_EVERY",
        10.0,
        0.1,
        "Seconds between two checks of what sockets stand on, for what was not told.",
    ),
    Limit(
        "POLL_LINGER",
        10.0,
        0.1,
        "Seconds after its last request for messages that a client without a socket counts as "
        "online.",
    ),
    Limit(
        "PARTNER_GONE_AFTER",
        10.0,
        1,
        "Seconds a partner may give no sign of life before the other one is put with somebody "
        "else. While a class discusses, its sockets are asked for one after three tenths of it.",
    ),
    Limit("AUTHENTICATE_WITHIN", 10.0, 0.1, "Seconds a socket may stay without credentials."),
    Limit("PING_INTERVAL", 20.0, 0.5, "Seconds after which a silent socket is pinged."),
    Limit("PING_TIMEOUT", 30.0, 0.5, "Seconds it then has to give a sign of life."),
)

OTHERS: dict[str, Any] = {
    # What the pseudonyms in exports of the use log are made with; empty for SECRET_KEY.
    "PSEUDONYM_KEY": "",
    # Origins whose pages may have peerchat in a frame, such as https://courses.example.edu.
    "EMBED_ANCESTORS": [],
}
"""What else a site may set, with the defaults."""

limits = Limits(LIMITS, **OTHERS)
