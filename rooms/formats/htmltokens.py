"""Cuts HTML into texts and tags, as forgivingly as browsers do, in time that grows with its length.

The parser of the standard library goes over some broken texts again and again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s=>/\"'][^\s=>/]*)")
_VALUE = re.compile(r"\s*=\s*")
_BARE = re.compile(r"[^\s>]*")
_BLANKS = re.compile(r"[\s/]*")
RAW = frozenset({"script", "style", "textarea", "title", "iframe", "noscript", "xmp"})
"""Elements whose content is no HTML; it is passed over."""


@dataclass(frozen=True, slots=True)
class Tag:
    """An opening or closing tag, with its name in small letters."""

    name: str
    is_closing: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


class _Places:
    """Finds the next place of a text, and remembers where there is none.

    Looking for what is not there is what would cost the length of the text again and again.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: set[str] = set()

    def after(self, wanted: str, start: int) -> int:
        if wanted in self._missing:
            return -1
        place = self._text.find(wanted, start)
        if place < 0:
            self._missing.add(wanted)
        return place


def tokens(html: str) -> Iterator[str | Tag]:
    """Yield the texts, with character references replaced, and the tags of a piece of HTML.

    Comments, declarations and the content of `RAW` elements are left out. What only looks like the
    start of a tag is text.
    """
    places = _Places(html)
    # A character that lower() makes longer would shift the places.
    lowered = html.lower() if len(html.lower()) == len(html) else html
    closings = _Places(lowered)
    at = 0
    text_from = 0
    while True:
        opening = places.after("<", at)
        if opening < 0:
            break
        skipped = _declaration_end(html, opening, places)
        if skipped is not None:
            if opening > text_from:
                yield unescape(html[text_from:opening])
            at = text_from = skipped
            continue
        name = _NAME.match(html, opening + 1)
        if not name or places.after(">", name.end()) < 0:
            at = opening + 1
            continue
        attributes, end = _attributes(html, name.end(), places)
        if end < 0:
            # A quote that is never closed has swallowed the rest.
            break
        if opening > text_from:
            yield unescape(html[text_from:opening])
        tag = Tag(name[1].lower(), html[opening + 1] == "/", attributes)
        yield tag
        at = text_from = end
        if tag.name in RAW and not tag.is_closing:
            closing = closings.after(f"</{tag.name}", end)
            at = text_from = len(html) if closing < 0 else closing
    if text_from < len(html):
        yield unescape(html[text_from:])


def _declaration_end(html: str, opening: int, places: _Places) -> int | None:
    """Return where a comment or declaration that starts at `opening` ends, or None for others."""
    if html.startswith("<!--", opening):
        end = places.after("-->", opening + 4)
        return len(html) if end < 0 else end + 3
    if html.startswith(("<!", "<?"), opening):
        end = places.after(">", opening)
        return None if end < 0 else end + 1
    return None


def _attributes(html: str, at: int, places: _Places) -> tuple[dict[str, str], int]:
    """Return the attributes of a tag and the place after it, or -1 if it does not end."""
    found: dict[str, str] = {}
    while True:
        blanks = _BLANKS.match(html, at)
        at = blanks.end() if blanks else at
        if at >= len(html):
            return found, -1
        if html[at] == ">":
            return found, at + 1
        name = _ATTRIBUTE.match(html, at)
        if not name:
            at += 1
            continue
        at = name.end()
        equals = _VALUE.match(html, at)
        value = ""
        if equals:
            at = equals.end()
            quote = html[at : at + 1]
            end = places.after(quote, at + 1) if quote in ('"', "'") else -1
            if end >= 0:
                value, at = html[at + 1 : end], end + 1
            else:
                bare = _BARE.match(html, at)
                value, at = (bare[0], bare.end()) if bare else ("", at)
        found.setdefault(name[1].lower(), unescape(value))
