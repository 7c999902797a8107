"""The admin. Django looks for it here."""

from rooms.admin import base  # noqa: F401
