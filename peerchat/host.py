"""Settings for a project that has peerchat among its own apps.

Importing this module neither reads the environment nor changes anything. `docs/inclusion.md` has
the lines that use it, and `docs/example-site` is a whole site.
"""

from typing import Any

APPS = [
    "peerchat",
    "accounts",
    "rooms",
    "channels",
    "rest_framework",
    "drf_spectacular",
]
"""For INSTALLED_APPS, after the site's own, whose templates and static files then take precedence.
"daphne" goes before all of them, because `runserver` is daphne's."""
MIDDLEWARE = ["accounts.lockout.middleware", "accounts.devices.middleware"]
"""For MIDDLEWARE, after Django's own: what BACKENDS needs."""
USER_MODEL = "peerchat_accounts.User"
BACKENDS = ["accounts.lockout.Backend", "django.contrib.auth.backends.ModelBackend"]
"""For AUTHENTICATION_BACKENDS: passwords, with a lock for a while after too many wrong ones."""
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
"""For PASSWORD_HASHERS: a hasher with which a whole class can log in at once. Hashes of the others
are renewed when their passwords are used."""

SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction that writes takes the lock at its start, so that two of them wait for
    # each other (`timeout` seconds) instead of failing when the second one upgrades.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}

# By default it drops events beyond 100 waiting ones, and forgets groups after a day.
IN_PROCESS_LAYER: dict[str, Any] = {
    "BACKEND": "channels.layers.InMemoryChannelLayer",
    "CONFIG": {"capacity": 100_000, "group_expiry": 10 * 365 * 86_400},
}
"""A channel layer for a site with one worker. Several workers need `rooms.delivery.layer`."""
