"""The limits of peerchat and their defaults. `settings.PEERCHAT` may name some of them, or none.

Modules ask `limits` each time instead of `settings.PEERCHAT`, which is the site's own to define.
"""

from typing import Any

from accounts.conf import DEFAULTS as OF_ACCOUNTS
from accounts.conf import Limits

DEFAULTS: dict[str, Any] = {
    **OF_ACCOUNTS,
    # Messages of one user: per second, and how many may come at once.
    "MESSAGE_RATE": 5.0,
    "MESSAGE_BURST": 20,
    "VOTE_RATE": 5.0,
    "VOTE_BURST": 20,
    # Frames of one user to feeds; to topics and to single sockets; subscriptions made and ended,
    # and rooms joined and left.
    "FEED_RATE": 100.0,
    "FEED_BURST": 500,
    "PUBLISH_RATE": 20.0,
    "PUBLISH_BURST": 100,
    "SUBSCRIBE_RATE": 50.0,
    "SUBSCRIBE_BURST": 500,
    # Seconds between two times that the others in a room are told of somebody typing.
    "TYPING_EVERY": 3.0,
    # Tokens that one user gets for their password.
    "TOKEN_RATE": 0.1,
    "TOKEN_BURST": 20,
    "SEARCH_RATE": 1.0,
    "SEARCH_BURST": 20,
    # Bytes of one incoming frame; bytes that may wait for a client that reads slowly.
    "FRAME_LIMIT": 65_536,
    "UNSENT_LIMIT": 1_048_576,
    # Sockets of one user, of every kind at a worker and of `/ws/chat/` at all of them: of more the
    # oldest are closed.
    "SOCKETS_PER_USER": 50,
    "ROOMS_PER_SOCKET": 200,
    # Open rooms that a student can have made in one course.
    "OPEN_ROOMS_PER_STUDENT": 10,
    "SUBSCRIPTIONS_PER_SOCKET": 200,
    # Threads of one worker that talk to the database.
    "DB_THREADS": 4,
    # Seconds between two presence events of a room; members up to which they carry names.
    "PRESENCE_INTERVAL": 1.0,
    "PRESENCE_NAMES": 50,
    # Seconds between two comparisons of what was delivered with what is stored: how late a message
    # may come of which the channel layer did not tell.
    "COMPARE_EVERY": 3.0,
    # Seconds without a sign of life after which a worker's users count as gone.
    "PRESENCE_EXPIRY": 30.0,
    # Seconds between two checks of what sockets stand on, for what was not told.
    "RECHECK_EVERY": 10.0,
    # Seconds after its last request for messages that a client without a socket counts as online.
    "POLL_LINGER": 10.0,
    # Seconds a partner may give no sign of life before the other is put with somebody else. While a
    # class discusses, its sockets are asked for one after three tenths of it.
    "PARTNER_GONE_AFTER": 10.0,
    # What the pseudonyms in exports of the use log are made with; empty for SECRET_KEY.
    "PSEUDONYM_KEY": "",
    # Seconds a socket may stay without credentials.
    "AUTHENTICATE_WITHIN": 10.0,
    # Seconds after which a silent socket is pinged; then how long it has to give a sign of life.
    "PING_INTERVAL": 20.0,
    "PING_TIMEOUT": 30.0,
    # Origins whose pages may have peerchat in a frame, such as https://courses.example.edu.
    "EMBED_ANCESTORS": [],
}

limits = Limits(DEFAULTS)
