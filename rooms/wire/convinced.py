"""Defines what convinced a student, as they said it."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

By = Literal["message", "reason", "thought", "nothing"]


class ConvincedBody(Struct, frozen=True, kw_only=True):
    """Tells what convinced the user, as they said it last; `said_at` is in seconds since the epoch.

    `message` is the id of a partner's message, and `username` that of the partner whose reason it
    was. A `reason` without a username is the one that was offered to the group.
    """

    by: By
    message: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    said_at: float
