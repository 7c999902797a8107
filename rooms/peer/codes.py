"""Codes that stand for people in exports. Pure, no I/O.

Whoever does not have the secret of the course can neither tell whose a code is nor make one. The
codes of two courses have nothing in common.
"""

import base64
import hmac
from collections.abc import Hashable

LENGTH = 12
"""The characters of a code: 60 bits, so that no two people of a course have the same."""


def code(secret: str, user: Hashable, session: int | None = None) -> str:
    """Return the code of a user: the same in all of a course, or in one class session alone."""
    message = f"{user}" if session is None else f"{user}@{session}"
    digest = hmac.digest(secret.encode(), message.encode(), "sha256")
    return "p" + base64.b32encode(digest).decode().lower()[:LENGTH]
