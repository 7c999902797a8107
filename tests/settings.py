"""The site's own settings, with real servers required and cheap password hashes."""

import atexit
import os
import shutil
import tempfile

import pytest

if not os.environ.get("DATABASE_URL"):
    # A default would silently test SQLite where PostgreSQL is meant.
    raise pytest.UsageError(
        "The tests need real servers: run `make test`, "
        "or `python -m tests.servers -- pytest <arguments>` for some of them."
    )

# Where several processes share the tests (pytest-xdist), each has a database of its own, and what
# it publishes in Redis is heard by nobody else.
if SHARE := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_PREFIX"] = f"peerchat-{SHARE}"

# Few tests are about the wait before a vote closes, and many stop one.
os.environ.setdefault("CLOSE_GRACE", "0.1")

# The sites that tests start share the pictures of the tests.
if "MEDIA_ROOT" not in os.environ:
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="peerchat-media-")
    atexit.register(shutil.rmtree, os.environ["MEDIA_ROOT"], ignore_errors=True)

# What the processes that share the tests make once.
if "TESTS_SHARED" not in os.environ:
    os.environ["TESTS_SHARED"] = tempfile.mkdtemp(prefix="peerchat-shared-")
    atexit.register(shutil.rmtree, os.environ["TESTS_SHARED"], ignore_errors=True)

from peerchat.settings import *  # noqa: F403
from peerchat.settings import DATABASES

if SHARE:
    DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}_{SHARE}"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
