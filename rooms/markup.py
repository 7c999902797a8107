"""Renders what people write in Markdown."""


def html_or_none(text: str) -> str | None:
    """Return the HTML of a text, or None where it is only plain words."""
    return None


def inline_html_or_none(text: str) -> str | None:
    """Return the HTML of a text of one line, or None where it is only plain words."""
    return None
