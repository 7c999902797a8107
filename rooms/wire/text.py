"""Normalisation of texts before they are stored."""

from accounts.text import balanced, shows, trimmed
from rooms.wire.errors import EmptyText, TextTooLong
from rooms.wire.fields import RATIONALE_LIMIT, TEXT_LIMIT


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text as it is stored: without blank lines before it and white space after it.

    Its bidirectional controls end with it. Raises EmptyText if nothing of it shows, and TextTooLong
    beyond `limit` characters (code points).
    """
    text = balanced(trimmed(text))
    if not shows(text):
        raise EmptyText
    if len(text) > limit:
        raise TextTooLong(f"The text is too long: {limit} characters at most.")
    return text


def clean_rationale(text: str) -> str:
    """Return the rationale of a vote as it is stored, empty if nothing shows.

    Raises TextTooLong.
    """
    return clean_optional(text, RATIONALE_LIMIT)


def clean_optional(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text as it is stored, empty if nothing of it shows. Raises TextTooLong."""
    return clean_text(text, limit) if shows(text) else ""
