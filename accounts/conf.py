"""The limits of logging in, and the classes of all limits. `rooms.conf` has the other limits.

`settings.PEERCHAT` may override some of them.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings


class Limit(NamedTuple):
    """A limit that a site may set. If the default is a whole number, so is every value."""

    name: str
    default: float
    least: float
    help: str
    """A description of the limit, with its unit."""


LIMITS = (
    Limit(
        "TRUSTED_PROXIES",
        0,
        0,
        "Proxies in front of the site, each of which appends a client address to X-Forwarded-For.",
    ),
    Limit(
        "LOGIN_FAILURES",
        10,
        1,
        "Wrong passwords for a username from one address before that pair is locked.",
    ),
    Limit(
        "LOGIN_FAILURES_ANYWHERE",
        100,
        1,
        "Wrong passwords for a username from all addresses before the username is locked.",
    ),
    Limit("LOGIN_COOLOFF", 600.0, 1, "Seconds until wrong passwords are forgotten."),
    Limit(
        "LOGIN_ADDRESS_RATE",
        20.0,
        0.001,
        "Wrong passwords and wrong tokens per second from one address, which a whole campus may "
        "share.",
    ),
    Limit("LOGIN_ADDRESS_BURST", 2000, 1, "How many of these may come at once."),
    Limit(
        "MAIL_RATE",
        0.5,
        0.001,
        "E-mails per second that people at one address, perhaps a campus, may cause.",
    ),
    Limit("MAIL_BURST", 500, 1, "How many of these may come at once."),
    Limit("MAIL_TO_RATE", 0.002, 0.0001, "E-mails per second to one recipient."),
    Limit("MAIL_TO_BURST", 3, 1, "How many of these may come at once."),
    Limit("HASH_THREADS", 2, 1, "Threads of one worker that hash passwords."),
)


class Limits:
    """Looks a limit up in `settings.PEERCHAT`, else takes the default.

    Raises KeyError for an unknown name.
    """

    def __init__(self, limits: Iterable[Limit], **others: Any) -> None:
        self._defaults = {limit.name: limit.default for limit in limits} | others

    def __getitem__(self, name: str) -> Any:
        default = self._defaults[name]
        return getattr(settings, "PEERCHAT", {}).get(name, default)


OTHERS: dict[str, Any] = {
    # A function of a user, or its dotted path, that returns the name that others see.
    "DISPLAY_NAME": None,
    # A function of a user who is not stored yet and of a name, or its dotted path, that gives a
    # guest this name. Needed if the site's users have neither `display_name` nor `first_name`.
    "NAME_GUEST": None,
    # Whether everybody may make an account on peerchat's own site.
    "SIGN_UP": False,
}
"""The other settings of a site, with their defaults."""

limits = Limits(LIMITS, **OTHERS)
