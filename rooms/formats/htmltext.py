"""Turns HTML from other platforms into Markdown. What has no counterpart becomes its text."""

import re

from . import ItemRefused, Note
from .codes import Loss, Reason
from .htmlblocks import Builder, Cite
from .htmltokens import tokens

HTML_LIMIT = 100_000
"""Characters of a piece of HTML, without the data of its pictures."""

_KNOWN_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|s|script|small"
    r"|span|strong|style|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)


def looks_like_html(text: str) -> bool:
    """Return whether a text has tags that people use in questions."""
    return _KNOWN_TAG.search(text) is not None


def markdown_of(html: str, *, cite: Cite, inline: bool = False) -> tuple[str, tuple[Note, ...]]:
    """Return HTML as Markdown, on one line if `inline`, and what was left out.

    `cite` takes the address of a picture and returns that for Markdown, or None to leave the
    picture out. Raises `ItemRefused` if the HTML is too long.
    """
    if len(html) > HTML_LIMIT:
        raise ItemRefused(Reason.TOO_LONG, {"limit": HTML_LIMIT})
    builder = Builder(cite, inline=inline)
    for token in tokens(html):
        if isinstance(token, str):
            builder.text(token)
        elif token.is_closing:
            builder.close(token.name)
        else:
            builder.open(token.name, token.attributes)
    text = builder.result()
    notes = [Note(Loss.SCRIPT_DROPPED)] if builder.has_script else []
    notes += [Note(Loss.PICTURE_ELSEWHERE, {"address": one}) for one in builder.elsewhere]
    return text, tuple(notes)
