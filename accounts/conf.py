"""The limits that concern logging in, and how limits are read. `rooms.conf` has all the others.

`settings.PEERCHAT` may name some of them, or none.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # Proxies in front of the site that each add the address they hear from to X-Forwarded-For.
    "TRUSTED_PROXIES": 0,
    # Wrong passwords for one username from one address, and from all addresses together, until
    # nobody can log in under it from there; seconds that it takes to be forgotten.
    "LOGIN_FAILURES": 10,
    "LOGIN_FAILURES_ANYWHERE": 100,
    "LOGIN_COOLOFF": 600.0,
    # Wrong passwords, and wrong tokens, from one address, which may be that of a whole campus or
    # of a proxy: per second, and how many may come at once.
    "LOGIN_ADDRESS_RATE": 20.0,
    "LOGIN_ADDRESS_BURST": 2000,
    # Threads of one worker that hash passwords.
    "HASH_THREADS": 2,
}


class Limits:
    """What `settings.PEERCHAT` says, else the default. Raises KeyError for an unknown name."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults

    def __getitem__(self, name: str) -> Any:
        default = self._defaults[name]
        return getattr(settings, "PEERCHAT", {}).get(name, default)


limits = Limits(DEFAULTS)
