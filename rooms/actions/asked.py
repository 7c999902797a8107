"""Decides which parts of a ballot count in a class."""

from rooms.models import ClassSettings
from rooms.peer.asking import Asked
from rooms.wire.errors import IncompleteVote

Given = tuple[int | None, str]
"""A confidence and a rationale."""


def as_asked(settings: ClassSettings, confidence: int | None, rationale: str) -> Given:
    """Return the confidence and the rationale without what the class does not ask for.

    The page of a student, who wrote it before the setting changed, may send it all the same. The
    answer has to count then.
    """
    return (
        None if settings.asks_confidence == Asked.OFF else confidence,
        "" if settings.asks_reason == Asked.OFF else rationale,
    )


def require(settings: ClassSettings, confidence: int | None, rationale: str) -> None:
    """Check that a vote has all that the class requires. Raises IncompleteVote."""
    missing = []
    if settings.asks_confidence == Asked.REQUIRED and confidence is None:
        missing.append("confidence")
    if settings.asks_reason == Asked.REQUIRED and not rationale:
        missing.append("reason")
    if missing:
        raise IncompleteVote(missing)
