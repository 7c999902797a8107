"""The site's own settings, with real servers required and cheap password hashes."""

import os

import pytest

if not os.environ.get("DATABASE_URL"):
    # A default would silently test SQLite where PostgreSQL is meant.
    raise pytest.UsageError(
        "The tests need real servers: run `make test`, "
        "or `python -m tests.servers -- pytest <arguments>` for some of them."
    )

from peerchat.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
