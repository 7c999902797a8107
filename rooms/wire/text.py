"""Normalisation of texts before they are stored."""

from rooms.wire.errors import EmptyText, TextTooLong
from rooms.wire.fields import RATIONALE_LIMIT, TEXT_LIMIT


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text as it is stored, without white space at its ends.

    Raises EmptyText if nothing is left, and TextTooLong beyond `limit` characters.
    """
    text = text.strip()
    if not text:
        raise EmptyText
    if len(text) > limit:
        raise TextTooLong(f"The text is too long: {limit} characters at most.")
    return text


def clean_rationale(text: str) -> str:
    """Return the rationale of a vote as it is stored. Raises TextTooLong."""
    text = text.strip()
    return clean_text(text, RATIONALE_LIMIT) if text else ""
